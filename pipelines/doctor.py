"""The doctor: everything that keeps a council's first run from working, looked at one by one.

Each finding says what was looked at, what was found and, when it is not well, what to do. Nothing is changed.
Hosts are reached through their source; no network library is used here.
"""

from __future__ import annotations

import difflib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pydantic import SecretStr

from pipelines import dagster_files
from pipelines.alerts.machine import MOST_SKEW_SECONDS, free_bytes
from pipelines.alerts.readiness import alerting
from pipelines.days import LONDON, ReportDay
from pipelines.errors import CasehouseError
from pipelines.feeds import FEEDS, SOURCES
from pipelines.lake import QUARANTINE, Lake
from pipelines.outbound import readiness
from pipelines.raw.shelf import RAW
from pipelines.raw.telling import tell_kept
from pipelines.settings import PREFIX, ROOT, Settings, env_file, unknown_settings
from pipelines.sources.icasework.client import IcaseworkReports
from pipelines.sources.icasework.rights import try_writing
from pipelines.sources.tascomi.client import connect_tascomi
from pipelines.sources.tascomi.reports import TascomiReports
from pipelines.sources.tascomi.rights import try_tables
from pipelines.sources.xima.client import XimaReports
from pipelines.warehouse import catalogue_path, count_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

PACKAGES = ("polars", "duckdb", "pyarrow", "pandera", "dagster")
OTHERS_MAY_READ = stat.S_IRWXG | stat.S_IRWXO
ANYBODY_MAY_WRITE = stat.S_IWOTH
_WHY_TIME = "days, and signed requests, go by it"


