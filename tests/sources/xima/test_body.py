from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, Permanent, Unverified
from pipelines.sources.report import ReportRequest
from pipelines.sources.xima import rows
from pipelines.sources.xima.body import open_report
from tests.sources.xima.conftest import EXAMPLE, REQUEST, report_of

if TYPE_CHECKING:
    from tests.sources.xima.conftest import Writes

NAME, NUMBER, TALK = ("0", "Agent", "STRING"), ("1", "Calls", "NUMBER"), ("2", "Talking", "DURATION")


def cells(on_disk: Writes, content: dict[str, Any]) -> list[tuple[str | None, ...]]:
    return open_report(REQUEST, on_disk(content)).frame.collect().rows()


@pytest.mark.usefixtures("any_size")
def test_the_documented_example_gives_the_documented_numbers(on_disk: Writes) -> None:
    report = open_report(REQUEST, on_disk(EXAMPLE))
    assert report.fields == (
        "Agent [STRING]",
        "Inbound Calls [NUMBER]",
        "Outbound Calls [NUMBER]",
        "Internal Calls [NUMBER]",
        "Total Calls [NUMBER]",
        "Total Talking [DURATION]",
        "Avg Talking [DURATION]",
    )
    assert report.total is None
    assert report.controls == {
        "Agents": 1,
        "Total Inbound Calls": 4,
        "Total Outbound Calls": 6,
        "Total Internal Calls": 4,
        "Total Calls": 14,
        "Total Talking": 12673424,
        "Avg Talking": 1810489,
    }
    frame = report.frame.collect()
    assert frame.schema == dict.fromkeys(report.fields, pl.String())
    assert frame.rows() == [("Agent1(200)", "4", "6", "4", "14", "12673424", "1810489")]


@pytest.mark.usefixtures("any_size")
def test_a_report_without_rows_has_its_columns(on_disk: Writes) -> None:
    report = open_report(REQUEST, on_disk(EXAMPLE | {"rows": []}))
    assert report.frame.collect_schema() == dict.fromkeys(report.fields, pl.String())
    assert report.frame.collect().is_empty()


def test_cells_are_joined_by_key_wherever_they_and_their_columns_stand(on_disk: Writes) -> None:
    one = {
        "values": {"2": {"formattedValue": "0:00:01", "value": 1999}, "0": {"value": "x"}, "1": {"value": 7}}
    }
    assert cells(on_disk, report_of([NAME, NUMBER, TALK], [one])) == [("x", "7", "1999")]
    moved = report_of([TALK, NAME, NUMBER], [one])
    assert open_report(REQUEST, on_disk(moved)).fields == (
        "Talking [DURATION]",
        "Agent [STRING]",
        "Calls [NUMBER]",
    )
    assert cells(on_disk, moved) == [("1999", "x", "7")]


@pytest.mark.parametrize(
    "odd", [None, {}, {"value": None}, {"value": ""}, {"value": None, "formattedValue": ""}]
)
def test_a_cell_without_value_is_null(on_disk: Writes, odd: object) -> None:
    columns = [NAME, NUMBER, TALK]
    assert cells(on_disk, report_of(columns, [{"values": {}}])) == [(None, None, None)]
    empty = {"values": dict.fromkeys("012", odd)}
    assert cells(on_disk, report_of(columns, [empty])) == [(None, None, None)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("14", "14"),
        ("-3", "-3"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808"),
        ("14.0", "14.0"),
        ("1e3", "1e3"),
        ("true", "true"),
        ("false", "false"),
        ('"14"', "14"),
        ('"n/a"', "n/a"),
        ('"1 4"', "1 4"),
    ],
)
@pytest.mark.parametrize("column", [NUMBER, ("1", "Calls", "PERCENTAGE"), ("1", "Calls", "STRING")])
def test_a_value_stays_as_it_is_spelled(
    on_disk: Writes, value: str, text: str, column: tuple[str, str, str]
) -> None:
    body = json.dumps(report_of([column], [{"values": {"1": {"value": "HERE"}}}])).replace('"HERE"', value)
    frame = open_report(REQUEST, on_disk(body.encode())).frame.collect()
    assert frame.rows() == [(text,)]
    is_whole = value.strip('"').lstrip("-").isdigit() and value != "9223372036854775808"
    assert (frame.to_series().cast(pl.Int64, strict=False)[0] is not None) == is_whole


