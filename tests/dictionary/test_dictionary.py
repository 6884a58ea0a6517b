"""The dictionary tells every view and column that there is, nothing else, and nothing of anybody."""

from __future__ import annotations

import html
import re
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from pipelines import cli
from pipelines.days import ReportDay
from pipelines.dictionary import View, invented_lake, read_views, write_dictionary
from pipelines.dictionary.written import INVENTED, as_html, as_workbook
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.warehouse import build, connect
from tests.browser import DESKTOP, PHONE, look_at

if TYPE_CHECKING:
    from pathlib import Path

DAY = ReportDay.parse("2026-11-20")
ROW = re.compile(r'<tr id="([^"]+)"><th scope="row">[^<]+</th><td class="type">([^<]+)</td>')
SHEET = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@pytest.fixture(scope="module")
def views() -> list[View]:
    with invented_lake() as lake:
        return read_views(lake)


@pytest.fixture(scope="module")
def page(views: list[View]) -> str:
    return as_html(views)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every column of a catalogue that knows nothing of the dictionary, with its type."""
    lake = Lake(tmp_path_factory.mktemp("real") / "data")
    build(lake, FEEDS, since=DAY, until=DAY)
    with closing(connect(lake)) as engine:
        rows = engine.execute(
            "select schema_name || '.' || table_name || '.' || column_name, data_type from duckdb_columns()"
            " where database_name = 'casehouse'"
        ).fetchall()
    return dict(rows)


def sheet(book: Path, number: int) -> list[list[str]]:
    """Read a worksheet's cells, all of which are texts."""
    with zipfile.ZipFile(book) as parts:
        shared = etree.fromstring(parts.read("xl/sharedStrings.xml"))
        texts = ["".join(map(str, one.itertext())) for one in shared.iterfind("m:si", SHEET)]
        rows = etree.fromstring(parts.read(f"xl/worksheets/sheet{number}.xml")).iterfind(".//m:row", SHEET)
        return [[texts[int(cell.findtext("m:v", "", SHEET))] for cell in row] for row in rows]


def test_the_page_has_every_column_and_no_other(page: str, real: dict[str, str]) -> None:
    told = {html.unescape(key): html.unescape(kind) for key, kind in ROW.findall(page)}
    assert {key: kind.removesuffix(", required") for key, kind in told.items()} == real
    assert page.count("<tr id=") == len(real)
    assert f"<p>{page.count('<section ')} views and {len(real):,} columns" in page


def test_the_workbook_has_every_column_and_no_other(
    views: list[View], real: dict[str, str], tmp_path: Path
) -> None:
    _, book = write_dictionary(views, tmp_path)
    head, *rows = sheet(book, 1)
    assert head[:4] == ["View", "Column", "Type", "Meaning"]
    assert {f"{view}.{column}": kind for view, column, kind, *_ in rows} == real
    assert len(sheet(book, 2)) == 1 + len(views)
    assert [name.name for name in sorted(tmp_path.iterdir())] == ["dictionary.html", "dictionary.xlsx"]


def test_nothing_is_without_meaning(views: list[View]) -> None:
    assert not [view.key for view in views if not view.meaning]
    assert not [f"{view.key}.{one.name}" for view in views for one in view.entries if not one.meaning]


def test_a_feed_is_told_as_its_contract_has_it(views: list[View]) -> None:
    told = {view.key: view for view in views}
    for feed in FEEDS.values():
        entries = {one.name: one for one in told[f"{feed.source}.{feed.name}"].entries}
        for column in feed.contract.columns:
            one = entries[column.name]
            assert (one.meaning, one.privacy, one.source_field, one.is_required) == (
                column.description,
                column.privacy,
                column.wire,
                not column.nullable,
            )


def test_marts_come_first_and_keep_the_class_of_what_they_are_taken_from(views: list[View]) -> None:
    assert views[0].schema == "marts"
    (current,) = (view for view in views if view.key == "marts.cases_current")
    classes = {one.name: (one.privacy, one.source_field) for one in current.entries}
    assert classes["customer_name"][0] == "personal"
    assert classes["customer_notes"] == ("special", "MainParty.Notes")
    (phones,) = (view for view in views if view.key == "ops.phones")
    assert {one.privacy for one in phones.entries} == {"personal", "public"}


def test_examples_of_persons_say_that_they_are_invented(views: list[View], page: str) -> None:
    private = [one for view in views for one in view.entries if one.privacy != "public" and one.example]
    assert len(private) > 50
    assert page.count(f"{INVENTED}</td>") == len(private)


def test_nearly_every_column_has_an_example(views: list[View]) -> None:
    silent = [f"{view.key}.{one.name}" for view in views for one in view.entries if not one.example]
    entries = sum(len(view.entries) for view in views)
    assert len(silent) < entries / 20, silent
    assert not [key for key in silent if key.startswith(("ops.quarantine", "ops.failures", "ops.controls"))]


def test_nothing_of_this_machine_stands_in_it(page: str) -> None:
    assert "/tmp" not in page  # noqa: S108 - sought, not used
    assert "127.0.0.1" not in page
    assert not re.findall(r'(?:src|href)="(?!#|data:,")[^"]*"', page)


def test_the_same_views_give_the_same_bytes(views: list[View], page: str) -> None:
    assert as_html(views) == page
    assert as_workbook(views) == as_workbook(views)


def test_the_command_asks_the_sandbox_whatever_is_set(
    views: list[View], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CASEHOUSE_ICASEWORK_ENVIRONMENT", "production")
    monkeypatch.setenv("CASEHOUSE_ICASEWORK_ACCOUNT", "realcouncil")
    monkeypatch.setenv("CASEHOUSE_ICASEWORK_API_KEY", "a-real-key")
    monkeypatch.setenv("CASEHOUSE_ICASEWORK_SECRET", "a-real-secret-of-some-length")
    with pytest.raises(SystemExit) as left:
        cli.main(["dictionary"])
    assert left.value.code == 0
    paths = capsys.readouterr().out.split()
    assert paths == [
        str(tmp_path / "data" / "dictionary" / f"dictionary.{kind}") for kind in ("html", "xlsx")
    ]
    assert (tmp_path / "data" / "dictionary" / "dictionary.html").read_text("utf-8") == as_html(views)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["dictionary"]


def test_it_fits_its_screen_and_finds_words(page: str, tmp_path: Path) -> None:
    search = """(page) => {
        const words = page.getElementById("words");
        words.value = "satisfaction cases_current";
        words.dispatchEvent(new Event("input"));
        return [
            [...page.querySelectorAll("tbody tr")].filter((row) => !row.hidden).map((row) => row.id),
            page.getElementById("found").textContent,
        ];
    }"""
    seen, console = look_at(page, (PHONE, DESKTOP), tmp_path, asked=search)
    assert console == []
    assert [one.overflow for one in seen] == [0, 0]
    assert seen[0].asked == [["marts.cases_current.satisfaction_rating"], "1 column"]


def test_the_search_stays_in_sight_and_no_class_is_broken(page: str, tmp_path: Path) -> None:
    looks = """(page) => {
        page.defaultView.scrollTo(0, 20000);
        const finder = page.getElementById("finder");
        const words = [...page.querySelectorAll("td .privacy")];
        return [
            page.defaultView.scrollY > 1000,
            finder.getBoundingClientRect().top,
            words.filter((one) => one.getClientRects().length > 1).length,
        ];
    }"""
    seen, _ = look_at(page, (PHONE, 800, DESKTOP), tmp_path, asked=looks)
    assert [one.asked for one in seen] == [[True, 0, 0]] * 3
