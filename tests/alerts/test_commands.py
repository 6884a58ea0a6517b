"""`casehouse alerts` and `casehouse digest`, as they are typed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import pipelines.cli_alerts
from pipelines.alerts.readiness import alerting
from pipelines.cli import cli
from pipelines.errors import Permanent
from pipelines.settings import load_settings
from tests.alerts.house import SEVEN, YESTERDAY, House

if TYPE_CHECKING:
    from click.testing import Result

UNREACHABLE = "json://127.0.0.1:1/hush-hush"


@pytest.fixture
def here(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(house.settings.data_dir))
    monkeypatch.setenv("CASEHOUSE_ALERT_DISK_GIB", "0")
    monkeypatch.setenv("CASEHOUSE_START_DATE", "2026-06-01")
    monkeypatch.setenv("CASEHOUSE_ALERT_SETTLE_MINUTES", "0")
    monkeypatch.setattr(pipelines.cli_alerts, "_now", lambda: SEVEN)
    return house


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words, catch_exceptions=True)


def test_with_nothing_set_nobody_is_told_and_it_says_so(here: House) -> None:
    assert "nobody has looked yet: casehouse alerts look" in run("alerts").output
    assert run("alerts", "look").output == "0 open, 0 messages wait\n"
    os.utime(here.watch.file.path, (SEVEN.timestamp(), SEVEN.timestamp()))
    assert run("alerts").output.splitlines() == [
        "nobody is told: CASEHOUSE_ALERT_URLS is empty",
        "0 open, 0 noticed, 0 messages not delivered; last look 2026-11-23 07:01",
    ]
    assert run("alerts", "test").exit_code == 1


def test_what_is_open_is_shown_with_its_runbook(here: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEHOUSE_RUNBOOK_BASE", "https://wiki.example/runbooks/")
    here.fail("icasework/cases", YESTERDAY, error=Permanent("refused", why="HTTP 401", todo="get a new key"))
    assert "began: permanent/icasework" in run("alerts", "look").output
    assert run("alerts", "look").output == "1 open, 0 messages wait\n"
    told = run("alerts").output
    assert "permanent/icasework: icasework refuses, or sends what cannot be read, since 2026-11-23" in told
    assert "  where: icasework/cases: 2026-11-22\n  why: refused (HTTP 401)\n  to do: get a new key\n" in told
    assert "  runbook: https://wiki.example/runbooks/permanent.md\n" in told


def test_days_are_accepted_by_the_incidents_key(here: House) -> None:
    here.fail("icasework/cases", YESTERDAY, error=Permanent("gone for good"))
    run("alerts", "look")
    refused = run("alerts", "accept", "volume/xima")
    assert "name one of: permanent/icasework" in str(refused.exception)
    assert run("alerts", "accept", "permanent/icasework").exit_code == 0
    assert "ended: permanent/icasework" in run("alerts", "look").output


def test_a_message_that_cannot_be_delivered_is_told_without_its_url(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEHOUSE_ALERT_URLS", json.dumps([UNREACHABLE]))
    here.fail("icasework/cases", YESTERDAY, error=Permanent("refused"))
    assert run("alerts", "look").output.endswith("1 open, 2 messages wait\n")
    told = run("alerts")
    assert "not delivered (waits, 1 tries): Casehouse: icasework refuses" in told.output
    assert "alerts go to 1 (json)" in told.output
    tried = run("alerts", "test")
    assert (tried.exit_code, "WRONG 1 (json): it could not be reached" in tried.output) == (1, True)
    sent = run("digest", "--send")
    assert (sent.exit_code, sent.output.startswith("Casehouse, 2026-11-23: 1 needs a person")) == (1, True)
    settings = here.settings.model_copy(update={"alert_urls": load_urls()})
    (finding,) = alerting(settings)
    assert not finding.ok
    assert "2 messages could not be delivered (1 (json): it could not be reached" in finding.detail
    assert "hush" not in told.output + tried.output + sent.output + str(finding) + repr(settings)


def load_urls() -> object:
    return load_settings().alert_urls


def test_the_digest_is_printed(here: House) -> None:
    del here
    printed = run("digest").output
    assert printed.startswith("Casehouse, 2026-11-23: nothing needs a person\n\nLoaded: all 3 feeds")


@pytest.mark.parametrize("urls", ["[]", '["nonsense://hush"]', '["json://localhost/x"]'])
def test_the_doctor_tells_of_addresses(house: House, urls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEHOUSE_ALERT_URLS", urls)
    settings = house.settings.model_copy(update={"alert_urls": load_urls()})
    (finding,) = alerting(settings)
    assert finding.ok == ("nonsense" not in urls)
    assert "hush" not in str(finding)
    (finding,) = alerting(settings.model_copy(update={"icasework_environment": "production"}))
    assert finding.ok == ("localhost" in urls)
    assert finding.ok == (not finding.todo)
