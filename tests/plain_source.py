"""A source without a wire: bodies are CSV text kept in a dictionary, with the row count beside them.

It belongs to tests of the flow, which must not depend on any vendor's protocol.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from pipelines.contracts.columns import Day, Flag, Instant, Money, Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.feeds import Feed, Policy
from pipelines.ingest import ingest_days
from pipelines.sources.dialect import ICASEWORK, XIMA
from pipelines.sources.report import Body, RawReport, ReportRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.lake import Lake
    from pipelines.receipts import Receipt


class Parcels(Rows):
    """One parcel on the report day."""

    parcel_id: Whole = wire("Parcel.Id", "Number.", required=True, ge=1)
    label: Text = wire("Parcel.Label", "Label.", privacy="personal")
    sent_date: Day = wire("Parcel.DateSent", "Day sent.")
    scanned_at: Instant = wire("Parcel.TimeScanned", "When scanned.")
    is_fragile: Flag = wire("Parcel.Fragile", "Fragile.")
    price_gbp: Money = wire("Parcel.Price", "Price.", ge=0)


class Vans(Rows):
    """One van that left on the report day; its source tells titled totals, and times with their offset."""

    van: Text = wire("Van [STRING]", "Plate.", required=True)
    left_at: Instant = wire("Left [STRING]", "When it left.")
    parcels: Whole = wire("Parcels [NUMBER]", "Parcels in it.", required=True, control="Total Parcels", ge=0)
    road_ms: Whole = wire("On Road [DURATION]", "Time on the road.", control="Total On Road", ge=0)


PARCELS = Feed(Contract("depot/parcels", Parcels), ICASEWORK)
VANS = Feed(Contract("depot/vans", Vans, rows_control="Vans"), XIMA)

Row = tuple[str, ...]


def parcel(number: int, **cells: str) -> Row:
    told = {
        "id": str(number),
        "label": f"Parcel {number}",
        "sent": "2026-11-02",
        "scanned": "2026-11-02T09:30:00",
        "fragile": "Yes" if number % 2 else "No",
        "price": f"{number}.50",
    } | cells
    return tuple(told.values())


def van(number: int, **cells: str) -> Row:
    told = {
        "van": f"VAN {number}",
        "left": "2026-11-02T09:30:00+00:00",
        "parcels": str(number),
        "road": f"{number}000",
    } | cells
    return tuple(told.values())


@dataclass
class PlainSource:
    """Answers what it was given; a day that was given an error raises it.

    One that numbers its runs never gives the same bytes twice, whatever the rows.
    """

    rows: dict[str, Sequence[Row]] = field(default_factory=dict)
    errors: dict[str, BaseException] = field(default_factory=dict)
    totals: dict[str, int | None] = field(default_factory=dict)
    controls: dict[str, Mapping[str, int]] = field(default_factory=dict)
    fields: tuple[str, ...] = PARCELS.contract.wire_fields
    asked: list[str] = field(default_factory=list)
    origin: str = "depot"
    line_end: str = "\n"
    numbers_runs: bool = False
    is_closed: bool = False

    def window(self, day: ReportDay) -> tuple[str, str]:
        return day.civil_bounds

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        day = str(request.day)
        self.asked.append(day)
        if day in self.errors:
            raise self.errors[day]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator=self.line_end)
        writer.writerow(self.fields)
        writer.writerows(self.rows.get(day, ()))
        content = text.getvalue().encode()
        into.write_bytes(content)
        run = f"run {len(self.asked)}".encode() if self.numbers_runs else b""
        return Body(into, "csv", hashlib.sha256(content + run).hexdigest(), len(content + run))

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        day = str(request.day)
        frame = pl.scan_csv(
            body.path, schema=dict.fromkeys(self.fields, pl.String), null_values=[""], glob=False
        )
        total = self.totals.get(day, len(self.rows.get(day, ())))
        return RawReport(self.fields, frame, total, self.controls.get(day, {}))

    def close(self) -> None:
        self.is_closed = True


def fill(source: PlainSource, days: Sequence[ReportDay], count: int = 3) -> PlainSource:
    """Give each day `count` good parcels."""
    for day in days:
        source.rows[str(day)] = [parcel(number) for number in range(1, count + 1)]
    return source


def send_vans(day: ReportDay, rows: Sequence[Row], **controls: int | None) -> PlainSource:
    """Make a source of one day's vans that tells the right totals but for those given here (None: untold)."""
    right = {
        "vans": len(rows),
        "total_parcels": sum(int(row[2].split(" ")[0]) for row in rows),
        "total_on_road": sum(int(row[3].split(" ")[0]) for row in rows if row[3]),
    }
    told = {name.replace("_", " ").title(): value for name, value in (right | controls).items()}
    return PlainSource(
        rows={str(day): rows},
        totals={str(day): None},
        controls={str(day): {title: value for title, value in told.items() if value is not None}},
        fields=VANS.contract.wire_fields,
    )


def load_one(
    day: ReportDay, source: PlainSource, lake: Lake, policy: Policy | None = None, feed: Feed = PARCELS
) -> Receipt:
    """Load one day; raise its error."""
    (outcome,) = ingest_days(feed, [day], source=source, lake=lake, policy=policy or Policy())
    if outcome.error:
        raise outcome.error
    assert outcome.receipt
    return outcome.receipt