class Finding(NamedTuple):
    """One thing looked at; `todo` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    todo: str = ""


class Reachable(Protocol):
    """What the doctor asks of a source."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The base URLs that are spoken to, each once."""
        ...

    def server_clock(self, host: str) -> float | None:
        """Seconds by which a host's clock is ahead of ours; raises when it cannot be reached."""
        ...

    def prove_access(self) -> str:
        """Say how we were let in, or raise what keeps us out; no report is run."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@dataclass(frozen=True)
class Account:
    """What the doctor must know of a source: how it is opened, and which settings belong to one account.

    `own` are settings of a single value, `by_feed` those with a value for every feed, `some_feeds` those that
    name only some.
    """

    title: str
    connect: Callable[[Settings], Reachable]
    own: tuple[str, ...]
    by_feed: tuple[str, ...]
    some_feeds: tuple[str, ...] = ()


ACCOUNTS: Mapping[str, Account] = {
    "icasework": Account(
        "iCasework",
        IcaseworkReports.from_settings,
        own=("icasework_account", "icasework_api_key", "icasework_secret"),
        by_feed=("icasework_reports",),
    ),
    "xima": Account(
        "Xima",
        XimaReports.from_settings,
        own=("xima_tenant", "xima_key"),
        by_feed=("xima_reports", "xima_parameters"),
        some_feeds=("xima_reconcile",),
    ),
    "tascomi": Account(
        "Tascomi",
        TascomiReports.from_settings,
        own=("tascomi_site", "tascomi_public_key", "tascomi_private_key"),
        by_feed=(),
    ),
}


def examine(
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    accounts: Mapping[str, Account] = ACCOUNTS,
) -> Iterator[Finding]:
    """Yield findings as they are made, local ones first; `clock` tells the present as an aware instant."""
    lake = Lake(settings.data_dir)
    yield _versions()
    yield _time_zone()
    yield _first_day(settings, ReportDay.yesterday(clock()))
    yield _names()
    for source, account in accounts.items():
        yield _settings(source, account, settings)
    if secrets := env_file():
        yield from _secret_file(secrets)
    yield _folder("data directory", settings.data_dir, "CASEHOUSE_DATA_DIR")
    yield from _rights(settings.data_dir)
    yield _folder("Dagster's directory", ROOT / ".dagster", "the rights of the project's folder")
    yield Finding("Dagster's storage", *dagster_files.examine(settings))
    yield _room(settings)
    yield _leftovers(lake)
    yield Finding(*tell_kept(settings.data_dir, FEEDS, settings.raw_days))
    for source in accounts:
        yield _origin(source, lake, settings)
    yield _catalogue(lake)
    yield from (Finding(*told) for told in alerting(settings))
    for source, account in accounts.items():
        yield from _reach(source, account, settings)
    if settings.outbound_enabled:
        yield from _outbound(settings)


def examine_outbound(settings: Settings, *, accounts: Mapping[str, Account] = ACCOUNTS) -> Iterator[Finding]:
    """Yield what is found of all that dispatching needs; it may begin when each finding is well."""
    for source in ("icasework", "tascomi"):
        yield _settings(source, accounts[source], settings)
        yield from _reach(source, accounts[source], settings)
    yield from _outbound(settings)


def _outbound(settings: Settings) -> Iterator[Finding]:
    for told in readiness.look(settings, Lake(settings.data_dir)):
        yield Finding(*told)
    for name, ok, detail, todo in try_writing(settings.model_copy(update={"icasework_attempts": 1})):
        yield Finding(f"icasework {name}", ok, detail, todo)
    yield from _tables(settings)


def _versions() -> Finding:
    found, absent = [f"Python {python_version()}"], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            absent.append(package)
    if absent:
        return Finding(
            "versions", False, f"not installed: {', '.join(absent)}", "run `make test` or `make demo`"
        )
    return Finding("versions", True, ", ".join(found))


def _time_zone() -> Finding:
    """Ask for the length of both clock-change days: old or missing zone data gets them wrong."""
    spring, autumn = ReportDay.parse("2026-03-29").hours, ReportDay.parse("2026-10-25").hours
    if (spring, autumn) == (23, 25):
        return Finding("time zone", True, f"{LONDON.key} with its clock changes")
    return Finding(
        "time zone",
        False,
        f"{LONDON.key} has clock-change days of {spring} and {autumn} hours, not 23 and 25",
        "install the tzdata package of this machine or of Python again",
    )


def _first_day(settings: Settings, yesterday: ReportDay) -> Finding:
    name, first = "first report day", settings.first_day
    if first > yesterday:
        told = f"{first} is not over yet, so there is nothing to load"
        return Finding(name, False, told, "set an earlier CASEHOUSE_START_DATE")
    return Finding(name, True, str(first))


def _settings(source: str, account: Account, settings: Settings) -> Finding:
    """Look for what only the sandbox understands where a real account is set, and for feeds that are none."""
    name, where = f"{source} settings", SOURCES[source].environment(settings)
    if strangers := _strangers(source, account, settings):
        return Finding(
            name, False, f"these name no feed: {', '.join(strangers)}", f"use {', '.join(_feeds_of(source))}"
        )
    if where == "sandbox":
        variable = _variable(f"{source}_environment")
        return Finding(name, True, f"{account.title} is the sandbox; {variable} sets a real one")
    if wrong := _left_from_sandbox(source, account, settings):
        told = f"{where} is set, but these are empty or the sandbox's: {', '.join(wrong)}"
        return Finding(name, False, told, "set them to those of your account")
    return Finding(name, True, f"{account.title} {getattr(settings, f'{source}_origin')}")


def _feeds_of(source: str) -> list[str]:
    return [feed.name for feed in FEEDS.values() if feed.source == source]


def _strangers(source: str, account: Account, settings: Settings) -> list[str]:
    """Name the settings that mention feeds which the source has not."""
    return [
        f"{_variable(setting)} ({', '.join(unknown)})"
        for setting in (*account.by_feed, *account.some_feeds)
        if (unknown := sorted(set(getattr(settings, setting)) - set(_feeds_of(source))))
    ]


def _left_from_sandbox(source: str, account: Account, settings: Settings) -> list[str]:
    """Name the settings that only the sandbox understands: those that are as they were, or empty."""
    wrong = [_variable(setting) for setting in account.own if _is_left(*_beside_default(setting, settings))]
    for setting in account.by_feed:
        values, defaults = _beside_default(setting, settings)
        left = [feed for feed in _feeds_of(source) if _is_left(values.get(feed), defaults.get(feed))]
        if left:
            wrong.append(f"{_variable(setting)} ({', '.join(left)})")
    return wrong


def _beside_default(setting: str, settings: Settings) -> tuple[Any, Any]:
    default = Settings.model_fields[setting].get_default(call_default_factory=True)
    return getattr(settings, setting), default


def _is_left(value: object, default: object) -> bool:
    """Whether a value is the sandbox's or none; parameters that are but the day are the same everywhere."""
    if isinstance(value, list):
        return not value or (value == default and len(value) > 1)
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return not text or value == default


