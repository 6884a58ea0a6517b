"""The example answer that Xima documents, from its bytes to the lake: its numbers, their proof, refusals."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, ContractDrift, Unverified
from pipelines.feeds import FEEDS, Policy
from pipelines.ingest import ingest_days
from pipelines.settings import load_settings
from pipelines.sources.report import Body, RawReport, ReportRequest
from pipelines.sources.xima.client import XimaReports
from tests.sources.xima.conftest import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.lake import Lake
    from pipelines.receipts import Receipt

FEED = FEEDS["xima/agent_summary"]
DAY = ReportDay.parse("2026-10-25")  # 25 hours: its two ends have different offsets


@dataclass
class Documented:
    """Xima's client with an answer that is there already."""

    answer: dict[str, Any]

    def __post_init__(self) -> None:
        self._client = XimaReports.from_settings(load_settings())
        self.origin, self.window, self.close = (
            self._client.origin,
            self._client.window,
            self._client.close,
        )

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        start, end = (bound.isoformat(timespec="seconds") for bound in request.day.local_bounds)
        timeframe = {"type": "REPORT_TIMEFRAME", "start": start, "end": end}
        text = json.dumps(self.answer | {"timeframe": timeframe}).encode()
        into.write_bytes(text)
        return Body(into, "json", hashlib.sha256(text).hexdigest(), len(text))

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        return self._client.open(request, body)


@pytest.fixture
def answer() -> dict[str, Any]:
    return copy.deepcopy(EXAMPLE)


def load(answer: dict[str, Any], lake: Lake, policy: Policy | None = None) -> Receipt:
    source = Documented(answer)
    (outcome,) = ingest_days(FEED, [DAY], source=source, lake=lake, policy=policy or Policy())
    source.close()
    if outcome.error:
        raise outcome.error
    assert outcome.receipt
    return outcome.receipt


@pytest.mark.usefixtures("size")
def test_it_is_stored_with_its_numbers_and_verified_by_its_summary(
    lake: Lake, answer: dict[str, Any]
) -> None:
    receipt = load(answer, lake)
    assert receipt.status == "verified"
    assert receipt.source_total == 1
    assert dict(receipt.controls) == {
        "Total Inbound Calls": 4,
        "Total Outbound Calls": 6,
        "Total Internal Calls": 4,
        "Total Calls": 14,
        "Total Talking": 12_673_424,
    }
    assert (receipt.window_from, receipt.window_until) == (
        "2026-10-25T00:00:00.000+01:00",
        "2026-10-25T23:59:59.999+00:00",
    )
    assert pl.read_parquet(lake.path(FEED.key, DAY)).rows() == [
        ("Agent1(200)", 4, 6, 4, 14, 12_673_424, 1_810_489)
    ]


@pytest.mark.usefixtures("size")
def test_a_duration_shown_as_another_is_set_aside_and_still_counts(
    lake: Lake, answer: dict[str, Any]
) -> None:
    answer["rows"][0]["values"]["5"]["formattedValue"] = "3:31:12"
    receipt = load(answer, lake, Policy(bad_row_share=1))
    assert (receipt.status, receipt.rows_quarantined) == ("quarantined", 1)
    assert dict(receipt.controls)["Total Talking"] == 12_673_424
    ((reason,),) = pl.read_parquet(lake.quarantine_path(FEED.key, DAY))["reasons"].to_list()
    assert reason == {
        "column": "talk_ms",
        "wire": "Total Talking [DURATION]",
        "check": "is a whole number",
    }


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("at", [0, 1, 4, 6])
def test_each_total_of_the_summary_is_held_against_the_rows(
    lake: Lake, answer: dict[str, Any], at: int
) -> None:
    item = answer["summaryItems"][at]
    told, item["value"] = item["value"], item["value"] + 1
    with pytest.raises(Unverified, match=f"{item['title']}: the source says {told + 1}, .* {told}"):
        load(answer, lake)
    del answer["summaryItems"][at]
    with pytest.raises(Unverified, match=rf"missing: {item['title']}\).*CASEHOUSE_XIMA_RECONCILE"):
        load(answer, lake)
    assert load(answer, lake, Policy(reconcile="none")).status == "unverified"


def test_averages_are_not_checked(lake: Lake, answer: dict[str, Any]) -> None:
    answer["summaryItems"][5]["value"], answer["summaryItems"][7]["value"] = 2.5, 1
    assert load(answer, lake).status == "verified"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "NUMBER"}, r"missing: Total Talking \[DURATION\]; unexpected: Total Talking \[NUMBER\]"),
        ({"title": "Talk"}, r"missing: Total Talking \[DURATION\]; unexpected: Talk \[DURATION\]"),
    ],
)
def test_a_column_renamed_or_of_another_format_is_drift(
    lake: Lake, answer: dict[str, Any], change: dict[str, str], told: str
) -> None:
    answer["columns"][5] |= change
    with pytest.raises(ContractDrift, match=told):
        load(answer, lake)


def test_a_cell_without_a_value_where_one_must_be_is_told_by_its_column(
    lake: Lake, answer: dict[str, Any]
) -> None:
    del answer["rows"][0]["values"]["1"]
    answer["summaryItems"][1]["value"] = 0
    with pytest.raises(CasehouseError, match=r"inbound_calls \(Inbound Calls \[NUMBER\]\) required: 1 rows"):
        load(answer, lake)
