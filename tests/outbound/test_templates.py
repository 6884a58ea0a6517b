"""Templates: read strictly, completed by an editor, held to their examples, and exact in what they send."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SettingsError
from pipelines.outbound.mapping import MappingRefused, Value, draft
from pipelines.outbound.opening import columns_of
from pipelines.outbound.payload import Payload, resolve, same
from pipelines.outbound.rehearsal import EXAMPLE_SCHEMA, example_schema_text, rehearse
from pipelines.outbound.templates import (
    EXAMPLES,
    SCHEMA,
    CreateTemplate,
    FromDate,
    FromField,
    FromPerson,
    FromText,
    NewRequestMap,
    Templates,
    read_template,
    read_templates,
    schema_text,
)
from pipelines.settings import ROOT, load_settings
from tests.outbound.fake_systems import COLUMNS, TEMPLATES, FakeCodes, case

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "outbound"
MANDATORY = """
[service_request]
core_function = { text = "EP" }
request_code = { text = "NOISED" }
investigating_officer = { text = "EHDUTY" }
"""
HEAD = 'kind = "create"\ndescription = "x"\nreference = "eh"\n'


def read(folder: Path, text: str) -> CreateTemplate:
    file = folder / "one.toml"
    file.write_text(text, encoding="utf-8")
    found = read_template(file)
    assert isinstance(found, CreateTemplate)
    return found


def refused(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as error:
        read(folder, text)
    return str(error.value)


def test_the_schema_files_are_what_the_code_takes() -> None:
    """When this fails, write the text of `schema_text()` and `example_schema_text()` into the files."""
    assert (FOLDER / SCHEMA).read_text("utf-8") == schema_text()
    assert (FOLDER / EXAMPLE_SCHEMA).read_text("utf-8") == example_schema_text()


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_the_schema_lets_the_templates_pass(file: Path) -> None:
    jsonschema.validate(tomllib.loads(file.read_text("utf-8")), json.loads(schema_text()))


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    wrong = tomllib.loads(HEAD + MANDATORY.replace('{ text = "EP" }', '{ field = "no_such_column" }'))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, json.loads(schema_text()))


def test_the_templates_hold_to_their_examples() -> None:
    told = dict(rehearse(FOLDER, read_templates(FOLDER), columns_of(load_settings())))
    assert len(told) >= 3
    assert not any(told.values())


def test_an_example_that_differs_is_told_field_by_field(tmp_path: Path) -> None:
    (tmp_path / EXAMPLES).mkdir()
    (tmp_path / "one.toml").write_text(HEAD + MANDATORY, encoding="utf-8")
    example = 'template = "one"\n[expect.service_request]\ncore_function_id = "core_functions:SS"\n'
    (tmp_path / EXAMPLES / "wrong.toml").write_text(example, encoding="utf-8")
    (_, lines), *_ = rehearse(tmp_path, read_templates(tmp_path), columns_of(load_settings()))
    assert lines[1] == (
        "service_request.core_function_id: sent 'core_functions:EP', expected 'core_functions:SS'"
    )
    assert len(lines) == 3


@pytest.mark.parametrize("name", ["core_function", "request_code", "investigating_officer"])
def test_a_template_without_a_mandatory_field_cannot_be_read(tmp_path: Path, name: str) -> None:
    lines = [line for line in MANDATORY.splitlines() if not line.startswith(name)]
    assert f"service_request.{name}: Field required" in refused(tmp_path, HEAD + "\n".join(lines))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('details = { field = "no_such_column" }', "no_such_column is no column of marts.cases_current"),
        ('details = { field = "due.Drop" }', "is no column"),
        ('received = { date = "case_label" }', "case_label is no date of a case"),
        ('details = { text = "a", field = "details" }', "a source is one of field, date, person"),
        ('details = { person = "shoe_size" }', "details"),
        ('detials = { text = "a" }', "detials"),
        ("[extra.NOISED]\n'Drop table' = { text = 'a' }", "lower case with underscores"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, more: str, told: str) -> None:
    message = refused(tmp_path, f"{HEAD}{MANDATORY}{more}\n")
    assert told in message
    assert "one.toml cannot be read" in message


def test_no_toml_and_no_folder_are_told(tmp_path: Path) -> None:
    assert "one.toml cannot be read" in refused(tmp_path, "kind = ")
    with pytest.raises(SettingsError, match="holds no template"):
        read_templates(tmp_path / "nothing")


def test_two_incoming_templates_of_one_reference_are_refused() -> None:
    told = TEMPLATES.incoming("eh")
    assert told is not None
    with pytest.raises(SettingsError, match="tell of one reference"):
        Templates({"one": told, "two": told})


def test_a_template_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match=r"no outgoing template 'told' \(there are noise, noise_update\)"):
        TEMPLATES.outgoing("told")


def create(**fields: object) -> CreateTemplate:
    mandatory = {name: FromText(text="1") for name in ("core_function", "request_code")}
    told = {**mandatory, "investigating_officer": FromText(text="1"), **fields}
    return CreateTemplate(
        kind="create",
        description="x",
        reference="eh",
        service_request=NewRequestMap.model_validate(told),
        extra={"1": {"size_id": FromField(field="form_type", codes={"Big": "7"})}},
    )


def test_dates_are_written_as_local_time() -> None:
    template = create(received=FromDate(date="created_at"), details=FromDate(date="received_date"))
    given_case = case(1)
    row = {
        **given_case.row,
        "created_at": datetime(2026, 7, 1, 23, 30, tzinfo=UTC),
        "received_date": date(2026, 7, 1),
    }
    made = draft(template, type(given_case)("1", "x", row, given_case.due))
    assert made.request["received"].text == "2026-07-02 00:30:00"
    assert made.request["details"].text == "2026-07-01 00:00:00"


def test_a_value_without_a_code_counts_as_none() -> None:
    template = create(details=FromField(field="form_type", codes={"Noise": "N"}, otherwise="?"))
    assert draft(template, case(1, form_type="Noise")).request["details"].text == "N"
    assert draft(template, case(1, form_type="Odour")).request["details"].text == "?"
    assert draft(template, case(1, form_type=None)).request["details"].text == "?"


def test_further_columns_follow_the_request_code() -> None:
    assert draft(create(), case(1, form_type="Big")).extra == {"size_id": Value("7", "public")}
    assert draft(create(request_code=FromText(text="2")), case(1, form_type="Big")).extra == {}


def test_a_place_that_the_gazetteer_lacks_is_refused() -> None:
    template = create(
        core_function=FromText(text="EP"),
        request_code=FromText(text="NOISED"),
        investigating_officer=FromText(text="EHDUTY"),
        location={"uprn": {"address": "uprn"}, "usrn": {"address": "usrn"}},
    )
    found = resolve(draft(template, case(1, location_uprn="100")), FakeCodes(), COLUMNS)
    assert found.request.record["dtf_location_id"] == "77"
    with pytest.raises(MappingRefused, match=r"service_request\.location\.uprn"):
        resolve(draft(template, case(1, location_uprn="5", location_usrn="100")), FakeCodes(), COLUMNS)


def test_personal_values_are_masked_unless_asked_for() -> None:
    template = TEMPLATES.outgoing("noise")
    payloads = resolve(draft(template, case(1)), FakeCodes(), COLUMNS)
    contact = payloads.contacts["requester"]
    assert contact.shown(personal=False) == {
        "code": "(2 characters)",
        "firstname": "(3 characters)",
        "surname": "(9 characters)",
    }
    assert contact.shown(personal=True)["surname"] == "Archer C1"
    shown = payloads.request.shown(personal=False)
    assert shown["core_function_id"] == "1"
    assert "Loud" not in shown["remarks"]
    assert "Archer" not in repr(payloads) + repr(draft(template, case(1))) + repr(case(1))


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5), max_size=5))
def test_a_digest_is_of_the_fields_and_not_of_their_order(record: dict[str, str | None]) -> None:
    turned = dict(reversed(record.items()))
    assert Payload(record).digest == Payload(turned).digest
    assert Payload({**record, "one more": "x"}).digest != Payload(record).digest


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z"]), max_size=20))
def test_what_comes_back_escaped_is_the_same(text: str) -> None:
    escaped = "".join(f"&#{ord(one)};" if one in "<>'\"" else one for one in text.replace("&", "&amp;"))
    assert same(text, escaped)


def test_persons_are_read_from_the_customers_columns() -> None:
    template = create(details=FromPerson(person="surname"))
    assert draft(template, case(1)).request["details"].text == "Archer C1"
