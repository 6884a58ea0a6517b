"""Lists are whole and free of duplicates, although others work in the table meanwhile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import Unverified
from pipelines.sources.tascomi.bodies import Page
from pipelines.sources.tascomi.paging import read_whole, sort_by

if TYPE_CHECKING:
    from pipelines.sandbox.server import SandboxThread
    from pipelines.sources.tascomi.client import TascomiClient

SIZE = 3


class Table:
    """Ids on a list; before each page but the first of a run, somebody may change it."""

    def __init__(self, ids: set[int], changes: list[tuple[str, int]]) -> None:
        self.ids = ids
        self.throughout = set(ids)
        self.ever = set(ids)
        self.changes = changes
        self.reads = 0

    def page(self, number: int) -> Page:
        if self.reads and self.changes:
            self.change(*self.changes.pop(0))
        self.reads += 1
        ids = sorted(self.ids)
        rows = [{"id": str(one)} for one in ids[(number - 1) * SIZE : number * SIZE]]
        return Page(rows, len(ids), SIZE)

    def change(self, how: str, place: int) -> None:
        ids = sorted(self.ids)
        if how == "leave" and ids:
            gone = ids[place % len(ids)]
            self.ids.discard(gone)
            self.throughout.discard(gone)
        elif how == "join":
            self.ids.add(place)
            self.ever.add(place)
        elif how == "new":
            self.ids.add(max(self.ever, default=0) + 1)
            self.ever |= self.ids

    def is_listed(self, number: str) -> bool:
        return int(number) in self.ids


def read(table: Table) -> list[int]:
    found = [int(str(row["id"])) for row in read_whole(table.page, table.is_listed).rows]
    assert len(found) == len(set(found))
    assert found == sorted(found)
    return found


ids = st.sets(st.integers(1, 60), max_size=20)
places = st.integers(1, 60)


@given(ids, st.lists(st.tuples(st.just("leave"), places), max_size=30))
@settings(deadline=None, max_examples=200)
def test_nothing_is_missed_while_records_leave(start: set[int], changes: list[tuple[str, int]]) -> None:
    table = Table(start, changes)
    found = set(read(table))
    assert table.throughout <= found <= table.ever


@given(ids, st.lists(st.tuples(st.sampled_from(["join", "new"]), places), max_size=30))
@settings(deadline=None, max_examples=200)
def test_nothing_is_missed_while_records_join(start: set[int], changes: list[tuple[str, int]]) -> None:
    table = Table(start, changes)
    found = set(read(table))
    assert table.throughout <= found <= table.ever


@given(ids, st.lists(st.tuples(st.sampled_from(["leave", "join", "new"]), places), max_size=6))
@settings(deadline=None, max_examples=200)
def test_nothing_is_missed_in_a_list_that_comes_to_rest(
    start: set[int], changes: list[tuple[str, int]]
) -> None:
    table = Table(start, changes)
    found = set(read(table))
    assert table.throughout <= found <= table.ever


def test_a_quiet_list_is_read_twice_and_one_page_once() -> None:
    table = Table(set(range(1, 8)), [])
    assert read(table) == list(range(1, 8))
    assert table.reads == 6
    table = Table({1, 2, 3}, [])
    assert read(table) == [1, 2, 3]
    assert table.reads == 1


def test_a_count_that_is_never_reached_is_no_list() -> None:
    def page(_: int) -> Page:
        return Page([{"id": "1"}], 250, 100)

    with pytest.raises(Unverified) as caught:
        read_whole(page, lambda _: True)
    assert "250" in caught.value.why


def test_records_are_sorted_by_any_column() -> None:
    rows: list[dict[str, str | None]] = [
        {"id": "10", "name": "b"},
        {"id": "9", "name": None},
        {"id": "2", "name": "A"},
    ]
    assert [row["id"] for row in sort_by(rows, "id")] == ["2", "9", "10"]
    assert [row["id"] for row in sort_by(rows, "-name")] == ["10", "2", "9"]


@pytest.mark.parametrize("how", ["delete", "save", "create"])
@pytest.mark.parametrize("calls", [1, 3, None])
def test_paging_is_whole_under_the_shifting_dial(
    client: TascomiClient, sandbox: SandboxThread, how: str, calls: int | None
) -> None:
    office = sandbox.sandbox.office
    before = {str(row["id"]) for row in office.rows("contacts")}
    sandbox.faults.add("rows_shift", calls=calls, how=how)
    found = [str(row["id"]) for row in client.search("contacts", {"ceased": "f"})]
    after = {str(row["id"]) for row in office.rows("contacts")}
    assert len(found) == len(set(found))
    assert before & after <= set(found) <= before | after
    assert office.told()["count"] >= (calls or 5)


def test_a_day_that_records_leave_is_whole(client: TascomiClient, sandbox: SandboxThread) -> None:
    """A list of the day of the last change: whatever is saved anew meanwhile leaves it."""
    office, dice = sandbox.sandbox.office, random.Random(1)  # noqa: S311 - the same every time
    day = "2026-11-20"
    for row in office.rows("contacts"):
        row["last_updated"] = f"{day} 10:00:{dice.randrange(60):02}.000000"
    before = {str(row["id"]): dict(row) for row in office.rows("contacts")}
    sandbox.faults.add("rows_shift", how="save")
    found: dict[Any, Any] = {
        row["id"]: row for row in client.search("contacts", {"last_updated": day}, sort="-last_updated")
    }
    still = {str(row["id"]) for row in office.rows("contacts") if str(row["last_updated"]).startswith(day)}
    assert still <= found.keys() <= before.keys()
    assert len(still) < len(before)
    stamps = [row["last_updated"] for row in found.values()]
    assert stamps == sorted(stamps, reverse=True)