@pytest.mark.parametrize(
    ("value", "shown", "text"),
    [
        ("12673424", '"3:31:13"', "12673424"),
        ("0", '"0:00:00"', "0"),
        ("999", '"0:00:00"', "999"),
        ("3599999", '"0:59:59"', "3599999"),
        ("86400000", '"24:00:00"', "86400000"),
        ("3600000000", '"1000:00:00"', "3600000000"),
        ("12673424", '"3:31:12"', "12673424 (shown as 3:31:12)"),
        ("12673424", '"3:31:14"', "12673424 (shown as 3:31:14)"),
        ("12673424", '"03:31:13"', "12673424 (shown as 03:31:13)"),
        ("12673424", "null", "12673424 (shown as nothing)"),
        ("12673424", "12673", "12673424 (shown as 12673)"),
        ("12673", '"3:31:13"', "12673 (shown as 3:31:13)"),
        ("-5", '"0:00:00"', "-5 (shown as 0:00:00)"),
        ("-9223372036854775808", '"0:00:00"', "-9223372036854775808 (shown as 0:00:00)"),
        ("null", '"0:05:00"', "nothing (shown as 0:05:00)"),
        ('"12673424"', '"3:31:12"', "12673424 (shown as 3:31:12)"),
        ('"12673424"', '"3:31:13"', "12673424"),
        ("14.0", '"0:00:00"', "14.0"),
        ("true", '"0:00:00"', "true"),
    ],
)
def test_a_duration_is_held_against_how_it_is_shown(
    on_disk: Writes, value: str, shown: str, text: str
) -> None:
    row = {"values": {"2": {"value": "HERE", "formattedValue": "THERE"}}}
    good = {"values": {"2": {"value": 1000, "formattedValue": "0:00:01"}}}
    body = json.dumps(report_of([TALK], [good, row])).replace('"HERE"', value).replace('"THERE"', shown)
    assert open_report(REQUEST, on_disk(body.encode())).frame.collect().rows() == [("1000",), (text,)]


def test_averages_texts_and_truths_are_no_controls_whatever_format_they_claim(on_disk: Writes) -> None:
    items = [
        {"title": "Calls", "value": 3, "format": "DURATION"},
        {"title": "Less", "value": -3},
        {"title": "Many", "value": 10**20},
        {"title": "Average", "value": 3.0},
        {"title": "Large", "value": 1e400},
        {"title": "Truth", "value": True},
        {"title": "Text", "value": "3"},
        {"title": "Empty", "value": None},
        {"title": "Absent"},
        {"title": "Parts", "value": {"a": 1}},
    ]
    text = json.dumps(EXAMPLE | {"summaryItems": items}).replace("Infinity", "1e400")
    assert open_report(REQUEST, on_disk(text.encode())).controls == {"Calls": 3, "Less": -3, "Many": 10**20}


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-03-29", "2026-03-29T00:00:00+00:00", "2026-03-29T23:59:59+01:00"),
        ("2026-10-25", "2026-10-25T00:00:00+01:00", "2026-10-25T23:59:59+00:00"),
        ("2026-10-25", "2026-10-24T23:00:00Z", "2026-10-25T23:59:59.999Z"),
        ("2026-07-01", "2026-06-30T17:00:00-06:00", "2026-07-01T16:59:59-06:00"),
    ],
)
def test_the_timeframe_told_back_is_compared_as_instants(
    on_disk: Writes, day: str, start: str, end: str
) -> None:
    request = ReportRequest("xima/calls", ReportDay.parse(day), ())
    assert open_report(request, on_disk(EXAMPLE | {"timeframe": {"start": start, "end": end}})).fields


