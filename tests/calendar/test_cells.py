"""The page tells what the catalogue proves, and nothing else."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipelines import cli
from pipelines.calendar import Repulls, calendar_path, read_calendar, write_calendar
from pipelines.days import ReportDay
from pipelines.errors import Permanent, Transient
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.warehouse import build, run_query
from tests.calendar.invented import LAST, NOW, a_cell, revised, unpacked
from tests.plain_source import PARCELS
from tests.warehouse.loaded import SECRET_VALUE, load, load_all_kinds, rebuild

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipelines.revisions import Revision

FEED = PARCELS.key
DAYS = [ReportDay.parse("2026-11-01").plus(number) for number in range(5)]
PROVED = ("origin", "window_from", "source_total", "rows_good", "rows_quarantined", "contract", "version")
APPLIED, SHRUNK = revised(NOW, 1, 2, 3), revised(NOW, gone=9, kept=True, why="deleted there")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A day of every kind; the verified one was asked for again in vain."""
    lake = Lake(tmp_path_factory.mktemp("calendar") / "data")
    source = load_all_kinds(lake, DAYS)
    source.errors[str(DAYS[0])] = Transient("the source answered 500")
    load(lake, DAYS[:1], source)
    rebuild(lake, DAYS)
    return lake


def test_every_day_has_the_status_and_the_receipt_that_the_lake_has(loaded: Lake) -> None:
    calendar = read_calendar(loaded)
    assert (calendar.since, calendar.until, calendar.unused) == (DAYS[0].date, DAYS[-1].date, [])
    cells = calendar.feeds[FEED]
    assert [cell.status for cell in cells] == ["verified", "quarantined", "unverified", "failed", "missing"]
    for cell in cells:
        receipt = loaded.receipt(FEED, ReportDay(cell.day))
        assert cell.is_loaded == (receipt is not None)
        names = (
            "origin",
            "window_from",
            "source_total",
            "rows_good",
            "rows_quarantined",
            "contract",
            "version",
        )
        assert [getattr(cell, name) for name in names] == [getattr(receipt, name, None) for name in names]
        assert cell.body == (receipt.body_sha256[:12] if receipt else None)


def test_a_failure_is_told_beside_the_receipt_that_stays(loaded: Lake) -> None:
    verified, _, _, failed, _ = read_calendar(loaded).feeds[FEED]
    assert (verified.kind, failed.kind) == ("transient", "transient")
    assert verified.message
    assert "answered 500" in verified.message
    assert failed.message == loaded.failures(FEED)[DAYS[3]].message
    assert isinstance(failed.attempted_at, datetime)


def test_revisions_come_in_by_feed_and_day(loaded: Lake) -> None:
    asked = []

    def revisions(feed: str) -> Mapping[ReportDay, Sequence[Revision]]:
        asked.append(feed)
        return {DAYS[0]: [APPLIED], DAYS[0].plus(-40): [APPLIED]}

    cells = read_calendar(loaded, Repulls(revisions, lambda _feed: {DAYS[1]})).feeds[FEED]
    assert asked == [FEED]
    assert [cell.status for cell in cells][:3] == ["revised", "held", "unverified"]
    assert cells[0].revisions == [APPLIED]


@pytest.mark.parametrize(
    ("recorded", "revisions", "is_held", "shown"),
    [
        ("verified", [], False, "verified"),
        ("verified", [APPLIED], False, "revised"),
        ("verified", [APPLIED, SHRUNK], True, "held"),
        ("verified", [APPLIED, SHRUNK], False, "revised"),  # the source has told the rows again
        ("verified", [SHRUNK], False, "verified"),
        ("verified", [SHRUNK, APPLIED], False, "revised"),
        ("quarantined", [APPLIED], False, "quarantined"),
        ("quarantined", [SHRUNK], True, "held"),
        ("unverified", [SHRUNK], True, "unverified"),
        ("failed", [APPLIED], False, "failed"),
        ("missing", [APPLIED], False, "missing"),
    ],
)
def test_the_weightiest_status_is_shown(
    recorded: str, revisions: list[Revision], shown: str, *, is_held: bool
) -> None:
    assert a_cell(FEED, LAST, recorded, revisions=revisions, is_held=is_held).status == shown


def test_a_source_that_was_never_asked_is_left_out_but_not_one_that_failed(lake: Lake) -> None:
    lake.record_failure("xima/calls", DAYS[0], Transient("no answer"), NOW)
    build(lake, FEEDS, since=DAYS[0], until=DAYS[1])
    calendar = read_calendar(lake)
    assert calendar.unused == ["icasework", "tascomi"]
    assert {feed.partition("/")[0] for feed in calendar.feeds} == {"xima"}


def test_where_no_source_was_ever_asked_all_feeds_are_shown(lake: Lake, days: list[ReportDay]) -> None:
    rebuild(lake, days)
    assert [cell.status for cell in read_calendar(lake).cells] == ["missing"] * len(days)


def test_without_a_catalogue_it_says_to_make_one(lake: Lake) -> None:
    with pytest.raises(Permanent, match="casehouse rebuild"):
        read_calendar(lake)


def test_a_catalogue_that_expects_no_day_is_refused(lake: Lake, days: list[ReportDay]) -> None:
    rebuild(lake, [days[1], days[0]])
    with pytest.raises(Permanent, match="no day to show yet"):
        read_calendar(lake)


def test_no_value_of_a_row_is_in_it(loaded: Lake, tmp_path: Path) -> None:
    path = write_calendar(loaded, NOW, tmp_path / "page.html")
    told = path.read_text("utf-8") + repr(unpacked(read_calendar(loaded)))
    values = run_query(loaded, "select distinct label from depot.parcels")["label"].drop_nulls().to_list()
    assert values
    for value in (*values, SECRET_VALUE):
        assert value not in told


def test_the_command_writes_the_same_page_but_for_the_time(
    loaded: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(loaded.root))
    elsewhere = tmp_path / "new" / "page.html"
    for words in ([], ["--out", str(elsewhere)]):
        with pytest.raises(SystemExit) as left:
            cli.main(["calendar", *words])
        assert left.value.code == 0
    assert capsys.readouterr().out.split() == [str(calendar_path(loaded)), str(elsewhere)]
    paths = (calendar_path(loaded), elsewhere)
    one, other = (re.sub(r"Written [^,]*", "", path.read_text("utf-8")) for path in paths)
    assert one == other
    later = write_calendar(loaded, NOW + timedelta(hours=1), elsewhere).read_text()
    assert later != write_calendar(loaded, NOW, elsewhere).read_text()
