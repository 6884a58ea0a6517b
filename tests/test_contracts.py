"""Contracts pin what was recorded, and every column says what it is."""

from __future__ import annotations

import re

import pytest

from pipelines.contracts.columns import Text, Whole
from pipelines.contracts.contract import Contract, Rows, wire
from pipelines.contracts.icasework import ICASEWORK_CONTRACTS
from pipelines.contracts.xima import XIMA_CONTRACTS
from pipelines.errors import SettingsError
from pipelines.feeds import FEEDS

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
ENDINGS = {"Date": "_date", "Datetime": "_at", "Decimal": "_gbp"}
CONTRACTS = (*ICASEWORK_CONTRACTS, *XIMA_CONTRACTS)


def test_the_ten_feeds_are_registered_under_their_contracts_names() -> None:
    assert list(FEEDS) == [
        "icasework/cases",
        "icasework/correspondence",
        "icasework/tasks",
        "icasework/classifications",
        "icasework/redress",
        "icasework/corrective_actions",
        "xima/calls",
        "xima/agent_summary",
        "xima/time_cards",
        "xima/account_usage",
        "tascomi/complaints",
        "tascomi/contacts",
    ]
    assert all(feed.key == key == f"{feed.source}/{feed.name}" for key, feed in FEEDS.items())


def test_cases_pins_the_108_recorded_columns() -> None:
    fields = FEEDS["icasework/cases"].contract.wire_fields
    assert len(fields) == len(set(fields)) == 108
    assert fields[0] == "CaseDetailsInformationRequest.AdviceAndAssistance"
    assert fields[9] == "CaseDetails.CaseId"
    assert fields[-1] == "MainParty.Notes"
    assert [field for field in fields if field.startswith("CaseStageStage4.")] == [
        f"CaseStageStage4.{name}"
        for name in (
            "TargetDays",
            "DateReceived",
            "DateDue",
            "Outcome",
            "OutcomeDetails",
            "OutcomeBy",
            "DateCompleted",
            "ResponseInTarget",
        )
    ]


def test_agent_summary_pins_the_vendors_own_example() -> None:
    contract = next(one for one in XIMA_CONTRACTS if one.feed == "xima/agent_summary")
    assert contract.wire_fields == (
        "Agent [STRING]",
        "Inbound Calls [NUMBER]",
        "Outbound Calls [NUMBER]",
        "Internal Calls [NUMBER]",
        "Total Calls [NUMBER]",
        "Total Talking [DURATION]",
        "Avg Talking [DURATION]",
    )
    assert contract.rows_control == "Agents"
    assert {title: column.name for title, column in contract.controls.items()} == {
        "Total Inbound Calls": "inbound_calls",
        "Total Outbound Calls": "outbound_calls",
        "Total Internal Calls": "internal_calls",
        "Total Calls": "total_calls",
        "Total Talking": "talk_ms",
    }


@pytest.mark.parametrize("contract", XIMA_CONTRACTS, ids=lambda contract: str(contract.feed))
def test_formats_become_types_and_every_sum_but_an_average_is_controlled(contract: Contract) -> None:
    for column in contract.columns:
        title, _, form = column.wire.removesuffix("]").rpartition(" [")
        assert form in {"STRING", "NUMBER", "DURATION"}, column.wire
        assert (form == "STRING") == (str(column.dtype) != "Int64"), column.wire
        assert (form == "DURATION") == column.name.endswith("_ms"), column.wire
        assert (column.control is not None) == (form != "STRING" and not title.startswith("Avg")), title
        assert column.control is None or not column.nullable, "an empty cell would pass for zero in the sum"
    assert contract.rows_control


def test_callers_and_agents_are_personal_and_account_codes_are_not() -> None:
    privacy = {column.name: column.privacy for one in XIMA_CONTRACTS for column in one.columns}
    personal = {name for name, kind in privacy.items() if kind == "personal"}
    assert personal == {"agent", "caller_number", "called_number"}
    assert privacy["account_code"] == "public"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: str(contract.feed))
