"""The doctor: everything that keeps a council's first run from working, looked at one by one.

Each finding says what was looked at, what was found and, when it is not well, what to do. Nothing is changed.
Hosts are reached through their source; no network library is used here.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipelines.days import LONDON, ReportDay
from pipelines.errors import CasehouseError
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.settings import ROOT, SANDBOX_SECRET
from pipelines.sources.icasework.client import IcaseworkReports
from pipelines.warehouse import catalogue_path, count_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pipelines.settings import Settings

PACKAGES = ("polars", "duckdb", "pyarrow", "pandera", "dagster")
LEAST_FREE_BYTES = 2 << 30
MOST_SKEW_SECONDS = 60
OTHERS_MAY_READ = 0o077


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

    def obtain_token(self) -> object:
        """Return a token, or raise what keeps us from one."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


def examine(
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    open_source: Callable[[Settings], Reachable] = IcaseworkReports.from_settings,
) -> Iterator[Finding]:
    """Yield findings as they are made, local ones first; `clock` tells the present as an aware instant."""
    lake = Lake(settings.data_dir)
    yield _versions()
    yield _time_zone()
    yield _settings(settings, ReportDay.yesterday(clock()))
    yield from _secret_file(Path(".env"))
    yield _folder("data directory", settings.data_dir, "CASEHOUSE_DATA_DIR")
    yield _folder("Dagster's directory", ROOT / ".dagster", "the rights of the project's folder")
    yield _room(settings.data_dir)
    yield _leftovers(lake)
    yield _catalogue(lake)
    yield from _source(settings, open_source)


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


def _settings(settings: Settings, yesterday: ReportDay) -> Finding:
    name, where = "settings", settings.icasework_environment
    if settings.first_day > yesterday:
        return Finding(
            name,
            False,
            f"the first report day {settings.first_day} is not over yet, so there is nothing to load",
            "set an earlier CASEHOUSE_START_DATE",
        )
    if where == "sandbox":
        return Finding(
            name, True, "iCasework is the sandbox; CASEHOUSE_ICASEWORK_ENVIRONMENT sets a real one"
        )
    if settings.icasework_secret.get_secret_value() in {"", SANDBOX_SECRET}:
        return Finding(
            name,
            False,
            f"the secret for {where} is the sandbox's or empty",
            "set CASEHOUSE_ICASEWORK_API_KEY and CASEHOUSE_ICASEWORK_SECRET to those of your account",
        )
    return Finding(name, True, f"iCasework {where}, account {settings.icasework_account}")


def _secret_file(path: Path) -> Iterator[Finding]:
    """Look at who may read the file that holds the secrets, when there is one."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if mode & OTHERS_MAY_READ:
        yield Finding(str(path), False, "others on this machine may read it", f"run `chmod 600 {path}`")
    else:
        yield Finding(str(path), True, "only its owner may read it")


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


def _room(path: Path) -> Finding:
    free = shutil.disk_usage(_nearest(path)).free
    told = f"{free / (1 << 30):.1f} GiB free"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", False, told, f"make room: at least {LEAST_FREE_BYTES >> 30} GiB is wanted")
    return Finding("disk", True, told)


def _leftovers(lake: Lake) -> Finding:
    stale = len(lake.stale())
    if stale:
        return Finding(
            "staging", False, f"folders left by writers that were killed: {stale}", "any ingest removes them"
        )
    return Finding("staging", True, "nothing left by writers that were killed")


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


def _source(settings: Settings, open_source: Callable[[Settings], Reachable]) -> Iterator[Finding]:
    """Reach the hosts, compare clocks and buy a token; one try each, because somebody is waiting."""
    source = open_source(settings.model_copy(update={"icasework_attempts": 1}))
    try:
        skews: list[float] = []
        for host in source.hosts:
            try:
                skew = source.server_clock(host)
            except CasehouseError as error:
                yield _told(f"reach {host}", error)
                continue
            yield Finding(f"reach {host}", True, "answers")
            skews.extend([] if skew is None else [skew])
        yield _clock(skews)
        try:
            source.obtain_token()
        except CasehouseError as error:
            yield _told("token", error)
        else:
            yield Finding("token", True, "obtained")
    finally:
        source.close()


def _told(name: str, error: CasehouseError) -> Finding:
    return Finding(name, False, f"{error.what} ({error.why})" if error.why else error.what, error.todo)


def _clock(skews: list[float]) -> Finding:
    if not skews:
        return Finding(
            "clock",
            False,
            "no host told the time to compare with",
            "mend what is wrong above, then ask again",
        )
    off = max(skews, key=abs)
    told = f"{abs(off):.0f} s {'behind' if off > 0 else 'ahead of'} the source"
    if abs(off) > MOST_SKEW_SECONDS:
        return Finding(
            "clock", False, told, "set this machine's clock by NTP: requests are signed with the time"
        )
    return Finding("clock", True, told)
