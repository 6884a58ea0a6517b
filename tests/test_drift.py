"""A drift comes with the patch that ends it: applied to a copy of the contracts, the next ingest passes."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.contracts.contract import Contract
from pipelines.contracts.drift import compare
from pipelines.contracts.patch import column_name, propose
from pipelines.days import ReportDay
from pipelines.errors import ContractDrift, Permanent
from pipelines.feeds import FEEDS, Feed, connect, policy_for
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.server import SandboxThread
from pipelines.settings import ROOT, load_settings
from pipelines.sources.icasework.csv_body import open_csv
from pipelines.sources.report import Body
from tests.plain_source import PARCELS, PlainSource, load_one, parcel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipelines.errors import CasehouseError
    from pipelines.settings import Settings

DAY = ReportDay.parse("2026-11-20")
CONTRACTS = "pipelines/contracts"
TASKS, CALLS = "icasework/tasks", "xima/calls"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.fixture
def settings(sandbox: SandboxThread, tmp_path: Path) -> Iterator[Settings]:
    # XML, because a CSV report is asked for by its columns' names: one that was renamed is refused there.
    yield load_settings(
        data_dir=tmp_path / "data",
        sandbox_port=sandbox.port,
        icasework_format="xml",
        icasework_reconcile="none",
        calls_days=0,
    )
    sandbox.faults.clear()


def patched(diff: str, contract: Contract, folder: Path, tool: Sequence[str] = ("git", "apply")) -> Contract:
    """Apply a patch to a copy of the contracts, and load the feed's contract from there."""
    shutil.copytree(ROOT / CONTRACTS, folder / CONTRACTS, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(tool, input=diff.encode(), cwd=folder, check=True, stdout=subprocess.DEVNULL)
    path = folder / CONTRACTS / f"{contract.feed.partition('/')[0]}.py"
    spec = importlib.util.spec_from_file_location(f"patched_{folder.name.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # pandera looks its annotations up there
    spec.loader.exec_module(module)
    model = getattr(module, contract.model.__name__)
    return Contract(contract.feed, model, rows_control=contract.rows_control)


def require_tidy(path: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    subprocess.run([*ruff, "format", "--check", *config, path], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*ruff, "check", *config, path], check=True, stdout=subprocess.DEVNULL)


def ingest(settings: Settings, feed: Feed) -> CasehouseError | None:
    with closing(connect(feed.source, settings)) as source:
        (outcome,) = ingest_days(
            feed,
            [DAY],
            source=source,
            lake=Lake(settings.data_dir),
            policy=policy_for(feed.key, settings),
        )
    return outcome.error


@pytest.mark.parametrize(
    ("feed", "fault", "options", "noted"),
    [
        (TASKS, "column_renamed", {"column": "Task.Type", "to": "Task.Kind"}, "renamed? Task.Type"),
        (TASKS, "column_dropped", {"column": "Task.Team"}, "gone: Task.Team. Column team will leave"),
        (
            TASKS,
            "column_added",
            {"column": "Task.Colour", "value": "red", "at": 2},
            "new: Task.Colour becomes column colour, a text of privacy class special",
        ),
        (TASKS, "column_moved", {"column": "Task.Team", "at": 0}, "moved: Task.Team"),
        (CALLS, "column_renamed", {"column": "Agent", "to": "Held By"}, "renamed? Agent [STRING]"),
    ],
)
def test_with_the_patch_the_next_ingest_passes(  # noqa: PLR0913, PLR0917 - one row of the table
    settings: Settings,
    sandbox: SandboxThread,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    feed: str,
    fault: str,
    options: dict[str, Any],
    noted: str,
) -> None:
    found = FEEDS[feed]
    sandbox.faults.add(fault, feed=found.name, **options)
    error = ingest(settings, found)
    assert isinstance(error, ContractDrift)
    assert f"casehouse drift {feed}" in error.todo
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(settings.data_dir))

    with pytest.raises(SystemExit) as ended:
        main(["drift", feed])

    assert not ended.value.code
    diff, notes = capsys.readouterr()
    assert noted in notes
    assert f"casehouse ingest {feed} {DAY}" in notes
    fresh = patched(diff, found.contract, tmp_path / "copy")
    require_tidy(tmp_path / "copy" / CONTRACTS / f"{found.source}.py")
    assert ingest(settings, Feed(fresh, found.dialect)) is None
    assert Lake(settings.data_dir).failures(feed) == {}


def test_a_new_column_is_nobodys_to_see_until_somebody_decides(tmp_path: Path) -> None:
    contract = FEEDS[TASKS].contract
    patch = propose(contract, (*contract.wire_fields, "Task.Due Date", "X.Due Date"), day="2026-11-20")
    fresh = patched(patch.diff, contract, tmp_path / "copy", ("patch", "-p1", "--quiet"))
    *_, first, second = fresh.columns
    assert (first.name, second.name) == ("task_due_date", "x_due_date")
    assert {(one.privacy, one.nullable, str(one.dtype)) for one in (first, second)} == {
        ("special", True, "String")
    }
    assert "2026-11-20" in first.description


def test_what_reads_a_column_that_is_gone_is_named() -> None:
    contract = FEEDS["icasework/cases"].contract
    came = tuple(field for field in contract.wire_fields if field != "CaseDetails.CaseId")
    (note,) = propose(contract, came, day="2026-11-20").notes
    assert "It is part of the key" in note
    assert "warehouse/marts/cases_current.sql" in note


@given(data=st.data())
@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_drift_that_is_recognisable_has_an_exact_patch(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    contract = FEEDS["icasework/corrective_actions"].contract
    pinned = contract.wire_fields
    kept = data.draw(st.permutations(pinned)) if data.draw(st.booleans()) else list(pinned)
    gone = data.draw(st.sets(st.sampled_from(pinned[1:]), max_size=4))
    came = [field for field in kept if field not in gone]
    words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=100)
    for field in data.draw(st.lists(words, max_size=4, unique=True)):
        assume(field not in pinned)
        came.insert(data.draw(st.integers(0, len(came))), field)
    assume(tuple(came) != pinned)
    patch = propose(contract, came, day="2026-11-20")
    fresh = patched(patch.diff, contract, tmp_path_factory.mktemp("drift"))
    assert fresh.wire_fields == tuple(came)
    standing = {column.wire: column for column in contract.columns}
    assert [column for column in fresh.columns if column.wire in standing] == [
        standing[field] for field in came if field in standing
    ]
    assert len(patch.notes) >= len(set(pinned) ^ set(came)) // 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda f: f, "are the fields it pins"),
        (lambda f: (*f, f[0]), "came twice"),
        (lambda _: ("Ann Example", "1 Some Street"), "6 of 6 fields are missing"),
    ],
)
def test_where_a_patch_cannot_help_it_says_so(change: Any, why: str) -> None:  # noqa: ANN401
    with pytest.raises(Permanent, match=why) as error:
        propose(PARCELS.contract, change(PARCELS.contract.wire_fields), day="2026-11-20")
    assert "Ann" not in str(error.value)


