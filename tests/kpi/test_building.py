"""Cards are built from the catalogue, agree with its marts, and replace the old ones whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.errors import Permanent, Transient
from pipelines.feeds import FEEDS
from pipelines.kpi.building import build_cards, cards_folder
from pipelines.kpi.card_file import bodies_of
from pipelines.kpi.mapping import FOLDER
from pipelines.kpi.schema import Kpi
from pipelines.lake import Lake
from pipelines.settings import load_settings
from pipelines.warehouse import build
from pipelines.whole_files import alone
from tests.contact_centre import DAY, LONG_DAY, call, case, load
from tests.kpi.town import NOW, ask, every_body, make, opened, places, section

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.kpi.card_file import CardFile

SECRET = "Cant de l'ocell"
NUMBER, OTHER = "020 7946 0123", "07700 900123"


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two customers of one number, a third with one of her own, a call from each."""
    lake = Lake(tmp_path_factory.mktemp("hamlet") / "data")
    cases = [
        case(1, phone=NUMBER, customer_id="A", customer_notes=SECRET, customer_language=SECRET),
        case(2, phone="+44 20 7946 0123", customer_id="B"),
        case(3, mobile=OTHER, customer_id="C", case_status='Say "no"\\\t'),
        case(4, mobile=OTHER, customer_id="C", is_confidential="Yes", case_type=SECRET, team=SECRET),
    ]
    calls = [call("K1", caller=NUMBER), call("K2", at=40_000, caller=OTHER)]
    load(lake, DAY, cases=cases, calls=calls)
    build(lake, FEEDS, since=DAY, until=LONG_DAY)
    return lake


@pytest.fixture
def village(hamlet: Lake) -> Lake:
    """Lend the lake without any cards."""
    shutil.rmtree(cards_folder(hamlet), ignore_errors=True)
    return hamlet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "card")


def write(folder: Path, file: str, sql: str) -> None:
    (folder / file).write_text(sql, encoding="utf-8")