@pytest.mark.parametrize(
    "told",
    [
        {"start": "2026-11-21T00:00:00+00:00", "end": "2026-11-21T23:59:59+00:00"},
        {"start": "2026-11-22T00:00:00+01:00", "end": "2026-11-22T23:59:59+00:00"},
        {"start": "2026-11-22T00:00:00+00:00", "end": "2026-11-22T23:59:58+00:00"},
        {"start": "2026-11-22T00:00:00", "end": "2026-11-22T23:59:59"},
        {"start": "S3CRET", "end": "2026-11-22T23:59:59+00:00"},
    ],
)
def test_a_report_of_another_time_is_unverified(on_disk: Writes, told: dict[str, str]) -> None:
    with pytest.raises(Unverified, match="another timeframe than was asked for") as error:
        open_report(REQUEST, on_disk(EXAMPLE | {"timeframe": told}))
    assert "S3CRET" not in str(error.value)


SAME_KEY = [
    {"key": "0", "title": "Agent", "format": "STRING"},
    {"key": "0", "title": "S3CRET", "format": "x"},
]
SAME_TITLE = [
    {"key": "0", "title": "Agent", "format": "STRING"},
    {"key": "1", "title": "Agent", "format": "x"},
]
WRONG_PARTS: list[tuple[dict[str, Any], type[CasehouseError], str]] = [
    ({"rows": {"S3CRET": 1}}, Permanent, r"not built as a report.*`array`, got `object`.*\$\.rows"),
    ({"rows": None}, Permanent, "not built as a report"),
    ({"columns": "S3CRET"}, Permanent, r"not built as a report.*\$\.columns"),
    ({"columns": [{"key": 0, "title": "S3CRET", "format": "x"}]}, Permanent, r"not built as a report.*key"),
    ({"columns": []}, Permanent, "has no columns"),
    ({"columns": SAME_KEY}, Permanent, "two columns of the report have the same key"),
    ({"columns": SAME_TITLE}, Permanent, "two columns of the report have the same title"),
    ({"dataFlag": "S3CRET"}, Unverified, "came without its rows.*dataFlag is not INCLUDED"),
    ({"summaryItems": {"S3CRET": 1}}, Permanent, r"not built as a report.*\$\.summaryItems"),
    ({"summaryItems": [{"title": "Calls", "value": 1}] * 2}, Unverified, "stands twice"),
    ({"timeframe": None}, Permanent, r"not built as a report.*\$\.timeframe"),
]


@pytest.mark.parametrize("case", WRONG_PARTS, ids=str)
def test_what_is_not_built_as_a_report_is_told_without_values(
    on_disk: Writes, case: tuple[dict[str, Any], type[CasehouseError], str]
) -> None:
    part, kind, said = case
    with pytest.raises(kind, match=said) as error:
        open_report(REQUEST, on_disk(EXAMPLE | part))
    assert "S3CRET" not in str(error.value)


@pytest.mark.parametrize("part", ["rows", "columns", "timeframe", "dataFlag", "summaryItems"])
def test_a_part_that_is_missing_is_named(on_disk: Writes, part: str) -> None:
    told = {name: value for name, value in EXAMPLE.items() if name != part}
    with pytest.raises(Permanent, match=f"not built as a report.*`{part}`"):
        open_report(REQUEST, on_disk(told))


WRONG_ROWS: list[tuple[object, str]] = [
    (None, "not built as a row"),
    (5, "not built as a row"),
    ("S3CRET", "not built as a row"),
    (["S3CRET"], "not built as a row"),
    ({}, "not built as a row"),
    ({"values": None}, "not built as a row"),
    ({"values": ["S3CRET"]}, "not built as a row"),
    ({"values": {"0": "S3CRET"}}, "not built as a row"),
    ({"values": {"0": [1]}}, "not built as a row"),
    ({"values": {"0": {"value": {"S3CRET": 1}}}}, "has a cell that is neither text nor number"),
    ({"values": {"0": {"value": ["S3CRET"]}}}, "has a cell that is neither text nor number"),
    ({"values": {"S3CRET": {"value": "x"}}}, "has a cell of no column"),
    ({"values": {"9": None}}, "has a cell of no column"),
]


