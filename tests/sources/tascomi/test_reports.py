"""Tascomi's tables as feeds: the records that a day changed last, proved by the list's own count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, Permanent, Unverified
from pipelines.feeds import FEEDS, Policy
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sources.report import ReportRequest
from pipelines.sources.tascomi import dialect
from pipelines.sources.tascomi.reports import TascomiReports
from tests.sources.fake_server import FakeServer, whole
from tests.sources.tascomi.conftest import World, made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.sandbox.server import SandboxThread
    from pipelines.sources.tascomi.client import TascomiClient

DAY = ReportDay.parse("2026-11-20")
FIELDS = FEEDS["tascomi/contacts"].contract.wire_fields
REQUEST = ReportRequest("tascomi/contacts", DAY, FIELDS)


@pytest.fixture
def source(client: TascomiClient, world: World) -> TascomiReports:
    return TascomiReports(client, world.ours)


@pytest.fixture
def told(server: FakeServer, world: World) -> Iterator[TascomiReports]:
    """A source whose server answers one record, and says how many there are."""
    source = TascomiReports.from_settings(made(tascomi_base_url=f"{server.url}/rest"), clock=world.ours)
    server.on("/rest", whole(b""))
    yield source
    source.close()


@pytest.mark.parametrize("key", ["tascomi/complaints", "tascomi/contacts"])
def test_a_day_comes_whole_and_verified(
    tmp_path: Path, sandbox: SandboxThread, source: TascomiReports, key: str
) -> None:
    lake, feed = Lake(tmp_path), FEEDS[key]
    (outcome,) = ingest_days(feed, [DAY], source=source, lake=lake, policy=Policy(concurrency=1))
    assert outcome.error is None
    assert outcome.receipt is not None
    here = [
        row for row in sandbox.sandbox.office.rows(feed.name) if str(row["last_updated"]).startswith(str(DAY))
    ]
    assert outcome.receipt.status == "verified"
    assert outcome.receipt.source_total == outcome.receipt.rows_good == len(here) > 0
    frame = pl.read_parquet(lake.path(key, DAY))
    assert frame["last_updated_at"].dt.date().unique().to_list() == [DAY.date]
    assert frame.row(0, named=True)["last_updated_at"].microsecond == 0
    (again,) = ingest_days(feed, [DAY], source=source, lake=lake, policy=Policy(concurrency=1))
    assert not again.changed


def test_a_day_without_a_change_is_an_empty_day(tmp_path: Path, source: TascomiReports) -> None:
    lake, sunday = Lake(tmp_path), ReportDay.parse("2026-11-22")
    feed = FEEDS["tascomi/contacts"]
    (outcome,) = ingest_days(feed, [sunday], source=source, lake=lake, policy=Policy(concurrency=1))
    assert outcome.error is None
    assert outcome.receipt is not None
    assert (outcome.receipt.status, outcome.receipt.rows_good) == ("verified", 0)


def test_a_request_that_is_raised_comes_in_with_its_day(
    world: World,
    source: TascomiReports,
    client: TascomiClient,
    tmp_path: Path,
    request_fields: dict[str, str],
) -> None:
    made = client.create("complaints", {**request_fields, "external_reference": "ours/1"})
    today = ReportDay(world.now.date())
    request = ReportRequest("tascomi/complaints", today, ("id", "external_reference", "last_updated"))
    with pytest.raises(Permanent, match="not over"):
        source.fetch(request, tmp_path / "body")
    world.pass_(86_400)
    frame = source.open(request, source.fetch(request, tmp_path / "body")).frame.collect()
    assert frame.rows() == [(made["id"], "ours/1", str(made["last_updated"])[:19])]


def test_fields_that_the_table_lacks_are_not_told(source: TascomiReports, tmp_path: Path) -> None:
    request = ReportRequest("tascomi/contacts", DAY, ("id", "favourite_colour", "surname"))
    report = source.open(request, source.fetch(request, tmp_path / "body"))
    assert report.fields == ("id", "surname")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"total":1,"rows":[{"id":1}]}', b'{"rows":[]}'])
def test_a_body_that_is_no_day_is_not_opened(source: TascomiReports, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "body"
    body = source.fetch(REQUEST, path)
    path.write_bytes(content)
    with pytest.raises(Unverified):
        source.open(REQUEST, body)
    changed = type(body)(path, body.format, body.sha256, len(content))
    with pytest.raises((Unverified, Permanent)) as caught:
        source.open(REQUEST, changed)
    assert (caught.value.feed, caught.value.day) == (REQUEST.feed, str(DAY))


def test_a_list_that_counts_more_than_it_has_is_no_day(
    told: TascomiReports, server: FakeServer, tmp_path: Path
) -> None:
    headers = {"X-Number-Of-Results": "2", "X-Results-Per-Page": "100", "X-Page-Number": "1"}
    row = b'[{"id":"1","last_updated":"2026-11-20 10:00:00.123"}]'
    server.on("/rest/v1/contacts", whole(row, headers=headers))
    with pytest.raises(CasehouseError) as caught:
        told.fetch(REQUEST, tmp_path / "body")
    assert isinstance(caught.value, Unverified)
    assert caught.value.day == str(DAY)


def test_who_answers_is_told(source: TascomiReports, sandbox: SandboxThread) -> None:
    assert source.origin == f"sandbox sandbox at 127.0.0.1:{sandbox.port}"
    assert source.window(DAY) == ("2026-11-20", "2026-11-20")
    assert source.hosts == (sandbox.tascomi_url,)
    assert source.server_clock(source.hosts[0]) == pytest.approx(0, abs=1)
    assert source.prove_access().startswith("a signature was accepted")


RENAMED = {
    "tascomi_request_reference_column": "third_party_ref",
    "tascomi_number_column": "sr_number",
    "tascomi_contact_reference_column": "finance_ref",
}


@pytest.mark.parametrize(
    ("key", "row", "shown"),
    [
        (
            "tascomi/complaints",
            {"third_party_ref": "ours/1", "sr_number": "SR-1", "external_reference": "not it"},
            {"external_reference": "ours/1", "complaint_number": "SR-1"},
        ),
        ("tascomi/contacts", {"finance_ref": "C-7", "code": "not it"}, {"code": "C-7"}),
    ],
)
def test_the_feed_reads_the_columns_that_the_settings_name(
    world: World, server: FakeServer, tmp_path: Path, key: str, row: dict[str, str], shown: dict[str, str]
) -> None:
    headers = {"X-Number-Of-Results": "1", "X-Results-Per-Page": "100", "X-Page-Number": "1"}
    body = json.dumps([{"id": "1", "last_updated": "2026-11-20 10:00:00", **row}]).encode()
    server.on("/rest", whole(b""))
    server.on(f"/rest/v1/{FEEDS[key].name}", whole(body, headers=headers))
    request = ReportRequest(key, DAY, FEEDS[key].contract.wire_fields)
    source = TascomiReports.from_settings(
        made(tascomi_base_url=f"{server.url}/rest", **RENAMED), clock=world.ours
    )
    report = source.open(request, source.fetch(request, tmp_path / "body"))
    source.close()
    (told,) = report.frame.collect().to_dicts()
    assert told == {"id": "1", "last_updated": "2026-11-20 10:00:00", **shown}


@pytest.mark.parametrize("table", dialect.FEED_TABLES)
def test_the_contracts_guesses_are_those_that_writing_uses(table: str) -> None:
    settings = made()
    fields = set(FEEDS[f"tascomi/{table}"].contract.wire_fields)
    names = dialect.site_columns(table, settings)
    assert set(names) <= fields
    assert {name: name for name in names} == names  # as delivered the site's names are the contract's
    written = {*dialect.LINKS, dialect.RECEIVED, dialect.REMARKS, dialect.STATUS, dialect.CLOSED}
    assert table != dialect.COMPLAINTS or written <= set(names.values())