def contents(file: CardFile) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Return every body, and every identifier with the place it leads to."""
    return list(every_body(file)), places(file)


def test_every_body_is_what_the_wire_wants(town: Lake) -> None:
    built = make(town)
    assert built.failed == {}
    file = opened(town)
    bodies = list(every_body(file))
    for body in bodies:
        Kpi.model_validate_json(body)
    assert len(bodies) == built.cards + 2
    assert file.about.cards == built.cards > 100
    assert file.about.documents > built.cards
    assert file.about.as_of.isoformat() == "2026-11-02T00:00:00+00:00"
    assert file.about.failed_sections == ()


def test_unchanged_data_gives_equal_cards(town: Lake) -> None:
    make(town)
    before = contents(opened(town))
    make(town, now=NOW + timedelta(hours=1))
    assert contents(opened(town)) == before


def test_a_customer_is_found_by_number_and_telephone_and_a_stranger_by_neither(village: Lake) -> None:
    make(village)
    file = opened(village)
    mine = ask(file, "C")
    assert [one["documentNumber"] for one in section(mine.body, "Cases")["documents"]] == ["3", "4"]
    assert [one["documentNumber"] for one in section(mine.body, "Calls")["documents"]] == ["Call K2"]
    assert ask(file, "+44 7700 900123") == mine
    assert ask(file, "nobody").which == "unknown"
    assert section(file.unknown.body, "Cases")["message"] == "No data available"


def test_a_shared_number_shows_neither_nor_its_calls(village: Lake) -> None:
    make(village)
    file = opened(village)
    assert ask(file, NUMBER).which == "shared"
    assert "Several customers" in section(file.shared.body, "Cases")["message"]
    assert section(file.shared.body, "Cases")["documents"] == []
    assert section(ask(file, "A").body, "Calls")["documents"] == []


def test_a_household_is_one_card_with_each_call_once(village: Lake) -> None:
    make(village, kpi_households=True)
    file = opened(village)
    together = ask(file, NUMBER)
    assert {one["documentNumber"] for one in section(together.body, "Cases")["documents"]} == {"1", "2"}
    assert [one["documentNumber"] for one in section(together.body, "Calls")["documents"]] == ["Call K1"]
    for name in "AB":
        assert len(section(ask(file, name).body, "Cases")["documents"]) == 1
        assert len(section(ask(file, name).body, "Calls")["documents"]) == 1
    Kpi.model_validate_json(together.body)


def test_identifiers_of_other_systems_lead_to_the_same_cards(village: Lake, tmp_path: Path) -> None:
    path = tmp_path / "known.csv"
    path.write_text(
        "kind,identifier,customer_id\nexternal_id,X-1,C\nphone,01632 960001,C\n", encoding="utf-8"
    )
    make(village, kpi_identifiers=path)
    file = opened(village)
    assert ask(file, "X-1") == ask(file, "01632960001") == ask(file, "C")
    make(village, kpi_identifiers=path, kpi_customer_id="external_id")
    file = opened(village)
    assert ask(file, "X-1").which == "found"
    assert ask(file, "C").which == ask(file, OTHER).which == "unknown"


def test_nothing_special_and_nothing_of_a_confidential_case_is_on_any_card(village: Lake) -> None:
    make(village, kpi_households=True)
    file = opened(village)
    assert not [body for body in every_body(file) if SECRET.encode() in body or b"ocell" in body]
    _, hidden = section(ask(file, "C").body, "Cases")["documents"]
    assert hidden["status"]["name"] == "Confidential"
    assert set(hidden) == {"documentNumber", "documentDate", "externalUrl", "status", "fields"}
    assert "updatedDate" not in hidden["status"]


def test_what_stands_in_a_cell_is_on_the_card_as_it_is(village: Lake) -> None:
    make(village)
    shown, _ = section(ask(opened(village), "C").body, "Cases")["documents"]
    assert shown["status"]["name"].startswith('Say "no"\\')


def documents_sql(**cells: str) -> str:
    told = {
        "customer_id": "customer_id",
        "document_number": "case_id::VARCHAR",
        "document_at": "created_at_or_now",
        "position": "1",
    } | cells
    columns = ", ".join(f"{value} AS {name}" for name, value in told.items())
    source = "SELECT *, TIMESTAMPTZ '2026-11-22 10:00:00Z' AS created_at_or_now FROM marts.cases_current"
    return f"SELECT {columns} FROM ({source})"  # noqa: S608 - a council's own query


FIELDS = dict.fromkeys(
    ("direction", "skill", "agent", "ring_seconds", "talk_seconds", "is_repeat_contact"), "'x'"
)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT nothing FROM marts.calls", "nothing"),
        ("SELECT", "cannot be read"),
        ("FROM casehouse.marts.calls", "refused"),
        (documents_sql(**FIELDS | {"direction": "customer_notes"}), "special"),
        (
            documents_sql(**FIELDS | {"document_number": "'1'", "customer_id": "'C'"}),
            "stand twice on one card",
        ),
        (documents_sql(**FIELDS), "another section"),
        (documents_sql(**FIELDS | {"document_number": "' '"}), "have no number"),
        (documents_sql(**FIELDS | {"document_number": "NULL::VARCHAR"}), "have no number"),
        (documents_sql(**FIELDS | {"document_number": "case_id"}), "document_number is BIGINT"),
        (documents_sql(**FIELDS | {"document_at": "NULL::TIMESTAMPTZ"}), "have no instant"),
        (documents_sql(**FIELDS | {"document_at": "TIMESTAMP '2026-11-22'"}), "document_at is TIMESTAMP"),
        (documents_sql(**FIELDS | {"document_number": "'x' || case_id", "colour": "'PINK'"}), "colour"),
        (
            documents_sql(**FIELDS | {"document_number": "'x' || case_id", "agent": "[1]"}),
            r"agent is INTEGER\[\]",
        ),
        (documents_sql(document_number="'x' || case_id"), "returns no agent"),
        (documents_sql(**FIELDS | {"skill": "$skill"}), r"no parameter \$skill"),
        (documents_sql(**FIELDS | {"skill": "error('Fred Bloggs')"}), "Calls|failed"),
    ],
)
def test_a_section_that_cannot_be_made_says_so_and_the_others_come(
    village: Lake, folder: Path, sql: str, told: str
) -> None:
    write(folder, "calls.sql", sql)
    built = make(village, folder)
    assert list(built.failed) == ["Calls"]
    why = built.failed["Calls"]
    assert why.startswith("calls.sql: ")
    assert re.search(told, why)
    assert SECRET not in why
    assert "Bloggs" not in why
    file = opened(village)
    assert file.about.failed_sections == ("Calls",)
    for body in (file.unknown.body, file.shared.body, ask(file, "C").body):
        assert section(body, "Calls")["message"].startswith("Not available today")
    assert len(section(ask(file, "C").body, "Cases")["documents"]) == 2


@pytest.mark.parametrize(
    ("file", "sql", "told"),
    [
        (
            "case_lines.sql",
            "SELECT '3' AS document_number, '' AS line_name, 1 AS position",
            "returns no due_date",
        ),
        (
            "case_lines.sql",
            "SELECT '3' AS document_number, '' AS line_name, 1 AS position, today() AS due_date, 'x' AS team",
            "have no name",
        ),
        (
            "case_history.sql",
            "SELECT '3' AS document_number, event_date FROM marts.case_timeline",
            "position",
        ),
    ],
)
def test_a_part_that_cannot_be_made_takes_its_section_with_it(
    village: Lake, folder: Path, file: str, sql: str, told: str
) -> None:
    write(folder, file, sql)
    built = make(village, folder)
    assert list(built.failed) == ["Cases"]
    assert built.failed["Cases"].startswith(f"{file}: ")
    assert told in built.failed["Cases"]
    assert section(ask(opened(village), "C").body, "Calls")["documents"]


def test_lines_are_never_put_under_two_customers_documents(village: Lake, folder: Path) -> None:
    write(
        folder,
        "cases.sql",
        (folder / "cases.sql")
        .read_text("utf-8")
        .replace(
            "CAST(judged.case_id AS VARCHAR) AS document_number",
            "'7' || left(judged.customer_id, 0) AS document_number",
        )
        .replace("judged.case_id DESC) <= 20", "judged.case_id DESC) <= 1"),
    )
    assert "another customer's document" in make(village, folder).failed["Cases"]


def test_a_mapping_that_cannot_be_used_leaves_the_cards_that_were(village: Lake, folder: Path) -> None:
    before = make(village).path
    write(folder, "card.toml", "[messages]")
    with pytest.raises(Permanent, match=r"card\.toml"):
        make(village, folder)
    assert opened(village).path == before


def test_without_a_day_of_cases_there_is_nothing_to_make(lake: Lake) -> None:
    build(lake, FEEDS, since=DAY, until=DAY)
    with pytest.raises(Permanent, match="no day of cases"):
        make(lake)
    assert not list(cards_folder(lake).glob("*.lmdb"))


SLOW = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from pipelines.kpi import building
from pipelines.lake import Lake
from pipelines.settings import load_settings

def slowly(*words):
    for chunk in rendered(*words):
        yield chunk
        print("rendered", flush=True)
        time.sleep(60)

rendered, building._rendered, building.CARDS_AT_ONCE = building._rendered, slowly, 1
root = Path(sys.argv[1])
building.build_cards(Lake(root), load_settings(data_dir=root), datetime.now(UTC))
"""