@pytest.mark.parametrize("case", WRONG_ROWS, ids=str)
@pytest.mark.usefixtures("any_size")
def test_a_row_that_is_otherwise_is_named_without_its_values(
    on_disk: Writes, case: tuple[object, str]
) -> None:
    row, said = case
    good = {"values": {"0": {"value": "x"}}}
    with pytest.raises(Permanent, match=f"row 2 of the report (is )?{said}") as error:
        open_report(REQUEST, on_disk(report_of([NAME], [good, row])))
    assert "S3CRET" not in str(error.value)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\xff"', b'"\x01"', b'"\xed\xa0\x80"', b'"\\x"'])
@pytest.mark.parametrize("key", [b"0", b"1"])
def test_a_text_that_is_none_is_unverified(on_disk: Writes, text: bytes, key: bytes) -> None:
    body = json.dumps(report_of([NAME, NUMBER], [{"values": {"KEY": {"value": "HERE"}}}])).encode()
    with pytest.raises(Unverified, match="not well-formed"):
        open_report(REQUEST, on_disk(body.replace(b"KEY", key).replace(b'"HERE"', text)))


def test_further_parts_are_let_pass(on_disk: Writes) -> None:
    row = {"values": {"0": {"value": "x", "color": [1]}}, "level": {"a": 1}}
    assert cells(on_disk, report_of([NAME], [row], more={"rows": 5}, charts=None)) == [("x",)]


def test_every_cut_of_a_body_is_unverified(on_disk: Writes) -> None:
    content = json.dumps(EXAMPLE).encode()
    for at in [*range(0, len(content), 7), len(content) - 1]:
        with pytest.raises(Unverified):
            open_report(REQUEST, on_disk(content[:at]))


@pytest.mark.parametrize("content", [b"null", b"[]", b"5", b'"S3CRET"', b"{}"])
def test_another_document_is_no_report(on_disk: Writes, content: bytes) -> None:
    with pytest.raises(Permanent, match="not built as a report"):
        open_report(REQUEST, on_disk(content))


@pytest.mark.parametrize("nested", [b"[" * 100_000, b'{"rows":' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
def test_what_is_nested_too_deep_is_unverified(on_disk: Writes, nested: bytes) -> None:
    with pytest.raises(CasehouseError):
        open_report(REQUEST, on_disk(nested))


@pytest.mark.parametrize("depth", [900, 100_000])
@pytest.mark.parametrize(
    "place", ['{"values":{"0":{"value":HERE}}}', '{"values":HERE}', '{"x":HERE}', "HERE"]
)
def test_a_row_that_is_nested_deep_ends_no_process(on_disk: Writes, depth: int, place: str) -> None:
    row = place.replace("HERE", "[" * depth + "]" * depth)
    body = json.dumps(report_of([NAME], ["ROW"])).replace('"ROW"', row)
    with pytest.raises(CasehouseError):
        open_report(REQUEST, on_disk(body.encode()))


def test_a_body_that_changed_on_disk_is_unverified(on_disk: Writes) -> None:
    body = on_disk(EXAMPLE)
    body.path.write_bytes(b"{}")
    with pytest.raises(Unverified, match="not the body that was received"):
        open_report(REQUEST, body)


@pytest.mark.usefixtures("any_size")
def test_many_pieces_keep_their_order_and_name_the_row(
    on_disk: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PIECE_ROWS", 7)
    told = [{"values": {"0": {"value": f"Zoë {number}"}, "1": {"value": number}}} for number in range(100)]
    expected = [(f"Zoë {number}", str(number)) for number in range(100)]
    assert cells(on_disk, report_of([NAME, NUMBER], told)) == expected
    odd: Any = copy.deepcopy(told)
    odd[49]["values"]["1"]["value"] = 1.5
    expected[49] = (expected[49][0], "1.5")
    assert cells(on_disk, report_of([NAME, NUMBER], odd)) == expected
    odd[51] = 5
    with pytest.raises(Permanent, match="row 52 of the report is not built as a row"):
        cells(on_disk, report_of([NAME, NUMBER], odd))
