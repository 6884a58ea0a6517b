"""One identifier, one card: whoever writes it, however; never two people's documents on one card unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.errors import Permanent
from pipelines.kpi.card_file import FIRST_CARD, SHARED
from pipelines.kpi.identity import (
    KINDS,
    MOST_IN_A_HOUSEHOLD,
    TOLD_SCHEMA,
    Identities,
    hash_of,
    read_identifiers,
    readings,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.settings_kpi import CustomerId, IdentifierKind

KEY = b"key of the tests"
NUMBERS = {"e164": pl.String, "person": pl.String, "customer_id": pl.String}
HOME, MOBILE = "+442079460123", "+447700900123"

quick = settings(max_examples=60, deadline=None)
local = st.one_of(
    st.from_regex(r"20[378][0-9]{7}", fullmatch=True),
    st.from_regex(r"7[1-57-9][0-9]{8}", fullmatch=True),
    st.from_regex(r"1632960[0-9]{3}", fullmatch=True),
)


def known(
    customers: Sequence[str],
    phones: Sequence[tuple[str, str | None]] = (),
    told: Sequence[tuple[str, str, str]] = (),
    *,
    identified_by: CustomerId = "auto",
    households: bool = False,
) -> Identities:
    """Resolve customers, numbers and whose they are (None: a case that names nobody), told identifiers."""
    numbers = [(e164, owner or f"case {at}", owner) for at, (e164, owner) in enumerate(phones)]
    return resolve(
        pl.Series(customers, dtype=pl.String),
        pl.DataFrame(numbers, NUMBERS, orient="row"),
        pl.DataFrame(told, TOLD_SCHEMA, orient="row"),
        identified_by=identified_by,
        households=households,
    )


def whose(found: Identities, asked: str) -> set[str] | None:
    """Return the customers on the card that is answered, empty for the shared card, None for unknown."""
    cards = dict(found.identifiers.rows())
    for reading in readings(asked):
        if (card := cards.get(reading)) is not None:
            return (
                set(found.members.filter(pl.col("card") == card)["customer_id"]) if card != SHARED else set()
            )
    return None


def spellings(number: str) -> list[str]:
    area, rest = number[:4], number[4:]
    return [
        f"0{number}",
        f"+44{number}",
        f"0044{number}",
        f"0{area} {rest[:3]} {rest[3:]}",
        f"(0{area}) {rest[:3]}-{rest[3:]}",
        f"+44 (0){area} {rest}",
        f" +44 {area} {rest} ",
        f"0{area}.{rest}",
        f"tel:+44-{area}-{rest}",
    ]


@quick
@given(number=local, asked=st.integers(0, 8))
def test_any_spelling_of_a_british_number_reads_the_same(number: str, asked: int) -> None:
    every = [list(readings(spelling))[-1] for spelling in spellings(number)]
    assert set(every) == {f"tel:+44{number}"}
    found = known(["A"], [(f"+44{number}", "A")])
    assert whose(found, spellings(number)[asked]) == {"A"}
    assert len({hash_of(reading, KEY) for reading in every}) == 1


identifier = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=30)


@quick
@given(told=st.lists(st.tuples(st.sampled_from(KINDS[:4]), identifier, st.sampled_from("ABC")), max_size=12))
def test_the_highest_kind_that_knows_a_text_decides_and_a_shared_one_shows_nobody(
    told: list[tuple[str, str, str]],
) -> None:
    found = known(["A", "B", "C"], told=told)
    rows = [*told, *(("customer_number", name, name) for name in "ABC")]
    for text in {row[1] for row in rows}:
        highest = min(KINDS.index(kind) for kind, one, _ in rows if one == text)
        owners = {owner for kind, one, owner in rows if one == text and KINDS.index(kind) == highest}
        assert whose(found, text) == (owners if len(owners) == 1 else set())


@quick
@given(kind=st.sampled_from(KINDS), other=st.sampled_from(KINDS), text=identifier)
def test_a_setting_of_one_kind_finds_no_other_kind(kind: IdentifierKind, other: str, text: str) -> None:
    assume(other not in {kind, "phone"} and text not in "AB")
    told = [(other, text, "A")] if other != "customer_number" else []
    customers = ["A", "B", text] if other == "customer_number" else ["A", "B"]
    assert whose(known(customers, told=told, identified_by=kind), text) is None


@quick
@given(number=local)
def test_a_telephone_number_and_another_kind_of_the_same_digits_never_meet(number: str) -> None:
    e164 = f"+44{number}"
    as_text = known(["A", e164], [(e164, "A")])
    assert whose(as_text, e164) == {e164}  # the customer number, which goes before
    assert whose(as_text, f"0{number}") == {"A"}  # a spelling that only telephone numbers have
    external = known(["A", "B"], [(e164, "A")], [("external_id", e164, "B")])
    assert whose(external, f"0{number}") == {"A"}
    assert whose(known(["A", "B"], told=[("external_id", f"tel:{e164}", "B")]), f"0{number}") is None


@quick
@given(owners=st.lists(st.sampled_from(["A", "B", "C", None]), min_size=1, max_size=6))
def test_a_shared_number_shows_nobody_and_nobodys_calls(owners: list[str | None]) -> None:
    found = known(["A", "B", "C"], [(HOME, owner) for owner in owners])
    people = {owner or f"case {at}" for at, owner in enumerate(owners)}
    calls = set(found.numbers.rows())
    if len(people) > 1:
        assert whose(found, HOME) == set()
        assert not calls
    elif owners[0] is None:
        assert whose(found, HOME) is None
        assert not calls
    else:
        assert whose(found, HOME) == {owners[0]}
        assert calls == {(HOME, owners[0])}


def test_households_have_a_card_of_their_own_beside_each_ones() -> None:
    phones = [(HOME, "A"), (HOME, "B"), (MOBILE, "B"), ("+441632960001", "A"), ("+441632960001", "B")]
    found = known(["A", "B", "C"], phones, households=True)
    assert whose(found, HOME) == whose(found, "01632 960001") == {"A", "B"}
    assert whose(found, MOBILE) == whose(found, "B") == {"B"}
    assert found.cards == 4  # three customers, one household of two numbers
    assert set(found.numbers["customer_id"]) == {"A", "B"}
    assert found.members["card"].unique().sort().to_list() == list(range(FIRST_CARD, FIRST_CARD + 4))
    assert whose(known(["A", "B", "C"], phones), HOME) == set()


def test_too_many_for_a_household_and_a_case_that_names_nobody_stay_apart() -> None:
    crowd = [f"{at}" for at in range(MOST_IN_A_HOUSEHOLD + 1)]
    found = known(
        [*crowd, "A"], [*((HOME, one) for one in crowd), (MOBILE, "A"), (MOBILE, None)], households=True
    )
    assert whose(found, HOME) == whose(found, MOBILE) == set()
    assert found.numbers.is_empty()


def test_only_telephone_numbers_make_households() -> None:
    told = [("external_id", "X", "A"), ("external_id", "X", "B")]
    assert whose(known(["A", "B"], told=told, households=True), "X") == set()


def test_a_number_without_its_area_code_is_nobodys() -> None:
    assert list(readings("219430")) == ["id:219430"]


@pytest.mark.parametrize("asked", ["2079460123", "7700900123", "4857773456", "46701234567"])
def test_digits_of_another_kind_are_no_telephone_number(asked: str) -> None:
    assert list(readings(asked)) == [f"id:{asked}"]
    found = known(["A"], [(HOME, "A"), (MOBILE, "A")])
    assert whose(found, asked) is None
    assert whose(found, "442079460123") == whose(found, "02079460123") == {"A"}


def test_texts_that_two_kinds_have_for_two_customers_are_counted() -> None:
    told = [("external_id", "1", "A"), ("primary_key", "1", "B"), ("entity_id", "2", "A")]
    found = known(["A", "B"], told=told)
    assert found.overruled == 1
    assert whose(found, "1") == {"A"}
    assert known(["A", "B"], told=told, identified_by="primary_key").overruled == 0


def test_customers_that_only_other_systems_know_count_too() -> None:
    found = known(["A"], [(HOME, "A")], [("phone", HOME, "Z"), ("external_id", "X", "Z")])
    assert whose(found, HOME) == set()
    assert whose(found, "X") == {"Z"}


def test_capitals_and_spaces_within_count_and_those_around_do_not() -> None:
    found = known([], told=[("external_id", "Ab 1", "A")])
    assert whose(found, "  Ab 1 ") == {"A"}
    assert whose(found, "AB 1") is None
    assert whose(found, "Ab1") is None


@quick
@given(st.text(max_size=200))
def test_whatever_is_asked_reads_as_texts_that_a_file_can_hold(asked: str) -> None:
    for reading in readings(asked):
        assert len(reading.encode()) <= 511
        assert len(hash_of(reading, b"k" * 100)) == 32


def test_a_hash_needs_its_key() -> None:
    assert hash_of("id:1", KEY) != hash_of("id:1", b"another")
    assert hash_of("id:1", KEY) != hash_of("id:2", KEY)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["kind,identifier,customer_id", *lines, ""]), encoding="utf-8")
    return path


def test_identifiers_are_read_from_csv(tmp_path: Path) -> None:
    path = write(tmp_path / "known.csv", "external_id, X1 ,A", 'entity_id,"a,b",B', "phone,020 7946 0123,A")
    assert read_identifiers(path).rows() == [
        ("external_id", "X1", "A"),
        ("entity_id", "a,b", "B"),
        ("phone", HOME, "A"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "nickname,Zebedee,A",
        "external_id,,A",
        "external_id,Zebedee",
        "phone,Zebedee,A",
        f"entity_id,{'Z' * 600},A",
    ],
)
def test_a_bad_row_is_told_by_its_line_and_never_by_its_value(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "known.csv", "external_id,X1,A", line)
    with pytest.raises(Permanent, match="line 3") as error:
        read_identifiers(path)
    assert "Zebedee" not in str(error.value)
    assert "ZZZ" not in str(error.value)


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "known.csv", "", "external_id,X1,A", "")
    assert read_identifiers(path).rows() == [("external_id", "X1", "A")]


def test_a_file_of_other_columns_or_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "known.csv"
    with pytest.raises(Permanent, match="CASEHOUSE_KPI_IDENTIFIERS"):
        read_identifiers(path)
    path.write_text("id,customer\n1,2\n", encoding="utf-8")
    with pytest.raises(Permanent, match="line 1"):
        read_identifiers(path)
    path.write_text('kind,identifier,customer_id\nexternal_id,X,A\n"Zebedee', encoding="utf-8")
    with pytest.raises(Permanent, match="after line 3") as error:
        read_identifiers(path)
    assert "Zebedee" not in str(error.value)
    path.write_bytes(b"kind,identifier,customer_id\nexternal_id,\xff,A\n")
    with pytest.raises(Permanent, match="UTF-8"):
        read_identifiers(path)
