"""The service user whom a key speaks for, and the runs that timed out and may still be collected."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.sandbox.xima.dialect import XimaDialect


class ServiceUser:
    """Holds the one key that opens Xima; a new one kills the old one at once (DOC)."""

    def __init__(self, key: str) -> None:
        self._key = key

    def holds(self, key: str) -> bool:
        """Whether this is the key."""
        return hmac.compare_digest(key.encode(errors="surrogateescape"), self._key.encode())

    def refresh_key(self, key: str | None = None) -> str:
        """Put another key in place, the one given or a new one; return it."""
        self._key = key or secrets.token_urlsafe(24)
        return self._key


@dataclass
class Run:
    """A report that takes long: as of when it tells, and how many more times it will not be ready."""

    started: datetime
    polls: int


class Runs:
    """The runs that timed out, by the exact request that began them (DOC: send the same parameters again).

    Bounded in number and in time; a result that nobody collects is forgotten.
    """

    def __init__(self, dialect: XimaDialect) -> None:
        self._dialect = dialect
        self._runs: OrderedDict[bytes, Run] = OrderedDict()

    def find(self, report: str, body: bytes, now: datetime) -> Run | None:
        """Return the run that this request began, None when there is none or it is forgotten."""
        for name, run in list(self._runs.items()):  # oldest first
            if (now - run.started).total_seconds() < self._dialect.run_seconds:
                break
            del self._runs[name]
        return self._runs.get(_digest(report, body))

    def begin(self, report: str, body: bytes, run: Run) -> None:
        """Remember a run."""
        self._runs[_digest(report, body)] = run
        while len(self._runs) > self._dialect.runs_kept:
            self._runs.popitem(last=False)

    def end(self, report: str, body: bytes) -> None:
        """Forget a run whose result was collected."""
        self._runs.pop(_digest(report, body), None)


def _digest(report: str, body: bytes) -> bytes:
    return hashlib.sha256(report.encode() + b"\n" + body).digest()