def _variable(name: str) -> str:
    return f"{PREFIX}{name}".upper()


def _names() -> Finding:
    """Look for settings that nothing reads: a misspelled one is silently its default."""
    name = "names of settings"
    unknown = unknown_settings()
    if not unknown:
        return Finding(name, True, "each that is set is known")
    known = [_variable(field) for field in Settings.model_fields]
    told = [
        f"{one} (meant: {like[0]}?)" if (like := difflib.get_close_matches(one, known, 1)) else one
        for one in unknown
    ]
    return Finding(
        name,
        False,
        f"no setting is called {', '.join(told)}",
        "correct or remove them in the environment or .env; .env.example lists all",
    )


def _secret_file(path: Path) -> Iterator[Finding]:
    """Look at who may read the file that holds the secrets, when there is one."""
    mode = _mode(path)
    if mode is None:
        return
    if mode & OTHERS_MAY_READ:
        yield Finding(path.name, False, f"others on this machine may read {path}", f"run `chmod 600 {path}`")
    else:
        yield Finding(path.name, True, "only its owner may read it")


def _rights(data_dir: Path) -> Iterator[Finding]:
    """Look at who may read raw cells and who may change what is proved, once there is something."""
    for name in (QUARANTINE, RAW):
        folder = data_dir / name
        mode = _mode(folder)
        if mode is None:
            continue
        if mode & OTHERS_MAY_READ:
            told = f"{folder} holds raw cells of personal data and is open to others"
            yield Finding(name, False, told, f"run `chmod 700 {folder}`")
        else:
            yield Finding(name, True, "only its owner may read it")
    mode = _mode(data_dir)
    if mode is not None and mode & ANYBODY_MAY_WRITE:
        told = f"anybody on this machine may change what is in {data_dir}"
        yield Finding("rights of the data directory", False, told, f"run `chmod o-w {data_dir}`")


def _mode(path: Path) -> int | None:
    """Return the path's rights, None when it is not there or hidden from us, which is as closed as can be."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None


def _folder(name: str, path: Path, setting: str) -> Finding:
    """Write into a folder, or see whether it can be made."""
    there = _nearest(path)
    if there != path:
        if os.access(there, os.W_OK | os.X_OK):
            return Finding(name, True, f"{path} will be made by the first run")
        return Finding(name, False, f"{path} cannot be made in {there}", f"change {setting}")
    try:
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        return Finding(name, False, f"{path} cannot be written: {error.strerror}", f"change {setting}")
    return Finding(name, True, f"{path} can be written")


def _nearest(path: Path) -> Path:
    """Return the path itself or the nearest folder above it that exists."""
    return next(one for one in (path, *path.absolute().parents) if one.exists())


def _room(settings: Settings) -> Finding:
    free, wanted = free_bytes(settings.data_dir) / (1 << 30), settings.alert_disk_gib
    told = f"{free:.1f} GiB free"
    if free < wanted:
        return Finding("disk", False, told, f"make room: at least {wanted:g} GiB is wanted")
    return Finding("disk", True, told)


def _leftovers(lake: Lake) -> Finding:
    stale = len(lake.stale())
    if stale:
        return Finding(
            "staging", False, f"folders left by writers that were killed: {stale}", "any ingest removes them"
        )
    return Finding("staging", True, "nothing left by writers that were killed")


def _origin(source: str, lake: Lake, settings: Settings) -> Finding:
    """Compare who answered the source's days in the lake with whom the settings point at."""
    name, today = f"{source} days", str(getattr(settings, f"{source}_origin"))
    others = sorted({origin for origin in _origins(source, lake) if origin != today})
    if others:
        return Finding(
            name,
            False,
            f"the lake holds days of {'; '.join(others)}, the settings point at {today}",
            f"use another CASEHOUSE_DATA_DIR, or correct {_variable(source)}_*",
        )
    return Finding(name, True, f"none in the lake but those of {today}")


