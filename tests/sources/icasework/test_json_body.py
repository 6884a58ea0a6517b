from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.errors import CasehouseError, Permanent, Unverified
from pipelines.sources.icasework import json_body
from pipelines.sources.icasework.reports import open_report
from tests.sources.icasework.conftest import FIELDS, REQUEST

if TYPE_CHECKING:
    from tests.sources.icasework.conftest import Writes

FIRST = '{"CaseDetails.CaseId": "1", "CaseDetails.CaseType": "", "MainParty.Address": null}'
CASE = "CaseDetails.CaseId"


@pytest.mark.usefixtures("any_size")
def test_the_recorded_layout_is_read_and_empties_are_null(on_disk: Writes) -> None:
    cells = '"CaseDetails.CaseId": "1",\r\n"CaseDetails.CaseType": "",\r\n"MainParty.Address": "a\\nb"'
    live = f"[\r\n{{\r\n{cells}\r\n}}\n"
    report = open_report(REQUEST, on_disk(f"{live},\r\n{FIRST}\n]".encode(), "json"))
    assert (report.fields, report.total) == (FIELDS, None)
    assert report.frame.collect().rows() == [("1", None, "a\nb"), ("1", None, None)]


def test_an_empty_array_has_the_fields_asked_for(on_disk: Writes) -> None:
    report = open_report(REQUEST, on_disk(b"[\r\n]", "json"))
    assert report.fields == FIELDS
    assert report.frame.collect_schema() == dict.fromkeys(FIELDS, pl.String())


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ('{"CaseDetails.CaseId": 71}', "row 1 .*`int`.*CaseDetails.CaseId"),
        ('{"CaseDetails.CaseId": 7.1}', "row 1 .*`float`.*CaseDetails.CaseId"),
        ('{"CaseDetails.CaseId": true}', "row 1 .*`bool`.*CaseDetails.CaseId"),
        ('{"CaseDetails.CaseId": {"S3CRET": 1}}', "row 1 .*`object`.*CaseDetails.CaseId"),
        ('{"CaseDetails.CaseId": ["S3CRET"]}', "row 1 .*`array`.*CaseDetails.CaseId"),
        ('{"CaseDetails.CaseId": "1"}, {"CaseDetails.CaseId": 71}', "row 2 .*`int`.*CaseDetails.CaseId"),
        (f'{FIRST}, {{"{CASE}": "S3CRET"}}', "row 2 .*missing required field"),
        (f'{FIRST}, {FIRST[:-1]}, "Z": "S3CRET"}}', "row 2 .*unknown field `Z`"),
        (f"{FIRST}, {FIRST}, 5", "row 3"),
        ('{"A": "1", "A": "2"}', "stands twice in row 1"),
        ('{"CaseDetails.CaseId": "1", "S3CRET\\u0000": "2"}', "row 1 .* name is no name"),
        ('{"CaseDetails.CaseId": "1", "S3CRET\\"": "2"}', "row 1 .* name is no name"),
        ('{"CaseDetails.CaseId": "1", "S3CRET\\\\": "2"}', "row 1 .* name is no name"),
        ("[1]", "not an object"),
        ("5", "not an object"),
        ("{}", "not an object"),
        ('{"S3CRET": "1"}', "none of the fields"),
    ],
)
@pytest.mark.usefixtures("any_size")
def test_a_row_that_is_otherwise_is_named_without_its_values(on_disk: Writes, rows: str, why: str) -> None:
    with pytest.raises(Permanent, match=why) as error:
        open_report(REQUEST, on_disk(f"[{rows}]".encode(), "json"))
    for value in ("S3CRET", "71", "7.1", "true"):
        assert value not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[",
        b"[" + FIRST.encode(),
        b"[" + FIRST.encode() + b",",
        b"[" + FIRST.encode()[:-5] + b"]",
        b"{}",
        b"null",
        b"S3CRET",
        b"[]]",
        b"[" * 100_000,
        b'[{"A":' * 100_000,
        b'[{"A":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        b"[" + FIRST.encode() + b',{"A":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        b'[{"CaseDetails.CaseId": "1", "S3CRET\\ud800": "2"}]',
        b'[{"CaseDetails.CaseId": "\\ud800"}]',
        b'[{"CaseDetails.CaseId": "\x01"}]',
        FIRST.encode("utf-16"),
    ],
    ids=lambda content: repr(content[:24]),
)
def test_what_is_cut_or_no_array_is_unverified(on_disk: Writes, content: bytes) -> None:
    with pytest.raises(Unverified) as error:
        open_report(REQUEST, on_disk(content, "json"))
    assert "S3CRET" not in str(error.value)


def test_every_cut_of_a_body_is_unverified(on_disk: Writes) -> None:
    content = f"[\r\n{FIRST}\n,\r\n{FIRST}\n]".encode()
    for at in range(len(content)):
        with pytest.raises(Unverified):
            open_report(REQUEST, on_disk(content[:at], "json"))


def test_text_that_is_not_utf8_names_its_row(on_disk: Writes) -> None:
    content = f"[{FIRST}, {FIRST}]".encode().replace(b'"1"', b'"\xff"')
    with pytest.raises(CasehouseError, match=r"row 1 .*not"):
        open_report(REQUEST, on_disk(content, "json"))


@pytest.mark.parametrize("broken", [b"\xff", b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xc0\x80"])
@pytest.mark.parametrize("place", [b'"1"', b'Id"'])
def test_bytes_that_are_no_characters_are_refused_wherever_they_stand(
    on_disk: Writes, broken: bytes, place: bytes
) -> None:
    first = FIRST.encode()
    spoilt = first.replace(place, place[:-1] + broken + b'"')
    for content in (spoilt, first + b"," + spoilt):
        with pytest.raises(CasehouseError, match=r"row \d .*not|not UTF-8|unknown field"):
            open_report(REQUEST, on_disk(b"[" + content + b"]", "json"))


def test_of_a_field_that_stands_twice_in_a_later_row_the_last_counts(on_disk: Writes) -> None:
    """As it is documented, since looking for it would cost half as much again as reading."""
    twice = FIRST.replace('"1"', f'"1", "{CASE}": "2"')
    frame = open_report(REQUEST, on_disk(f"[{FIRST},{twice}]".encode(), "json")).frame
    assert frame.collect()[CASE].to_list() == ["1", "2"]


def test_many_batches_keep_their_order_and_name_the_row(
    on_disk: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_body, "BATCH_ROWS", 7)
    monkeypatch.setattr("pipelines.sources.spool.SMALL_BYTES", 0)
    rows: list[dict[str, object]] = [{CASE: str(number)} for number in range(100)]
    frame = open_report(REQUEST, on_disk(json.dumps(rows).encode(), "json")).frame
    assert frame.collect().to_series().to_list() == [str(number) for number in range(100)]
    rows[49] = {CASE: 5}
    with pytest.raises(Permanent, match="row 50 "):
        open_report(REQUEST, on_disk(json.dumps(rows).encode(), "json"))
