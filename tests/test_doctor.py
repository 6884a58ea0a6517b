"""Every finding says what is well, or what is wrong and what to do."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines import doctor
from pipelines.demonstration import (
    ICASEWORK_REPORTS,
    SANDBOX_API_KEY,
    SANDBOX_SECRET,
    SANDBOX_XIMA_KEY,
    XIMA_AGENTS,
    XIMA_REPORTS,
)
from pipelines.doctor import ACCOUNTS, examine
from pipelines.errors import Permanent, Transient
from pipelines.feeds import FEEDS, SOURCES
from pipelines.lake import QUARANTINE, STAGE, STALE_SECONDS, Lake
from pipelines.receipts import Receipt, seal
from pipelines.settings import ENV_FILE, Settings
from pipelines.warehouse import build, catalogue_path

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.doctor import Finding
    from pipelines.errors import CasehouseError

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
REPORTS = "https://reports.example"
BASE = "https://base.example"


@dataclass
class Source:
    """Two hosts that answer as told."""

    skews: dict[str, float | CasehouseError | None] = field(
        default_factory=lambda: {BASE: 0.4, REPORTS: -2.0}
    )
    refusal: CasehouseError | None = None
    closed: int = 0
    attempts: list[tuple[int, ...]] = field(default_factory=list)

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.skews)

    def server_clock(self, host: str) -> float | None:
        skew = self.skews[host]
        if isinstance(skew, Exception):
            raise skew
        return skew

    def prove_access(self) -> str:
        if self.refusal:
            raise self.refusal
        return "a token was obtained"

    def close(self) -> None:
        self.closed += 1

    def opened(self, settings: Settings) -> Source:
        self.attempts.append(tuple(getattr(settings, f"{source}_attempts") for source in SOURCES))
        return self


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder: neither the developer's .env nor the project's .dagster is looked at."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "ROOT", tmp_path)


def made(tmp_path: Path, **settings: object) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data", **settings)  # type: ignore[call-arg, arg-type]


def findings(settings: Settings, source: Source | None = None) -> dict[str, Finding]:
    source = source or Source()
    accounts = {name: replace(account, connect=source.opened) for name, account in ACCOUNTS.items()}
    told = list(examine(settings, lambda: NOW, accounts=accounts))
    assert source.closed == len(accounts)
    assert len({finding.name for finding in told}) == len(told)
    for finding in told:
        assert finding.detail
        assert finding.ok or finding.todo, finding
        assert "eyJ" not in str(finding)
    return {finding.name: finding for finding in told}


def test_a_healthy_house_has_nothing_to_do(tmp_path: Path) -> None:
    told = findings(made(tmp_path))
    assert [name for name, finding in told.items() if not finding.ok] == []
    for source in SOURCES:
        assert told[f"{source} access"].detail == "a token was obtained"
        assert told[f"{source} clock"].detail == "2 s ahead of the source"
    assert told["catalogue"].detail == "none yet; the first load makes it"


def test_nothing_is_changed(tmp_path: Path) -> None:
    findings(made(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_is_away_is_named_and_the_others_are_still_asked(tmp_path: Path) -> None:
    away = Transient("it cannot be reached", why="no connection", todo="check the network")
    told = findings(made(tmp_path), Source(skews={BASE: 1.0, REPORTS: away}, refusal=away))
    assert told[f"icasework at {BASE}"].ok
    assert told[f"xima at {REPORTS}"] == (
        f"xima at {REPORTS}",
        False,
        "it cannot be reached (no connection)",
        "check the network",
    )
    assert not told["icasework access"].ok
    assert told["icasework clock"].ok


def test_refused_access_says_why(tmp_path: Path) -> None:
    refused = Permanent("iCasework refused the API key", why="19002", todo="check the key")
    told = findings(made(tmp_path), Source(refusal=refused))
    told_so = (False, "iCasework refused the API key (19002)", "check the key")
    assert told["icasework access"] == ("icasework access", *told_so)


@pytest.mark.parametrize(("skew", "side"), [(3600.0, "behind"), (-300.0, "ahead of")])
def test_a_clock_that_is_off_is_told(tmp_path: Path, skew: float, side: str) -> None:
    told = findings(made(tmp_path), Source(skews={BASE: 1.0, REPORTS: skew}))
    assert not told["xima clock"].ok
    assert f"{abs(skew):.0f} s {side}" in told["xima clock"].detail


def test_hosts_that_tell_no_time_leave_the_clock_open(tmp_path: Path) -> None:
    silent = findings(made(tmp_path), Source(skews={BASE: None, REPORTS: None}))["icasework clock"]
    assert not silent.ok
    assert "without a Date header" in silent.detail
    assert "NTP" in silent.todo
    gone = findings(made(tmp_path), Source(skews={BASE: Transient("no answer", todo="wait")}))[
        "icasework clock"
    ]
    assert not gone.ok
    assert "no host answered" in gone.detail
    assert findings(made(tmp_path), Source(skews={BASE: None, REPORTS: 1.0}))["icasework clock"].ok


def test_nobody_waits_for_retries(tmp_path: Path) -> None:
    source = Source()
    findings(made(tmp_path), source)
    assert source.attempts == [(1, 5, 5), (5, 1, 5), (5, 5, 1)]


def test_the_real_client_tells_of_a_closed_port(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    settings = made(tmp_path, sandbox_port=port)
    told = {finding.name: finding for finding in examine(settings, lambda: NOW)}
    assert time.monotonic() - began < 10
    for name, source in SOURCES.items():
        for finding in (told[f"{name} at {source.address(settings)}"], told[f"{name} access"]):
            assert not finding.ok
            assert "casehouse sandbox" in finding.todo


def test_a_first_day_to_come_is_told(tmp_path: Path) -> None:
    told = findings(made(tmp_path, start_date=date(2026, 11, 23)))
    assert "2026-11-23 is not over yet" in told["first report day"].detail
    assert findings(made(tmp_path, start_date=date(2026, 11, 22)))["first report day"].ok


def test_every_source_is_examined() -> None:
    assert set(ACCOUNTS) == set(SOURCES) == {feed.source for feed in FEEDS.values()}


REAL: dict[str, Any] = {
    "icasework_environment": "uat",
    "icasework_account": "anytown",
    "icasework_api_key": "real-key",
    "icasework_secret": "s3cret-value",
    "icasework_reports": {name: 7 + number for number, name in enumerate(ICASEWORK_REPORTS)},
}

DAY_ALONE = {"name": "T", "valueType": "REPORT_TIMEFRAME", "value": {"type": "REPORT_TIMEFRAME"}}
REAL_XIMA: dict[str, Any] = {
    "xima_environment": "production",
    "xima_tenant": "anytown",
    "xima_key": "s3cret-value",
    "xima_reports": {name: f"OWN{number}" for number, name in enumerate(XIMA_REPORTS)},
    "xima_parameters": {name: [DAY_ALONE] for name in XIMA_REPORTS},
}


def test_what_is_left_of_the_sandbox_is_named_for_a_real_account(tmp_path: Path) -> None:
    told = findings(made(tmp_path, icasework_environment="production"))["icasework settings"]
    assert not told.ok
    for name in ("ACCOUNT", "API_KEY", "SECRET", "REPORTS (cases, correspondence, tasks"):
        assert f"CASEHOUSE_ICASEWORK_{name}" in told.detail
    assert SANDBOX_SECRET not in str(told)
    told = findings(made(tmp_path, **REAL))["icasework settings"]
    assert told.ok
    assert "s3cret-value" not in str(told)
    told = findings(made(tmp_path, xima_environment="production"))["xima settings"]
    assert told.detail.endswith(
        ": CASEHOUSE_XIMA_TENANT, CASEHOUSE_XIMA_KEY, "
        "CASEHOUSE_XIMA_REPORTS (calls, agent_summary, time_cards, account_usage), "
        "CASEHOUSE_XIMA_PARAMETERS (agent_summary)"
    )
    for published in (SANDBOX_XIMA_KEY, XIMA_AGENTS[0]):
        assert published not in str(told)
    assert findings(made(tmp_path, **REAL_XIMA))["xima settings"].detail == "Xima production anytown"


@pytest.mark.parametrize(
    ("left", "named"),
    [
        ({"icasework_account": "sandbox"}, "CASEHOUSE_ICASEWORK_ACCOUNT"),
        ({"icasework_api_key": SANDBOX_API_KEY}, "CASEHOUSE_ICASEWORK_API_KEY"),
        ({"icasework_api_key": ""}, "CASEHOUSE_ICASEWORK_API_KEY"),
        ({"icasework_secret": SANDBOX_SECRET}, "CASEHOUSE_ICASEWORK_SECRET"),
        (
            {"icasework_reports": REAL["icasework_reports"] | {"tasks": ICASEWORK_REPORTS["tasks"]}},
            "CASEHOUSE_ICASEWORK_REPORTS (tasks)",
        ),
        (
            {
                "icasework_reports": {
                    name: 1 for name in ICASEWORK_REPORTS if name not in {"tasks", "redress"}
                }
            },
            "CASEHOUSE_ICASEWORK_REPORTS (tasks, redress)",
        ),
        ({"xima_tenant": "sandbox"}, "CASEHOUSE_XIMA_TENANT"),
        ({"xima_key": SANDBOX_XIMA_KEY}, "CASEHOUSE_XIMA_KEY"),
        ({"xima_key": ""}, "CASEHOUSE_XIMA_KEY"),
        (
            {"xima_reports": REAL_XIMA["xima_reports"] | {"calls": XIMA_REPORTS["calls"]}},
            "CASEHOUSE_XIMA_REPORTS (calls)",
        ),
        (
            {"xima_parameters": {"calls": [DAY_ALONE], "agent_summary": [DAY_ALONE], "account_usage": []}},
            "CASEHOUSE_XIMA_PARAMETERS (time_cards, account_usage)",
        ),
    ],
)
def test_one_setting_left_of_the_sandbox_is_named_alone(
    tmp_path: Path, left: dict[str, Any], named: str
) -> None:
    source = "xima" if "XIMA" in named else "icasework"
    told = findings(made(tmp_path, **REAL | REAL_XIMA | left))[f"{source} settings"]
    assert not told.ok
    assert told.detail.endswith(f": {named}")


@pytest.mark.parametrize(
    ("wrong", "source", "named"),
    [
        ({"icasework_reports": {"case": 1}}, "icasework", "CASEHOUSE_ICASEWORK_REPORTS (case)"),
        ({"xima_reconcile": {"call": "none", "calls": "none"}}, "xima", "CASEHOUSE_XIMA_RECONCILE (call)"),
        ({"xima_parameters": {"time_card": [DAY_ALONE]}}, "xima", "CASEHOUSE_XIMA_PARAMETERS (time_card)"),
    ],
)
def test_feeds_that_are_none_are_named(
    tmp_path: Path, wrong: dict[str, Any], source: str, named: str
) -> None:
    told = findings(made(tmp_path, **wrong))[f"{source} settings"]
    assert told.detail == f"these name no feed: {named}"
    assert next(feed.name for feed in FEEDS.values() if feed.source == source) in told.todo


def test_misspelled_settings_are_named_without_their_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(made(tmp_path))["names of settings"].ok
    monkeypatch.setenv("CASEHOUSE_STRAT_DATE", "hush-hush")
    told = findings(made(tmp_path))["names of settings"]
    assert not told.ok
    assert "CASEHOUSE_STRAT_DATE (meant: CASEHOUSE_START_DATE?)" in told.detail
    assert "hush" not in str(told)


@pytest.mark.parametrize(("mode", "ok"), [(0o600, True), (0o644, False), (0o640, False)])
def test_secrets_are_for_their_owner(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: int,
    ok: bool,  # noqa: FBT001 - a parameter
) -> None:
    path = tmp_path / ".env"
    path.touch()
    path.chmod(mode)
    monkeypatch.setenv(ENV_FILE, str(path))
    told = findings(made(tmp_path))[".env"]
    assert told.ok is ok
    assert ok or told.todo == f"run `chmod 600 {path}`"


@pytest.mark.parametrize(("mode", "ok"), [(0o700, True), (0o750, False), (0o701, False)])
def test_raw_cells_are_for_their_owner(tmp_path: Path, mode: int, ok: bool) -> None:  # noqa: FBT001 - a parameter
    assert "quarantine" not in findings(made(tmp_path))
    path = tmp_path / "data" / QUARANTINE
    path.mkdir(parents=True)
    path.chmod(mode)
    told = findings(made(tmp_path))["quarantine"]
    assert told.ok is ok
    assert ok or told.todo == f"run `chmod 700 {path}`"


def test_a_data_directory_that_anybody_may_change_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.mkdir()
    path.chmod(0o755)
    assert "rights of the data directory" not in findings(made(tmp_path))
    path.chmod(0o777)
    assert findings(made(tmp_path))["rights of the data directory"].todo == f"run `chmod o-w {path}`"


def test_days_of_another_account_are_told(tmp_path: Path, days: list[ReportDay]) -> None:
    feed = next(iter(FEEDS))
    lake = Lake(tmp_path / "data")
    assert findings(made(tmp_path))["icasework days"].ok
    put_day(lake, feed, days[0], made(tmp_path).icasework_origin)
    assert findings(made(tmp_path))["icasework days"].ok
    told = findings(made(tmp_path, **REAL))["icasework days"]
    assert not told.ok
    assert "the lake holds days of sandbox sandbox, the settings point at uat anytown" in told.detail
    assert "another CASEHOUSE_DATA_DIR" in told.todo
    lake.path(feed, days[0]).write_bytes(b"PAR1 damaged PAR1")
    assert findings(made(tmp_path, **REAL))["icasework days"].ok


def put_day(lake: Lake, feed: str, day: ReportDay, origin: str) -> None:
    """Put an empty file with a receipt of that origin where a day's file stands."""
    receipt = Receipt(
        feed=feed,
        report_date=str(day),
        origin=origin,
        window_from="",
        window_until="",
        source_total=0,
        rows_good=0,
        rows_quarantined=0,
        body_format="csv",
        body_sha256="",
        body_bytes=0,
        contract="",
        version="",
    )
    path = lake.path(feed, day)
    path.parent.mkdir(parents=True)
    pl.DataFrame({"a": [1]}).write_parquet(path, metadata=receipt.as_metadata())
    seal(path)