def _origins(source: str, lake: Lake) -> Iterator[str]:
    for feed in (feed for feed in FEEDS.values() if feed.source == source):
        for day in lake.days(feed.key):
            # What is wrong with a file that cannot be read is told by `casehouse verify`.
            with suppress(CasehouseError, OSError):
                receipt = lake.receipt(feed.key, day)
                if receipt is not None:
                    yield receipt.origin


def _catalogue(lake: Lake) -> Finding:
    name = "catalogue"
    if not catalogue_path(lake).exists():
        if any(lake.days(feed) for feed in FEEDS):
            return Finding(name, False, "there is none, but the lake has files", "run `casehouse rebuild`")
        return Finding(name, True, "none yet; the first load makes it")
    try:
        days = count_days(lake)
    except CasehouseError as error:
        return Finding(name, False, f"{error.what} ({error.why})", error.todo)
    told = ", ".join(f"{count} {status}" for status, count in days.items())
    return Finding(name, True, f"opens; days: {told or 'none'}")


def _reach(name: str, account: Account, settings: Settings) -> Iterator[Finding]:
    """Reach the hosts, compare clocks and see that we are let in; one try each: somebody is waiting."""
    source = account.connect(settings.model_copy(update={f"{name}_attempts": 1}))
    try:
        skews: list[float | None] = []
        for host in source.hosts:
            try:
                skew = source.server_clock(host)
            except CasehouseError as error:
                yield _told(f"{name} at {host}", error)
                continue
            yield Finding(f"{name} at {host}", True, "answers")
            skews.append(skew)
        yield _clock(f"{name} clock", skews)
        try:
            let_in = source.prove_access()
        except CasehouseError as error:
            yield _told(f"{name} access", error)
        else:
            yield Finding(f"{name} access", True, let_in)
    finally:
        source.close()


def _tables(settings: Settings) -> Iterator[Finding]:
    """Try the rights to each table that service requests need; one try each, as before."""
    with connect_tascomi(settings.model_copy(update={"tascomi_attempts": 1})) as client:
        for table, ok, detail, todo in try_tables(client):
            yield Finding(f"tascomi {table}", ok, detail, todo)


def _told(name: str, error: CasehouseError) -> Finding:
    return Finding(name, False, f"{error.what} ({error.why})" if error.why else error.what, error.todo)


def _clock(name: str, answers: list[float | None]) -> Finding:
    """Judge by the hosts that answered, which tell the time or None."""
    skews = [skew for skew in answers if skew is not None]
    if not answers:
        return Finding(
            name,
            False,
            "no host answered, so there is no time to compare with",
            "mend what is wrong above, then ask again",
        )
    if not skews:
        return Finding(
            name,
            False,
            "the hosts answer without a Date header, so there is no time to compare with",
            f"see that NTP sets this machine's clock: {_WHY_TIME}",
        )
    off = max(skews, key=abs)
    told = f"{abs(off):.0f} s {'behind' if off > 0 else 'ahead of'} the source"
    if abs(off) > MOST_SKEW_SECONDS:
        return Finding(name, False, told, f"set this machine's clock by NTP: {_WHY_TIME}")
    return Finding(name, True, told)
