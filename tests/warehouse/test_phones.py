"""Numbers written in whatever way come to one form; what is no number comes to none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.feeds import FEEDS
from pipelines.telephone import e164
from pipelines.warehouse import build, phones, run_query
from tests.contact_centre import DAY, call, case, load

if TYPE_CHECKING:
    from pipelines.lake import Lake


@pytest.mark.parametrize(
    "written",
    [
        "020 7946 0123",
        "02079460123",
        "+44 20 7946 0123",
        "+442079460123",
        "0044 20 7946 0123",
        "+44 (0)20 7946 0123",
        "(020) 7946-0123",
        " 020 7946 0123 ext 4",
    ],
)
def test_one_number_has_one_form(written: str) -> None:
    assert e164(written) == "+442079460123"


@pytest.mark.parametrize(
    "written",
    [
        *("Anonymous", "Withheld", "", " ", "310", "999", "0000 000 0000", "020 7946 0123 / 07700 900123"),
        # An extension of four digits, and numbers without their area code: of six, seven and eight digits.
        *("2345", "960 123", "496 0001", "7946 0123", "+44 7946 0123"),
    ],
)
def test_what_is_no_number_comes_to_none(written: str) -> None:
    assert e164(written) is None


@pytest.mark.parametrize(
    ("written", "whole"), [("0800 1111", "+448001111"), ("0800 496 012", "+44800496012")]
)
def test_a_short_number_counts_where_the_plan_has_it(written: str, whole: str) -> None:
    assert e164(written) == whole


def test_a_number_from_abroad_keeps_its_country() -> None:
    assert e164("+33 1 23 45 67 89") == "+33123456789"


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=200)
def test_no_text_breaks_it(written: str) -> None:
    read = e164(written)
    assert read is None or (read.startswith("+") and e164(read) == read)


def rebuild(lake: Lake, *, afresh: bool = False) -> list[tuple[str, str | None]]:
    build(lake, FEEDS, since=DAY, until=DAY.plus(2), afresh=afresh)
    return run_query(lake, "select written, e164 from ops.phones order by written").rows()


def test_the_table_holds_what_feeds_write_now_and_parses_only_what_is_new(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    parse = e164

    def count(written: str) -> str | None:
        parsed.append(written)
        return parse(written)

    monkeypatch.setattr(phones, "e164", count)
    load(lake, DAY, calls=[call("1", caller="020 7946 0123", called="03069 990100")])
    load(lake, DAY, cases=[case(7, phone="+442079460123", mobile="")])
    first = [
        ("+442079460123", "+442079460123"),
        ("020 7946 0123", "+442079460123"),
        ("03069 990100", "+443069990100"),
    ]
    assert rebuild(lake) == first
    assert len(parsed) == 3
    assert rebuild(lake) == first
    assert len(parsed) == 3
    load(lake, DAY, calls=[call("1", caller="Anonymous", called="03069 990100")])
    second = [("+442079460123", "+442079460123"), ("03069 990100", "+443069990100"), ("Anonymous", None)]
    assert rebuild(lake) == second
    assert parsed[3:] == ["Anonymous"]
    assert rebuild(lake, afresh=True) == second
    monkeypatch.setattr(phones, "READ_BY", "phonenumbers of another plan")
    assert rebuild(lake) == second
    assert len(parsed) == 3 + 1 + 3 + 3