def test_names_follow_the_houses_suffixes(contract: Contract) -> None:
    for column in contract.columns:
        assert SNAKE.fullmatch(column.name), column.name
        kind = type(column.dtype).__name__
        if ending := ENDINGS.get(kind):
            assert column.name.endswith(ending), (column.name, kind)
        assert (kind == "Boolean") == column.name.startswith(("is_", "has_")), column.name
        assert column.description.endswith("."), column.name


@pytest.mark.parametrize("contracts", [ICASEWORK_CONTRACTS, XIMA_CONTRACTS])
def test_the_same_thing_has_the_same_name_and_type_in_every_feed(contracts: tuple[Contract, ...]) -> None:
    seen: dict[str, tuple[str, str]] = {}
    for contract in contracts:
        for column in contract.columns:
            told = (column.name, str(column.dtype))
            assert seen.setdefault(column.wire, told) == told


def test_what_can_reveal_health_or_belief_is_special_and_names_are_personal() -> None:
    privacy = {column.name: column.privacy for column in FEEDS["icasework/cases"].contract.columns}
    assert {name for name, kind in privacy.items() if kind == "special"} == {
        "customer_language",
        "customer_notes",
    }
    assert privacy["customer_name"] == privacy["customer_address"] == privacy["customer_mobile"] == "personal"
    assert privacy["case_status"] == "public"


def test_the_fingerprint_changes_with_what_is_stored_and_not_with_its_description() -> None:
    class First(Rows):
        """One."""

        number: Whole = wire("N", "A number.", required=True, ge=1)

    class Reworded(Rows):
        """Another."""

        number: Whole = wire("N", "The number.", required=True, ge=1, privacy="personal")

    class Looser(Rows):
        """A third."""

        number: Whole = wire("N", "A number.", required=True, ge=0)

    prints = [Contract("test/x", model).fingerprint for model in (First, Reworded, Looser)]
    assert prints[0] == prints[1] != prints[2]


def test_the_fingerprint_changes_with_what_is_proved() -> None:
    class Plain(Rows):
        """One."""

        number: Whole = wire("N", "A number.", required=True)

    class Summed(Rows):
        """One."""

        number: Whole = wire("N", "A number.", required=True, control="Total")

    plain, summed = Contract("test/x", Plain), Contract("test/x", Summed)
    counted = Contract("test/x", Plain, rows_control="Rows")
    assert len({plain.fingerprint, summed.fingerprint, counted.fingerprint}) == 3


def test_days_loaded_before_there_were_totals_to_declare_keep_their_contract() -> None:
    class Plain(Rows):
        """One."""

        number: Whole = wire("N", "A number.", required=True, ge=1)

    assert Contract("test/x", Plain).fingerprint == "fbc88d650a555f20"


def test_a_column_that_does_not_say_what_it_is_is_refused() -> None:
    class Silent(Rows):
        """Silent."""

        word: Text = wire("W", "")

    with pytest.raises(SettingsError, match="word"):
        _ = Contract("test/silent", Silent).columns


def test_a_contract_that_requires_nothing_is_refused() -> None:
    class Empty(Rows):
        """Empty."""

        word: Text = wire("W", "A word.")

    with pytest.raises(SettingsError, match="required"):
        _ = Contract("test/empty", Empty).columns


def test_a_key_is_required_and_public() -> None:
    class Keyed(Rows):
        """One thing."""

        number: Whole = wire("Thing.Number", "Number.", key=True)
        name: Text = wire("Thing.Name", "Name.", privacy="personal")

    (key,) = Contract("depot/things", Keyed).key
    assert (key.name, key.nullable) == ("number", False)

    class Named(Rows):
        """One thing."""

        name: Text = wire("Thing.Name", "Name.", privacy="personal", key=True)

    with pytest.raises(SettingsError, match="key column name of contract depot/things is personal"):
        _ = Contract("depot/things", Named).columns