def test_a_build_that_is_killed_leaves_the_old_cards_and_the_next_one_sweeps(village: Lake) -> None:
    before = make(village).path
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(village.root)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "rendered\n"
        debris = list(before.parent.glob(".cards-*"))
        os.kill(child.pid, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert debris
    assert opened(village).path == before
    after = make(village, now=NOW + timedelta(days=1)).path
    assert opened(village).path == after
    kept = {part.name for path in (before, after) for part in (path, bodies_of(path))}
    assert {path.name for path in before.parent.iterdir() if path.is_file()} == {*kept, "current.json"}


def test_two_builders_at_once_come_one_after_the_other(village: Lake) -> None:
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lambda hours: make(village, now=NOW + timedelta(hours=hours)), (0, 1)))
    file = opened(village)
    assert file.path in {one.path for one in built}
    assert len(list(file.path.parent.glob("*.lmdb"))) == 2


def test_a_builder_that_waits_too_long_says_so(village: Lake) -> None:
    with (
        alone(cards_folder(village) / "cards", 1, todo=""),
        pytest.raises(Transient, match="another process"),
    ):
        build_cards(village, load_settings(data_dir=village.root), NOW, wait_seconds=0.1)


def test_the_command_tells_what_failed_after_publishing(
    village: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(village.root))
    good = CliRunner().invoke(cli, ["kpi", "build"])
    assert good.exit_code == 0
    assert "3 cards" in good.output
    assert "Cases: 4 documents on 3 cards" in good.output
    write(folder, "calls.sql", "SELECT 1")
    monkeypatch.setattr(build_cards, "__kwdefaults__", {"folder": folder, "wait_seconds": 1.0})
    bad = CliRunner().invoke(cli, ["kpi", "build"])
    assert bad.exit_code == 1
    assert "WRONG Calls: calls.sql" in bad.output
    assert opened(village).about.failed_sections == ("Calls",)


def test_a_rebuild_makes_the_cards_too_where_there_are_some(
    village: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(village.root))
    monkeypatch.setenv("CASEHOUSE_START_DATE", str(DAY))
    assert CliRunner().invoke(cli, ["rebuild"]).exit_code == 0
    assert not cards_folder(village).exists()
    before = make(village, now=NOW - timedelta(days=1)).path
    again = CliRunner().invoke(cli, ["rebuild"])
    assert again.exit_code == 0
    assert "3 cards" in again.output
    assert opened(village).path != before


def test_a_rebuild_tells_a_section_that_failed_after_both_were_swapped_in(
    village: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(village.root))
    monkeypatch.setenv("CASEHOUSE_START_DATE", str(DAY))
    make(village)
    write(folder, "calls.sql", "SELECT 1")
    monkeypatch.setattr(build_cards, "__kwdefaults__", {"folder": folder, "wait_seconds": 1.0})
    bad = CliRunner().invoke(cli, ["rebuild"])
    assert bad.exit_code == 1
    assert "WRONG Calls: calls.sql" in bad.output
    assert opened(village).about.failed_sections == ("Calls",)
