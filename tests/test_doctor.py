"""Every finding says what is well, or what is wrong and what to do."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines import doctor
from pipelines.demonstration import ICASEWORK_REPORTS, SANDBOX_API_KEY, SANDBOX_SECRET
from pipelines.doctor import examine
from pipelines.errors import Permanent, Transient
from pipelines.feeds import FEEDS
from pipelines.lake import QUARANTINE, STAGE, STALE_SECONDS, Lake
from pipelines.receipts import Receipt, seal
from pipelines.settings import Settings
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
    token: CasehouseError | None = None
    is_closed: bool = False
    attempts: int = 0

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.skews)

    def server_clock(self, host: str) -> float | None:
        skew = self.skews[host]
        if isinstance(skew, Exception):
            raise skew
        return skew

    def obtain_token(self) -> object:
        if self.token:
            raise self.token
        return "eyJhbGciOi-secret"

    def close(self) -> None:
        self.is_closed = True

    def opened(self, settings: Settings) -> Source:
        self.attempts = settings.icasework_attempts
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
    told = list(examine(settings, lambda: NOW, open_source=source.opened))
    assert source.is_closed
    assert len({finding.name for finding in told}) == len(told)
    for finding in told:
        assert finding.detail
        assert finding.ok or finding.todo, finding
        assert "eyJ" not in str(finding)
    return {finding.name: finding for finding in told}


def test_a_healthy_house_has_nothing_to_do(tmp_path: Path) -> None:
    told = findings(made(tmp_path))
    assert [name for name, finding in told.items() if not finding.ok] == []
    assert told["token"].detail == "obtained"
    assert told["clock"].detail == "2 s ahead of the source"
    assert told["catalogue"].detail == "none yet; the first load makes it"


def test_nothing_is_changed(tmp_path: Path) -> None:
    findings(made(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_is_away_is_named_and_the_others_are_still_asked(tmp_path: Path) -> None:
    away = Transient("it cannot be reached", why="no connection", todo="check the network")
    told = findings(made(tmp_path), Source(skews={BASE: 1.0, REPORTS: away}, token=away))
    assert told[f"reach {BASE}"].ok
    assert told[f"reach {REPORTS}"] == (
        f"reach {REPORTS}",
        False,
        "it cannot be reached (no connection)",
        "check the network",
    )
    assert not told["token"].ok
    assert told["clock"].ok


def test_a_refused_token_says_why(tmp_path: Path) -> None:
    refused = Permanent("iCasework refused the API key", why="19002", todo="check the key")
    told = findings(made(tmp_path), Source(token=refused))
    assert told["token"] == ("token", False, "iCasework refused the API key (19002)", "check the key")


@pytest.mark.parametrize(("skew", "side"), [(3600.0, "behind"), (-300.0, "ahead of")])
def test_a_clock_that_is_off_is_told(tmp_path: Path, skew: float, side: str) -> None:
    told = findings(made(tmp_path), Source(skews={BASE: 1.0, REPORTS: skew}))
    assert not told["clock"].ok
    assert f"{abs(skew):.0f} s {side}" in told["clock"].detail


def test_hosts_that_tell_no_time_leave_the_clock_open(tmp_path: Path) -> None:
    silent = findings(made(tmp_path), Source(skews={BASE: None, REPORTS: None}))["clock"]
    assert not silent.ok
    assert "without a Date header" in silent.detail
    assert "NTP" in silent.todo
    gone = findings(made(tmp_path), Source(skews={BASE: Transient("no answer", todo="wait")}))["clock"]
    assert not gone.ok
    assert "no host answered" in gone.detail
    assert findings(made(tmp_path), Source(skews={BASE: None, REPORTS: 1.0}))["clock"].ok


def test_nobody_waits_for_retries(tmp_path: Path) -> None:
    source = Source()
    findings(made(tmp_path), source)
    assert source.attempts == 1


def test_the_real_client_tells_of_a_closed_port(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    told = {finding.name: finding for finding in examine(made(tmp_path, sandbox_port=port), lambda: NOW)}
    assert time.monotonic() - began < 10
    for name in (f"reach http://127.0.0.1:{port}/icasework", "token"):
        assert not told[name].ok
        assert "casehouse sandbox" in told[name].todo


def test_a_first_day_to_come_is_told(tmp_path: Path) -> None:
    told = findings(made(tmp_path, start_date=date(2026, 11, 23)))
    assert "2026-11-23 is not over yet" in told["settings"].detail
    assert findings(made(tmp_path, start_date=date(2026, 11, 22)))["settings"].ok


REAL: dict[str, Any] = {
    "icasework_environment": "uat",
    "icasework_account": "anytown",
    "icasework_api_key": "real-key",
    "icasework_secret": "s3cret-value",
    "icasework_reports": {name: 7 + number for number, name in enumerate(ICASEWORK_REPORTS)},
}


def test_what_is_left_of_the_sandbox_is_named_for_a_real_account(tmp_path: Path) -> None:
    told = findings(made(tmp_path, icasework_environment="production"))["settings"]
    assert not told.ok
    for name in ("ACCOUNT", "API_KEY", "SECRET", "REPORTS (cases, correspondence, tasks"):
        assert f"CASEHOUSE_ICASEWORK_{name}" in told.detail
    assert SANDBOX_SECRET not in str(told)
    told = findings(made(tmp_path, **REAL))["settings"]
    assert told.ok
    assert "s3cret-value" not in str(told)


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
    ],
)
def test_one_setting_left_of_the_sandbox_is_named_alone(
    tmp_path: Path, left: dict[str, Any], named: str
) -> None:
    told = findings(made(tmp_path, **REAL | left))["settings"]
    assert not told.ok
    assert told.detail.endswith(f": {named}")


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
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")  # the project's .env counts, wherever the command is given
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
    assert findings(made(tmp_path))["origin of the lake"].ok
    put_day(lake, feed, days[0], made(tmp_path).icasework_origin)
    assert findings(made(tmp_path))["origin of the lake"].ok
    told = findings(made(tmp_path, **REAL))["origin of the lake"]
    assert not told.ok
    assert "the lake holds days of sandbox sandbox, the settings point at uat anytown" in told.detail
    assert "another CASEHOUSE_DATA_DIR" in told.todo
    lake.path(feed, days[0]).write_bytes(b"PAR1 damaged PAR1")
    assert findings(made(tmp_path, **REAL))["origin of the lake"].ok


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
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 1 << 60)
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