def test_a_data_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    told = findings(made(tmp_path))["data directory"]
    assert not told.ok
    assert "CASEHOUSE_DATA_DIR" in told.todo


def test_a_folder_without_rights_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "data").mkdir()
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)  # root, who may run this, is refused nothing
    monkeypatch.setattr("os.access", lambda *_: False)
    told = findings(made(tmp_path))
    assert told["data directory"].detail.endswith("cannot be written: Permission denied")
    assert "cannot be made" in told["Dagster's directory"].detail


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "free_bytes", lambda _: 1 << 20)
    assert "make room" in findings(made(tmp_path))["disk"].todo


def test_what_killed_writers_left_is_told(tmp_path: Path) -> None:
    left = tmp_path / "data" / STAGE / "abandoned"
    left.mkdir(parents=True)
    assert findings(made(tmp_path))["staging"].ok
    long_ago = time.time() - STALE_SECONDS - 60
    os.utime(left, (long_ago, long_ago))
    assert ": 1" in findings(made(tmp_path))["staging"].detail


def test_the_catalogue_is_opened(tmp_path: Path, days: list[ReportDay]) -> None:
    settings = made(tmp_path)
    lake = Lake(settings.data_dir)
    build(lake, FEEDS, since=days[0], until=days[-1])
    assert findings(settings)["catalogue"].detail == f"opens; days: {5 * len(FEEDS)} missing"
    path = catalogue_path(lake)
    path.unlink()
    path.write_bytes(b"not a database")
    told = findings(settings)["catalogue"]
    assert (told.ok, told.todo) == (False, "run `casehouse rebuild`")
    path.unlink()
    data = lake.path("icasework/cases", days[0])
    data.parent.mkdir(parents=True)
    data.touch()
    assert "the lake has files" in findings(settings)["catalogue"].detail


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("polars", "no-such-package"))
    assert "no-such-package" in findings(made(tmp_path))["versions"].detail


def test_old_zone_data_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.days.ReportDay.hours", 24)
    assert not findings(made(tmp_path))["time zone"].ok
