"""Late data over the whole way: the sandbox tells a day otherwise later, and commands tell what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines import cli
from pipelines.lake import Lake
from pipelines.sandbox.server import SandboxThread
from pipelines.warehouse import run_query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES, CALLS, DAY = "icasework/cases", "xima/calls", "2026-11-19"


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxThread]:
    with SandboxThread() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(
    running: SandboxThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SandboxThread]:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CASEHOUSE_SANDBOX_PORT", str(running.port))
    yield running
    running.faults.clear()


@pytest.fixture
def casehouse(capsys: pytest.CaptureFixture[str]) -> Casehouse:
    return Casehouse(capsys)


class Casehouse:
    """Runs commands that must succeed and returns the lines they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> list[str]:
        with pytest.raises(SystemExit) as left:
            cli.main(words)
        told = self._capsys.readouterr()
        assert left.value.code == 0, told.err
        return told.out.splitlines()

    def ingest(self, feed: str, *options: str) -> list[str]:
        return self("ingest", feed, DAY, "--no-rebuild", *options)


def test_rows_that_come_late_and_a_correction_are_found_and_told(
    sandbox: SandboxThread, casehouse: Casehouse, tmp_path: Path
) -> None:
    sandbox.faults.add("rows_untold", feed="cases", share=0.05)
    sandbox.faults.add("bad_value", feed="cases", column="MainParty.FullName", value="Quirk, Ann", row=1)
    sandbox.faults.add("bad_value", feed="cases", column="CaseDetails.Rating", value="Odd", row=1)
    assert len(casehouse.ingest(CASES)) == 1
    sandbox.faults.clear()
    _, revised = casehouse.ingest(CASES)
    assert " 1 changed, 0 gone" in revised
    assert not revised.startswith(f"revised: {CASES} {DAY}: 0 added")
    assert casehouse.ingest(CASES)[0].endswith("s")
    *_, last = casehouse("revisions", CASES)
    assert last == "1 revisions"
    text = "\n".join(casehouse("revisions", "--lines"))
    assert "customer_name (personal, not told)" in text
    assert "rating 'Odd' -> " in text
    assert "Quirk" not in text
    assert "added: case_id=" in text
    casehouse("rebuild")
    kinds = run_query(Lake(tmp_path), "select distinct kind from ops.revisions order by kind")
    assert kinds.to_series().to_list() == ["added", "changed"]


def test_a_day_that_shrinks_is_held_back_until_a_person_takes_it(
    sandbox: SandboxThread, casehouse: Casehouse, tmp_path: Path
) -> None:
    casehouse.ingest(CALLS)
    sandbox.faults.add("rows_untold", feed="calls", share=0.5)
    loaded, revised, todo = casehouse.ingest(CALLS)
    assert "unchanged" in loaded
    assert "held back, the old rows stay" in revised
    assert "--accept-shrink" in todo
    assert casehouse("revisions")[-1] == "1 revisions, 1 of them held back"
    _, revised = casehouse.ingest(CALLS, "--accept-shrink")
    assert "held back" not in revised
    assert casehouse("revisions", "--since", "2026-11-19")[-1] == "2 revisions, 1 of them held back"
    assert casehouse("revisions", "--since", "2199-01-01") == ["0 revisions"]
    casehouse("rebuild")
    noted = "select held_back, revised_at from ops.completeness where revised_at is not null"
    ((held_back, _),) = run_query(Lake(tmp_path), noted).rows()
    assert held_back is None
