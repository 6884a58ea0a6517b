"""The shapes on the wire: as the vendor documents them, nothing null, nothing unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.kpi.schema import Kpi, KpiDocument, Problem, wire_instant

DOCUMENT = {"documentNumber": "A-1", "documentDate": "2026-11-22T10:00:00Z"}
EXAMPLE: dict[str, Any] = {
    "sections": [
        {
            "title": "Orders",
            "message": "Two are late.",
            "documents": [
                DOCUMENT
                | {
                    "externalUrl": "https://x.example/1",
                    "trackingUrl": "https://y.example/1",
                    "status": {
                        "name": "Shipped",
                        "colorCode": "GREEN",
                        "updatedDate": "2026-11-22T11:00:00Z",
                    },
                    "amount": 12.5,
                    "currency": "EUR",
                    "lines": [
                        {
                            "name": "Chair",
                            "quantity": 3,
                            "delivered": 1.5,
                            "url": "https://x.example/2",
                            "fields": [{"name": "Colour", "value": "red"}],
                            "expandableFields": [
                                {"columns": ["When"], "fields": [{"name": "When", "value": "today"}]}
                            ],
                        }
                    ],
                    "fields": [{"value": "nameless"}, {"name": "Team", "value": ""}],
                }
            ],
        },
        {"title": "Empty", "documents": []},
    ]
}


def card(members: dict[str, Any]) -> dict[str, Any]:
    return {"sections": [{"title": "Cases", "documents": [DOCUMENT | members]}]}


def test_the_whole_shape_comes_back_as_it_was() -> None:
    told = Kpi.model_validate_json(json.dumps(EXAMPLE))
    assert json.loads(told.wire()) == EXAMPLE
    assert Kpi.model_validate({}).wire() == b"{}"
    assert b"null" not in told.wire()


@pytest.mark.parametrize(
    "members",
    [
        {"documentNumber": ""},
        {"documentNumber": None},
        {"documentDate": "2026-11-22T10:00:00"},
        {"documentDate": "2026-11-22T10:00:00.000Z"},
        {"documentDate": "2026-11-22T10:00:00+00:00"},
        {"documentDate": "2026-02-30T10:00:00Z"},
        {"documentDate": "2026-1-22T010:00:00Z"},
        {"documentDate": 1795341600},
        {"document_date": "2026-11-22T10:00:00Z", "x": 1},
        {"amount": 1.234},
        {"amount": "12.50"},
        {"amount": True},
        {"amount": float("inf")},
        {"amount": None},
        {"status": {"name": "x", "colorCode": "green"}},
        {"status": {"colorCode": "RED"}},
        {"lines": [{"quantity": 1}]},
        {"lines": [{"name": "x", "fields": [{"value": "nameless"}]}]},
        {"lines": [{"name": "x", "expandableFields": [{"fields": []}]}]},
        {"fields": [{"name": "x"}]},
        {"fields": [{"name": None, "value": "x"}]},
        {"colour": "RED"},
    ],
)
def test_breaches_are_seen_and_their_values_not_told(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        Kpi.model_validate(card(members))
    assert "input_value" not in str(error.value)


def test_a_number_stands_once_on_a_card_whatever_the_section() -> None:
    section: dict[str, Any] = {"title": "Cases", "documents": [DOCUMENT]}
    with pytest.raises(ValidationError, match=r"1 documentNumber\(s\) stand on the card more than once"):
        Kpi.model_validate({"sections": [section, section]})


def test_title_and_documents_are_never_left_out() -> None:
    sections: list[dict[str, Any]] = [{"title": "Cases"}, {"documents": []}, {"title": "", "documents": []}]
    for section in sections:
        with pytest.raises(ValidationError):
            Kpi.model_validate({"sections": [section]})


def test_what_is_described_allows_no_null_and_names_every_member() -> None:
    for mode in ("validation", "serialization"):
        told = Kpi.model_json_schema(mode=mode)
        text = json.dumps(told)
        assert '"null"' not in text
        assert "default" not in text
        assert '"additionalProperties": false' in text
        shapes = told["$defs"] | {"Kpi": told}
        assert shapes["KpiDocument"]["required"] == ["documentNumber", "documentDate"]
        assert shapes["KpiSection"]["required"] == ["title", "documents"]
        assert "required" not in shapes["Kpi"]
        assert shapes["KpiNamedField"]["required"] == ["name", "value"]
        assert shapes["KpiStatus"]["properties"]["colorCode"]["enum"] == ["NORMAL", "GREEN", "ORANGE", "RED"]
        assert all(
            member["description"] for shape in shapes.values() for member in shape["properties"].values()
        )


LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("local", "wire"),
    [
        (datetime(2026, 7, 1, 9, 30, tzinfo=LONDON), "2026-07-01T08:30:00Z"),
        (datetime(2026, 11, 22, 9, 30, tzinfo=LONDON), "2026-11-22T09:30:00Z"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=LONDON), "2026-10-25T00:30:00Z"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=LONDON, fold=1), "2026-10-25T01:30:00Z"),
        (datetime(2026, 3, 29, 2, 0, 0, 999_999, tzinfo=LONDON), "2026-03-29T01:00:00Z"),
    ],
)
def test_london_times_go_out_in_utc_on_days_the_clock_changes_too(local: datetime, wire: str) -> None:
    assert wire_instant(local) == wire
    assert KpiDocument(document_number="1", document_date=local).document_date.tzinfo is UTC


@settings(max_examples=100, deadline=None)
@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants it so
def test_every_instant_survives_the_wire_to_the_second(instant: datetime) -> None:
    told = KpiDocument.model_validate(DOCUMENT | {"documentDate": wire_instant(instant)})
    assert told.document_date == instant.replace(microsecond=0)


def test_a_problem_is_the_standards_shape() -> None:
    told = Problem(title="Bad Request", status=400, detail="customerId is missing")
    assert json.loads(told.model_dump_json()) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "customerId is missing",
    }
