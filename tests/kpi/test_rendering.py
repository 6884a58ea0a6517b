"""What is rendered is what the rows say, member for member: against a card written the slow way."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import Permanent
from pipelines.kpi.card_file import FIRST_CARD
from pipelines.kpi.mapping import Mapping
from pipelines.kpi.rendering import Rows, render_cards, render_message
from pipelines.kpi.schema import Kpi, wire_instant
from pipelines.kpi.wording import wire_instants, worded

Row = dict[str, Any]
Schema = dict[str, pl.DataType | type[pl.DataType]]

MESSAGES = {
    "none": 'No "data"',
    "failed": "Failed\n!",
    "shared": "Shared",
    "stale": "{as_of}",
    "information": "i",
}
MAPPING = Mapping.model_validate(
    {
        "messages": MESSAGES,
        "section": [
            {
                "title": 'Cases "open"\\',
                "documents": "a.sql",
                "lines": "b.sql",
                "history": "c.sql",
                "history_line": 'Hist"ory',
                "field": [
                    {"column": "kind"},
                    {"label": 'Te"am', "column": "team"},
                    {"label": "Due", "column": "due_date"},
                ],
                "line_field": [{"label": "Team", "column": "team"}, {"label": "Due", "column": "due_date"}],
                "history_field": [
                    {"label": "Date", "column": "event_date"},
                    {"label": "Event", "column": "event"},
                ],
            },
            {"title": "Calls", "documents": "d.sql", "field": [{"label": "Kind", "column": "kind"}]},
        ],
    }
)

DOCUMENTS: Schema = {
    "card": pl.UInt32,
    "document": pl.Int64,
    "document_number": pl.String,
    "document_at": pl.Datetime("us", "UTC"),
    "external_url": pl.String,
    "tracking_url": pl.String,
    "status": pl.String,
    "colour": pl.String,
    "status_at": pl.Datetime("us", "UTC"),
    "amount": pl.Decimal(18, 2),
    "currency": pl.String,
    "kind": pl.String,
    "team": pl.String,
    "due_date": pl.Date,
}
LINES: Schema = {
    "document": pl.Int64,
    "line_name": pl.String,
    "quantity": pl.Int64,
    "delivered": pl.Int64,
    "line_url": pl.String,
    "team": pl.String,
    "due_date": pl.Date,
}
HISTORY: Schema = {"document": pl.Int64, "event_date": pl.Date, "event": pl.String}
CARDS = 4

text = st.text(max_size=12)  # every character but the halves of a pair: quotes, controls, other planes
maybe = st.none() | text
day = st.none() | st.dates(date(1990, 1, 1), date(2040, 1, 1))
instant = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zoned
count = st.none() | st.integers(0, 50)
document = st.fixed_dictionaries(
    {
        "card": st.integers(FIRST_CARD, FIRST_CARD + CARDS - 1),
        "document_at": instant,
        "external_url": maybe,
        "tracking_url": maybe,
        "status": maybe,
        "colour": st.sampled_from([None, "NORMAL", "RED"]),
        "status_at": st.none() | instant,
        "amount": st.none() | st.decimals(0, 10**6, places=2),
        "currency": maybe,
        "kind": maybe,
        "team": maybe,
        "due_date": day,
        "lines": st.lists(
            st.fixed_dictionaries(
                {
                    "line_name": text,
                    "quantity": count,
                    "delivered": count,
                    "line_url": maybe,
                    "team": maybe,
                    "due_date": day,
                }
            ),
            max_size=3,
        ),
        "history": st.lists(st.fixed_dictionaries({"event_date": day, "event": maybe}), max_size=3),
        "number": text,
    }
)


def people(value: object) -> str:
    return f"{value.day} {value:%b %Y}" if isinstance(value, date) else str(value)


def given_members(**members: object) -> Row:
    return {name: value for name, value in members.items() if value is not None}


def fields(row: Row, shown: dict[str, str]) -> list[Row] | None:
    told = [
        given_members(name=label or None, value=people(row[column]))
        for column, label in shown.items()
        if row[column] not in {None, ""}
    ]
    return told or None


def slowly(row: Row) -> Row:
    """Write one document as a person reads the ITX page."""
    lines = [
        given_members(
            name=line["line_name"],
            quantity=line["quantity"],
            delivered=line["delivered"],
            url=line["line_url"],
            fields=fields(line, {"team": "Team", "due_date": "Due"}),
        )
        for line in row["lines"]
    ]
    if row["history"]:
        cells = [
            {"name": label, "value": "" if one[column] is None else people(one[column])}
            for one in row["history"]
            for label, column in (("Date", "event_date"), ("Event", "event"))
        ]
        lines.append(
            {"name": 'Hist"ory', "expandableFields": [{"columns": ["Date", "Event"], "fields": cells}]}
        )
    status = given_members(
        name=row["status"],
        colorCode=row["colour"],
        updatedDate=row["status_at"] and wire_instant(row["status_at"]),
    )
    return given_members(
        documentNumber=row["document_number"],
        documentDate=wire_instant(row["document_at"]),
        externalUrl=row["external_url"],
        trackingUrl=row["tracking_url"],
        status=None if row["status"] is None else status,
        amount=row["amount"],
        currency=row["currency"],
        lines=lines or None,
        fields=fields(row, {"kind": "", "team": 'Te"am', "due_date": "Due"}),
    )


def rows_of(documents: list[Row]) -> Rows:
    lines = [line | {"document": row["document"]} for row in documents for line in row["lines"]]
    history = [one | {"document": row["document"]} for row in documents for one in row["history"]]
    return Rows(
        pl.DataFrame(documents, DOCUMENTS), pl.DataFrame(lines, LINES), pl.DataFrame(history, HISTORY)
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(document, max_size=8))
def test_bodies_are_what_the_rows_say_whatever_stands_in_them(documents: list[Row]) -> None:
    documents.sort(key=lambda row: int(row["card"]))
    for at, row in enumerate(documents):
        row |= {"document": at, "document_number": f"{at} {row['number']}"}
    cards = pl.int_range(FIRST_CARD, FIRST_CARD + CARDS, dtype=pl.UInt32, eager=True)
    told = render_cards(MAPPING, cards, [rows_of(documents), None])
    assert told.schema == {"card": pl.UInt32, "body": pl.String, "documents": pl.UInt32}
    for card, body, number in told.rows():
        mine = [slowly(row) for row in documents if row["card"] == card]
        first: Row = (
            {"title": 'Cases "open"\\'}
            | ({} if mine else {"message": MESSAGES["none"]})
            | {"documents": mine}
        )
        second = {"title": "Calls", "message": MESSAGES["failed"], "documents": []}
        assert json.loads(body, parse_float=Decimal) == {"sections": [first, second]}
        assert number == len(mine)


def one_document(**members: object) -> Row:
    row: Row = {
        "card": FIRST_CARD,
        "document": 1,
        "document_number": "1",
        "document_at": datetime(2026, 11, 22, tzinfo=UTC),
    }
    cards = pl.Series([FIRST_CARD], dtype=pl.UInt32)
    only = MAPPING.model_copy(update={"section": MAPPING.section[:1]})
    body = render_cards(only, cards, [Rows(pl.DataFrame([row | members]).cast({"card": pl.UInt32}))])[
        "body"
    ].item()
    Kpi.model_validate_json(body)
    found: Row = json.loads(body, parse_float=str)["sections"][0]["documents"][0]
    return found


@pytest.mark.parametrize(
    ("amount", "told"),
    [(Decimal("12.5"), "12.50"), (3.0, "3.00"), (Decimal("0.10"), "0.10"), (1e6, "1000000.00")],
)
def test_amounts_have_two_decimals(amount: object, told: str) -> None:
    assert one_document(amount=amount, currency="GBP")["amount"] == told


def test_what_a_document_lacks_is_left_out_and_so_is_a_colour_without_a_status() -> None:
    assert one_document(colour="RED") == {"documentNumber": "1", "documentDate": "2026-11-22T00:00:00Z"}


@pytest.mark.parametrize(
    ("london", "told"),
    [
        ("2026-03-29T00:59:59", "2026-03-29T00:59:59Z"),
        ("2026-03-29T02:00:00", "2026-03-29T01:00:00Z"),
        ("2026-07-01T00:00:00", "2026-06-30T23:00:00Z"),
        ("2026-10-25T00:30:00", "2026-10-24T23:30:00Z"),
        ("2026-10-25T02:00:00", "2026-10-25T02:00:00Z"),
    ],
)
def test_london_times_go_out_in_utc(london: str, told: str) -> None:
    local = pl.Series([datetime.fromisoformat(london)]).dt.replace_time_zone("Europe/London")
    assert wire_instants(local).to_list() == [told]


def test_the_hour_that_london_has_twice_is_told_apart_on_the_wire() -> None:
    instants = pl.Series("seen_at", ["2026-10-25T00:30:00", "2026-10-25T01:30:00"]).str.to_datetime(
        time_zone="UTC"
    )
    assert wire_instants(instants).to_list() == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]
    assert worded(instants).to_list() == ["25 Oct 2026 01:30", "25 Oct 2026 01:30"]


def column(name: str, *values: object, kind: pl.DataType | type[pl.DataType] | None = None) -> pl.Series:
    return pl.Series(name, [*values, None], dtype=kind)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (column("due_date", date(2026, 11, 2), date(1999, 12, 31)), ["2 Nov 2026", "31 Dec 1999"]),
        (column("due_date", date(1, 1, 1), date(2999, 1, 1)), ["1 Jan 0001", "1 Jan 2999"]),
        (column("seen_at", datetime(2026, 7, 1, 12, 5, 59, tzinfo=UTC)), ["1 Jul 2026 13:05"]),
        (column("seen_london", datetime(2026, 7, 1, 12, 5)), ["1 Jul 2026 12:05"]),  # noqa: DTZ001 - civil time
        (
            column("talk_seconds", 0, 59, 60, 200, 3600, 3725),
            ["0 s", "59 s", "1 min 0 s", "3 min 20 s", "1 h 0 min", "1 h 2 min"],
        ),
        (column("ring_seconds", Decimal("4.600"), Decimal("59.700")), ["5 s", "1 min 0 s"]),
        (
            column("agreed_gbp", Decimal("12.5"), Decimal(1250), Decimal(-3)),
            ["£12.50", "£1,250.00", "-£3.00"],
        ),
        (column("is_repeat", True, False), ["Yes", "No"]),
        (column("ring_seconds", 4.5, float("nan")), ["4 s", None]),
        (column("cases", 7), ["7"]),
        (column("team", 'A "B"'), ['A "B"']),
    ],
)
def test_values_are_worded_by_type_and_name(values: pl.Series, told: list[str]) -> None:
    assert worded(values).to_list() == [*told, None]
    assert worded(values).name == values.name


def test_a_type_that_no_card_shows_is_told() -> None:
    with pytest.raises(Permanent, match="phones"):
        worded(pl.Series("phones", [["1"]]))


def test_a_message_stands_in_every_section_that_did_not_fail() -> None:
    told = json.loads(render_message(MAPPING, MESSAGES["shared"], {"Calls"}))
    assert [section["message"] for section in told["sections"]] == ["Shared", "Failed\n!"]
    assert all(section["documents"] == [] for section in told["sections"])
