"""Tascomi's tables as feeds: a day's feed is the records whose last change fell on that day.

A record that is changed again leaves its day for a later one, so a day is never asked for before it is over,
and asked for again later it may hold fewer records. There is no report and no choice of columns: those that
were asked for are picked from the records, by what the site calls them, and others are let pass. How a list
is read whole stands in paging.py.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from pipelines.calls import concerning
from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, Permanent
from pipelines.sources.exchange import utc_now
from pipelines.sources.report import Body
from pipelines.sources.tascomi.client import connect_tascomi
from pipelines.sources.tascomi.day_body import FORMAT, DayRecords, opener, table_of
from pipelines.sources.tascomi.dialect import FEED_TABLES, LAST_UPDATED

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.settings import Settings
    from pipelines.sources.exchange import Clock
    from pipelines.sources.report import RawReport, ReportRequest
    from pipelines.sources.tascomi.client import TascomiClient


class TascomiReports:
    """The source of Tascomi's feeds, for one thread at a time; see ReportSource."""

    def __init__(self, client: TascomiClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    @classmethod
    def from_settings(cls, settings: Settings, clock: Clock = utc_now) -> TascomiReports:
        """Open the client that the settings describe; nothing is sent yet."""
        return cls(connect_tascomi(settings, clock=clock), clock)

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        """Read the day's list whole and put it into `into`; raise as the client's `search` does.

        Raises Permanent for a day that is not over.
        """
        try:
            self._refuse_unfinished(request.day)
            table = table_of(request)
            with concerning(request.feed, str(request.day)):
                whole = self._client.whole(table, {LAST_UPDATED: str(request.day)})
        except CasehouseError as error:
            error.about(request.feed, str(request.day))
            raise
        content = msgspec.json.encode(DayRecords(whole.total, [dict(row) for row in whole.rows]))
        into.write_bytes(content)
        return Body(into, FORMAT, sha256(content).hexdigest(), len(content), framed=True)

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        """Return the fields asked for, as far as the records have them, and the list's own count.

        A list without a record has every field. Raises Unverified or Permanent for another body.
        """
        try:
            return opener(self._client.settings)(request, body)
        except CasehouseError as error:
            error.about(request.feed, str(request.day))
            raise

    def close(self) -> None:
        """Give back connections, from any thread."""
        self._client.close()

    def window(self, day: ReportDay) -> tuple[str, str]:
        """Say the day twice: it is asked for as one date."""
        return str(day), str(day)

    @property
    def origin(self) -> str:
        """Which site answers, for receipts."""
        return self._client.settings.tascomi_origin

    @property
    def hosts(self) -> tuple[str, ...]:
        """The one base URL that is spoken to."""
        return self._client.hosts

    def server_clock(self, host: str) -> float | None:
        """Reach a host; return by how many seconds its clock is ahead of ours, None when it tells no time."""
        return self._client.server_clock(host)

    def prove_access(self) -> str:
        """Say that the tables may be viewed, or raise what keeps us from one."""
        for table in FEED_TABLES.values():
            self._client.look(table)
        return f"a signature was accepted, and {' and '.join(FEED_TABLES.values())} may be viewed"

    def _refuse_unfinished(self, day: ReportDay) -> None:
        if day > ReportDay.yesterday(self._clock()):
            raise Permanent(
                "the day is not over, so that its records still change",
                todo="ask for it tomorrow",
            )