def test_cells_in_the_place_of_names_are_told_nowhere(lake: Lake) -> None:
    source = PlainSource(
        rows={str(DAY): [parcel(1)]}, fields=("1", "Ann Example", "2026", "09:30", "Yes", "1.50")
    )
    with pytest.raises(ContractDrift) as error:
        load_one(DAY, source, lake)
    assert "Ann Example" not in str(error.value)
    assert lake.failures(PARCELS.key)[DAY].came == ()


def test_rows_that_an_open_quote_draws_into_the_header_are_told_nowhere(lake: Lake, tmp_path: Path) -> None:
    day, fields = ReportDay.parse("2026-11-01"), PARCELS.contract.wire_fields
    body = tmp_path / "body"
    header = ",".join(fields[:-1]) + ',"' + fields[-1]
    body.write_text(f'{header}\n7,Ann Elk,,,,\n8,",Jo Ray",,,\n', encoding="utf-8")
    came = open_csv(Body(body, "csv", "", body.stat().st_size, framed=True), may_lack_total=True).fields
    assert any("Ann Elk" in field for field in came)
    source = PlainSource(rows={str(day): [parcel(1)]}, fields=came)
    with pytest.raises(ContractDrift) as caught:
        load_one(day, source, lake)
    noted = lake.failures(PARCELS.key)[day]
    assert "Ann" not in f"{caught.value} {noted}"
    assert noted.came == ()


def test_without_a_day_that_drifted_there_is_no_patch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    for words in (["drift", TASKS], ["drift", TASKS, "2026-11-20"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 1
        assert "for its fields" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pinned", "came", "renamed", "gone", "new", "moved"),
    [
        ("abcd", "axcd", {"b": "x"}, "", "", ""),
        ("abcd", "axyd", {"b": "x", "c": "y"}, "", "", ""),
        ("abcd", "axd", {}, "bc", "x", ""),
        ("abcd", "acd", {}, "b", "", ""),
        ("abcd", "abxcd", {}, "", "x", ""),
        ("abcd", "bcda", {}, "", "", "a"),
        ("abcd", "xbcda", {}, "", "x", "a"),
    ],
)
def test_a_difference_is_read_as_a_person_would(
    pinned: str, came: str, renamed: dict[str, str], gone: str, new: str, moved: str
) -> None:
    drift = compare(tuple(pinned), tuple(came))
    assert (drift.renamed, drift.gone, drift.new, drift.moved) == (
        renamed,
        tuple(gone),
        tuple(new),
        tuple(moved),
    )


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("Task.DateDue", "date_due"),
        ("Talk Time [DURATION]", "talk_time"),
        ("CaseDetails.CRMId", "crm_id"),
        ("Task.class", "task_class"),
        ("Task.validate", "task_validate"),
        ("Taken.Name", "taken_name"),
        ("name", "name_2"),
        ("42", "field_42"),
        ("Ärger", "rger"),
        ("!", "field"),
    ],
)
def test_a_new_column_gets_a_plain_name(field: str, name: str) -> None:
    assert column_name(field, {"name"}) == name
