"""From nothing to a first request, by the commands, against the sandbox: dry run, run, count."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from pipelines import cli
from pipelines.errors import SettingsError
from pipelines.outbound.dispatch import dispatch
from pipelines.outbound.opening import open_desk
from pipelines.outbound.running import run
from pipelines.outbound.states import State
from pipelines.sources.tascomi.client import connect_tascomi
from pipelines.sources.writing import NotIdentified
from pipelines.warehouse import run_query
from tests.outbound.conftest import rebuild
from tests.outbound.fake_systems import Fate

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.lake import Lake
    from pipelines.sandbox.server import SandboxThread
    from pipelines.settings import Settings


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        cli.main(["outbound", *words])
    out = capsys.readouterr()
    return int(left.value.code or 0), out.out + out.err


def written(sandbox: SandboxThread) -> list[Any]:
    return list(httpx.get(f"{sandbox.url}/_sandbox/written").json())


def ours(settings: Settings) -> list[Any]:
    with connect_tascomi(settings) as tascomi:
        rows = tascomi.search("complaints", {})
    return [row for row in rows if (row["external_reference"] or "").startswith("casehouse/sandbox/")]


def due(lake: Lake) -> list[Any]:
    return run_query(lake, "FROM marts.outbound_due ORDER BY case_id").to_dicts()


def test_switched_off_nothing_is_sent_and_the_way_to_switch_it_on_is_told(
    lake: Lake, settings: Settings
) -> None:
    with pytest.raises(SettingsError) as error:
        run(settings.model_copy(update={"outbound_enabled": False}), lake, Fate().now)
    assert "CASEHOUSE_OUTBOUND_ENABLED is false" in str(error.value)
    assert "casehouse outbound plan" in error.value.todo
    assert not (lake.root / "outbound").exists()


def test_from_nothing_to_the_first_requests(
    casework_lake: Lake,
    settings: Settings,
    sandbox: SandboxThread,
    in_surroundings: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del in_surroundings
    cases = due(casework_lake)
    assert len(cases) >= 3
    first = str(cases[0]["case_id"])
    names = run_query(casework_lake, "SELECT case_id, customer_last_name FROM marts.cases_current")
    name = dict(names.rows())[int(first)]

    status, told = call(capsys, "plan", "--case", first)
    assert (status, ours(settings), written(sandbox)) == (0, [], [])
    assert f"external_reference = casehouse/sandbox/{first}" in told
    assert str(name) not in told
    assert str(name) in call(capsys, "plan", "--case", first, "--personal")[1]

    status, told = call(capsys, "run")
    assert status == 0
    assert f"{len(cases)} cases newly due" in told
    requests = ours(settings)
    assert {row["external_reference"] for row in requests} == {
        f"casehouse/sandbox/{one['case_id']}" for one in cases
    }
    links = [one for one in written(sandbox) if one["act"] == "updateexternalid"]
    assert {one["case_id"]: one["cells"]["CaseDetails.ExternalId"] for one in links} == {
        int(row["external_reference"].split("/")[2]): row["complaint_number"] for row in requests
    }
    assert call(capsys, "plan")[1].startswith("0 cases")
    assert call(capsys, "reconcile") == (0, "0 differences\n")

    rebuild(casework_lake, settings)
    logged = run_query(
        casework_lake, "SELECT outcome, count(DISTINCT case_id) AS cases FROM ops.outbound_log GROUP BY ALL"
    )
    assert dict(logged.rows()) == {"sending": len(cases), "sent": len(cases)} | dict(
        row for row in logged.rows() if row[0] == "linked"
    )


def test_a_change_of_status_comes_back_as_a_note(
    casework_lake: Lake, settings: Settings, sandbox: SandboxThread
) -> None:
    now = Fate()
    now.clock = sandbox.sandbox.now()
    run(settings, casework_lake, now.now)
    request = ours(settings)[0]
    httpx.post(f"{sandbox.url}/_sandbox/tascomi/complaints/{request['id']}", json={"status": "Closed"})
    for _ in range(2):
        run(settings, casework_lake, now.now)
    case_id = int(request["external_reference"].split("/")[2])
    notes = [one["note"]["text"] for one in written(sandbox) if one["note"] and one["case_id"] == case_id]
    assert [note.splitlines()[0] for note in notes] == [
        f"Raised in Tascomi as service request {request['complaint_number']}.",
        f"Service request {request['complaint_number']} in Tascomi: Closed.",
    ]


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "answer_lost", "system": "tascomi", "operation": "create", "how": "hang_up"},
        {"fault": "answer_lost", "system": "tascomi", "operation": "create", "how": "error"},
        {"fault": "status", "system": "tascomi", "operation": "create", "status": 503},
        {"fault": "answer_lost", "operation": "addcasenotes", "how": "reset"},
        {"fault": "answer_lost", "operation": "updateexternalid", "how": "hang_up"},
    ],
    ids=lambda order: f"{order['operation']} {order['fault']} {order.get('how', '')}",
)
def test_a_lost_answer_of_the_real_clients_is_settled(
    casework_lake: Lake, settings: Settings, sandbox: SandboxThread, order: dict[str, Any]
) -> None:
    now = Fate()
    now.clock = sandbox.sandbox.now()
    sandbox.faults.order({**order, "calls": 3})
    cases = due(casework_lake)
    for _ in range(8):
        run(settings, casework_lake, now.now)
        time.sleep(0.01)
        now.clock = max(sandbox.sandbox.now(), now.clock)
        now.clock += timedelta(seconds=0.3)
    assert len(ours(settings)) == len(cases)
    notes = [one for one in written(sandbox) if one["note"]]
    assert len(notes) == len({one["case_id"] for one in notes}) == len(cases)


def test_what_is_not_ready_is_refused_before_anything_is_sent(
    casework_lake: Lake, settings: Settings, sandbox: SandboxThread
) -> None:
    wrong = settings.model_copy(update={"tascomi_number_column": "no_such_column"})
    with pytest.raises(SettingsError) as error:
        run(wrong, casework_lake, Fate().now)
    assert "nothing was sent" in str(error.value)
    assert "no_such_column" in str(error.value)
    assert written(sandbox) == []
    assert ours(settings) == []


def test_a_wrong_key_ends_every_run_at_once_and_no_case_is_the_worse_for_it(
    casework_lake: Lake, settings: Settings
) -> None:
    wrong = settings.model_copy(update={"tascomi_private_key": SecretStr("wrong")})
    with open_desk(wrong, casework_lake, Fate().now) as desk:
        for _ in range(12):
            with pytest.raises(NotIdentified, match="refused the signature"):
                dispatch(desk, keep_log=timedelta(days=90))
        assert desk.ledger.cases()
        assert {
            (step.state, step.tries) for one in desk.ledger.cases() for step in desk.ledger.steps(one.case_id)
        } == {(State.PLANNED, 0)}
    assert run(settings, casework_lake, Fate().now).trouble is None


def test_a_refusal_is_listed_mended_and_replayed(
    casework_lake: Lake,
    settings: Settings,
    in_surroundings: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del in_surroundings
    folder = tmp_path / "templates"
    folder.mkdir()
    for file in settings.outbound_templates.glob("*.toml"):
        (folder / file.name).write_text(file.read_text("utf-8"), encoding="utf-8")
    noise = folder / "noise.toml"
    right = noise.read_text("utf-8")
    noise.write_text(right.replace('"EHDUTY"', '"NOBODY"'), encoding="utf-8")
    monkeypatch.setenv("CASEHOUSE_OUTBOUND_TEMPLATES", str(folder))
    cases = due(casework_lake)
    of_noise = [one for one in cases if one["template"] == "noise"]
    assert call(capsys, "run")[0] == 0
    status, told = call(capsys, "log", "--dead")
    lines = told.splitlines()[:-1]
    assert (status, len(lines)) == (0, len(of_noise))
    assert all("service_request.investigating_officer: its code is not in Tascomi's" in one for one in lines)
    status, told = call(capsys, "reconcile")
    assert status == 1
    assert told.count("missing ") == len(of_noise)
    noise.write_text(right, encoding="utf-8")
    for line in lines:
        assert call(capsys, "retry", line.split()[0])[0] == 0
    call(capsys, "run")
    assert len(ours(settings)) == len(cases)
    assert call(capsys, "retry", lines[0].split()[0])[0] == 1
    assert call(capsys, "retry", "100000")[0] == 1


def test_what_is_there_beside_the_ledger_is_surplus(
    casework_lake: Lake, settings: Settings, in_surroundings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del in_surroundings
    run(settings, casework_lake, Fate().now)
    row = ours(settings)[0]
    copy = {name: row[name] for name in ("core_function_id", "complaint_code_id", "investigating_officer_id")}
    with connect_tascomi(settings) as tascomi:
        tascomi.create("complaints", {**copy, "external_reference": row["external_reference"]})
        tascomi.create("complaints", {**copy, "external_reference": "casehouse/sandbox/1"})
    assert call(capsys, "reconcile")[1].count("surplus ") == 1
    status, told = call(capsys, "reconcile", "--all")
    assert (status, told.count("surplus ")) == (1, 2)
    assert "surplus casehouse/sandbox/1: in Tascomi" in told


def test_the_commands_hold_templates_to_their_examples(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = call(capsys, "test")
    assert status == 0
    assert "0 examples differ" in told


def test_no_log_line_holds_a_value_of_a_case(
    casework_lake: Lake,
    settings: Settings,
    in_surroundings: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    del in_surroundings
    caplog.set_level(logging.DEBUG)  # somebody looks for a fault and turns everything up
    run(settings, casework_lake, Fate().now)
    assert "outbound: case" in caplog.text
    told = call(capsys, "log")[1] + caplog.text
    stored = b"".join(path.read_bytes() for path in (casework_lake.root / "outbound").iterdir())
    persons = run_query(
        casework_lake,
        "SELECT customer_last_name AS a, customer_email AS b, customer_id AS c, case_label AS d"
        " FROM marts.cases_current SEMI JOIN marts.outbound_due USING (case_id)",
    ).to_dicts()
    values = {str(value) for person in persons for value in person.values() if value and len(str(value)) > 5}
    assert values
    assert not {value for value in values if value in told or json.dumps(value)[1:-1].encode() in stored}
