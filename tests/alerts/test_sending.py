"""Over real HTTP, to the sandbox's inbox: what arrives, what a failure tells, and that no URL is told."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from pipelines.alerts import sending
from pipelines.alerts.incidents import Record
from pipelines.alerts.sending import addresses, deliver, open_senders, unknown_addresses
from pipelines.errors import Permanent
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import ROOT
from tests.alerts.house import SEVEN, YESTERDAY, House

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.alerts.incidents import Note

SECRET = "T0KEN-hush-hush"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.fixture
def inbox(sandbox: SandboxThread) -> SandboxThread:
    call(sandbox, "DELETE")
    return sandbox


def call(sandbox: SandboxThread, method: str, path: str = "", body: object = None) -> dict[str, Any]:
    answer = httpx.request(method, f"{sandbox.url}/_sandbox/inbox{path}", json=body)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def url_of(sandbox: SandboxThread) -> SecretStr:
    return SecretStr(f"{sandbox.url.replace('http', 'json', 1)}/inbox/{SECRET}")


def a_note(**changes: object) -> Note:
    record = Record()
    note = record.add_note("began", ("A <title>", "One: *a_b_c*\n- <b>two</b> £"), "failure", SEVEN, [])
    for name, value in changes.items():
        setattr(note, name, value)
    return note


def test_a_message_arrives_as_it_was_written(inbox: SandboxThread) -> None:
    (send,) = open_senders([url_of(inbox)]).values()
    assert send(a_note()) == ""
    (arrived,) = call(inbox, "GET")["messages"]
    message = arrived["message"]
    assert (message["title"], message["message"]) == ("A <title>", "One: *a_b_c*\n- <b>two</b> £")
    assert message["type"] == "failure"


@pytest.mark.parametrize(
    ("url", "lines"),
    [
        ("workflows://host:443/abc/def", "a\n\nb"),  # Teams
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#oncall", "a\nb"),
        ("mailtos://user:pass@example.org", "a\nb"),
    ],
)
def test_lines_stay_apart_where_only_markdown_is_known(url: str, lines: str) -> None:
    service = sending._read(SecretStr(url))
    assert service is not None
    assert sending._body(service, a_note(body="a\nb")) == lines


def test_a_failure_is_told_by_its_status(inbox: SandboxThread) -> None:
    (send,) = open_senders([url_of(inbox)]).values()
    call(inbox, "POST", "/fault", {"status": 503, "calls": 1})
    assert send(a_note()) == "HTTP 503"
    assert send(a_note()) == ""
    assert call(inbox, "GET")["refused"] == 1


def test_who_is_slow_does_not_hold_up_the_house(
    inbox: SandboxThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_SECONDS", 0.3)
    (send,) = open_senders([url_of(inbox)]).values()
    call(inbox, "POST", "/fault", {"seconds": 1.5, "calls": 1})
    assert send(a_note()) == "no answer within 0.3 s"


def test_nobody_at_home(unused_port: int) -> None:
    (send,) = open_senders([SecretStr(f"json://127.0.0.1:{unused_port}/{SECRET}")]).values()
    assert send(a_note()) == "it could not be reached or refused the message"


def test_no_url_is_in_any_log_or_message(
    inbox: SandboxThread,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    unused_port: int,
) -> None:
    caplog.set_level(1)
    urls = [
        url_of(inbox),
        SecretStr(f"json://127.0.0.1:{unused_port}/{SECRET}"),
        SecretStr(f"slack://{SECRET}"),
        SecretStr(f"nonsense://{SECRET}"),
        SecretStr(f"{SECRET}://x"),
    ]
    record = Record()
    record.add_note("began", ("t", "b"), "info", SEVEN, list(addresses(urls)))
    call(inbox, "POST", "/fault", {"status": 500, "calls": 1})
    deliver(record, open_senders(urls), lambda: SEVEN, lambda _: None)
    deliver(record, open_senders(urls), lambda: SEVEN + timedelta(hours=1), lambda _: None)
    (note,) = record.notes
    assert list(note.sent) == ["1 (json)"]
    assert set(note.failed) == {"2 (json)", "3 (slack)", "4 (nonsense)", "5 (?)"}
    assert unknown_addresses(urls) == ["3 (slack)", "4 (nonsense)", "5 (?)"]
    seen = capfd.readouterr()
    assert SECRET not in f"{record} {caplog.text} {seen.out} {seen.err}"
    assert logging.getLogger("urllib3").propagate


def test_a_process_killed_while_it_sends_has_it_sent_by_the_next(inbox: SandboxThread, house: House) -> None:
    house.fail("icasework/cases", YESTERDAY, error=Permanent("refused"))
    env = os.environ | {
        "CASEHOUSE_DATA_DIR": str(house.settings.data_dir),
        "CASEHOUSE_START_DATE": "2026-11-22",
        "CASEHOUSE_ALERT_SETTLE_MINUTES": "0",
        "CASEHOUSE_ALERT_URLS": json.dumps([url_of(inbox).get_secret_value()]),
        "PYTHONPATH": str(ROOT),
    }
    words = [sys.executable, "-m", "pipelines.cli", "alerts", "look"]
    call(inbox, "POST", "/fault", {"seconds": 60, "calls": 1})
    with subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.DEVNULL) as first:
        until = time.monotonic() + 60
        while call(inbox, "GET")["fault"] and time.monotonic() < until:
            time.sleep(0.02)
        first.kill()
    subprocess.run(words, env=env, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    titles = [one["message"]["title"] for one in call(inbox, "GET")["messages"]]
    assert titles.count("Casehouse: icasework refuses, or sends what cannot be read") == 1
    assert not any(note.waiting for note in house.watch.file.read().notes)
