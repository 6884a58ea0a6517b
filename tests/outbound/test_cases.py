"""What the view of due cases may hold: a council edits it, and a join soon finds two places for one case."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.errors import SettingsError
from pipelines.outbound import cases
from pipelines.outbound.cases import CasesFound, read_cases
from pipelines.outbound.templates import CASES
from tests.outbound.fake_systems import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.lake import Lake

Row = dict[str, object]


def row(number: object = 7, template: str | None = "noise", uprn: str | None = None) -> Row:
    return {"case_id": number, "template": template, "location_uprn": uprn, "location_usrn": None}


class Catalogue:
    def __init__(self, due: list[Row]) -> None:
        self.due = due

    def ask(self, file: str, section: str, **values: object) -> pl.DataFrame:
        assert file == "outbound"
        if section == "due":
            return pl.DataFrame(self.due)
        wanted = values["case_ids"]
        assert isinstance(wanted, list)
        nothing: Row = dict.fromkeys(column.name for column in CASES.columns)
        return pl.DataFrame([nothing | {"case_id": number} for number in wanted])


def read(monkeypatch: pytest.MonkeyPatch, lake: Lake, *due: Row) -> CasesFound:
    @contextmanager
    def snapshot(_: Lake) -> Iterator[Catalogue]:
        yield Catalogue(list(due))

    monkeypatch.setattr(cases, "snapshot", snapshot)
    return read_cases(lake, TEMPLATES, [])


def test_a_row_that_stands_twice_counts_once(monkeypatch: pytest.MonkeyPatch, lake: Lake) -> None:
    found = read(monkeypatch, lake, row(), row(), row(template="noise_update"), row(template="noise_update"))
    assert [case.case_id for case in found.due] == ["7"]
    assert [case.template for case in found.updates["7"]] == ["noise_update"]


@pytest.mark.parametrize("template", ["noise", "noise_update"])
def test_two_places_for_one_case_are_refused_and_not_told(
    monkeypatch: pytest.MonkeyPatch, lake: Lake, template: str
) -> None:
    twice = [row(template=template, uprn=uprn) for uprn in ("10001", "10002")]
    with pytest.raises(SettingsError, match=f"two rows for case 7 by template {template}") as caught:
        read(monkeypatch, lake, *twice)
    assert "they differ in location_uprn" in str(caught.value)
    assert "1000" not in str(caught.value)


@pytest.mark.parametrize("wrong", [row(number=None), row(number="CASE-7"), row(template=None)])
def test_a_row_without_a_case_or_a_template_is_refused(
    monkeypatch: pytest.MonkeyPatch, lake: Lake, wrong: Row
) -> None:
    with pytest.raises(SettingsError, match="a row without a case_id or a template"):
        read(monkeypatch, lake, wrong)


def test_a_case_that_two_templates_want_to_raise_is_refused(
    monkeypatch: pytest.MonkeyPatch, lake: Lake
) -> None:
    monkeypatch.setitem(TEMPLATES._found, "other", TEMPLATES._found["noise"])
    with pytest.raises(SettingsError, match="wants case 7 raised twice"):
        read(monkeypatch, lake, row(), row(template="other"))
