"""The clock's part of `make drill-outbound`: signed calls over loopback on the real clock, across minutes.

Several stand-ins whose clocks are wrong by so many seconds, each called by a client of its own that knows
nothing of it but what the answers tell. A signature is good for one minute of the server's clock, so every
edge of a minute is a chance to be refused. Not one call may be, neither told to the caller nor behind its
back: the stand-in's own count of refusals is what counts.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.demonstration import SANDBOX_TASCOMI_PRIVATE_KEY, SANDBOX_TASCOMI_PUBLIC_KEY
from pipelines.errors import CasehouseError
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import Settings
from pipelines.sources.tascomi.client import connect_tascomi

if TYPE_CHECKING:
    from collections.abc import Sequence

# By how many seconds the servers' clocks are ahead: the ends, none, and some whose minutes turn in between.
SKEWS = (-90.0, -61.5, -20.25, 0.0, 37.75, 90.0)
SECONDS = 180.0
PAUSE = 0.1
FIELDS = {"surname": "Drill"}


@dataclass
class Heard:
    """What one server and its caller saw: the answers by status, and the calls that the caller gave up."""

    skew: float
    measured: float = 0.0
    good: int = 0
    refused: int = 0
    others: int = 0
    failed: int = 0
    edges: int = 0


class _Caller:
    """Calls one stand-in until the time is over: lists, and every tenth time a record is made."""

    def __init__(self, skew: float, seconds: float, end: threading.Event) -> None:
        self._ahead = timedelta(seconds=skew)
        self._seconds = seconds
        self._end = end
        self._heard = Heard(skew)

    def __call__(self) -> Heard:
        with SandboxThread(clock=self._servers_time) as sandbox:
            settings = _settings(sandbox.tascomi_url)
            until = time.monotonic() + self._seconds
            began = self._servers_time()
            with connect_tascomi(settings, sleep=self._end.wait) as client:
                while time.monotonic() < until and not self._end.wait(PAUSE):
                    try:
                        if self._heard.good % 10:
                            client.look("titles")
                        else:
                            client.create("contacts", FIELDS)
                    except CasehouseError as error:
                        self._heard.failed += 1
                        print(f"skew {self._heard.skew:+g} s: {error}", file=sys.stderr)
                    self._take_stock(sandbox)
                self._heard.measured = client.skew_seconds()
            self._heard.edges = _edges(began, self._servers_time())
        return self._heard

    def _servers_time(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def _take_stock(self, sandbox: SandboxThread) -> None:
        """Count what the server answered since the last time, and have it forget that."""
        for call in sandbox.calls.told()["calls"]:
            if call["status"] == HTTPStatus.OK:
                self._heard.good += 1
            elif call["status"] == HTTPStatus.UNAUTHORIZED:
                self._heard.refused += 1
            else:
                self._heard.others += 1
        sandbox.calls.clear()


def _settings(url: str) -> Settings:
    """Return the settings of a stand-in, whatever the environment says of a council's own."""
    told = {
        "tascomi_base_url": url,
        "tascomi_public_key": SANDBOX_TASCOMI_PUBLIC_KEY,
        "tascomi_private_key": SANDBOX_TASCOMI_PRIVATE_KEY,
        "tascomi_time_zone": "Europe/London",
        "calls_days": 0,
    }
    return Settings(_env_file=None, **told)  # type: ignore[call-arg, arg-type]  # pydantic checks them


def _edges(began: datetime, ended: datetime) -> int:
    """Count the full minutes between two moments."""
    return int(ended.timestamp() // 60 - began.timestamp() // 60)


def drill(seconds: float = SECONDS, skews: Sequence[float] = SKEWS) -> list[Heard]:
    """Call all stand-ins side by side for so many seconds of real time."""
    end = threading.Event()
    with ThreadPoolExecutor(len(skews)) as pool:
        callers = [pool.submit(_Caller(skew, seconds, end)) for skew in skews]
        try:
            return [caller.result() for caller in callers]
        finally:
            end.set()


def main() -> None:
    """Run the drill and tell; exit 1 when a call was refused, failed, or none was made."""
    parser = argparse.ArgumentParser(prog="drill-clock")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    told = parser.parse_args()
    all_heard = drill(told.seconds)
    for heard in all_heard:
        print(
            f"server {heard.skew:+.2f} s (measured {heard.measured:+.2f}): {heard.good} calls let in,"
            f" {heard.refused} refused as 401, {heard.others} answered otherwise, {heard.failed} failed,"
            f" across {heard.edges} full minutes"
        )
    calls, refused = sum(heard.good for heard in all_heard), sum(heard.refused for heard in all_heard)
    print(f"{calls} signed calls in {told.seconds:g} s of real time, {refused} authentication failures")
    sys.exit(any(h.refused or h.others or h.failed or not h.good for h in all_heard))


if __name__ == "__main__":
    main()
