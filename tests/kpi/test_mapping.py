"""The mapping is read whole, and its mistakes are told by place, with what is allowed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pipelines.errors import Permanent
from pipelines.kpi.mapping import FOLDER, load_mapping

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "card")


def refused(folder: Path, old: str, new: str) -> str:
    path = folder / "card.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Permanent) as error:
        load_mapping(folder)
    assert str(path) in str(error.value)
    assert error.value.todo
    return str(error.value)


def test_the_products_own_mapping_has_its_sections() -> None:
    mapping = load_mapping()
    assert [section.title for section in mapping.section] == ["Cases", "Calls", "Service requests"]
    assert mapping.section[0].queries == {
        "documents": "cases.sql",
        "lines": "case_lines.sql",
        "history": "case_history.sql",
    }
    assert "{as_of}" in mapping.messages.stale


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'label = "About"',
            'lable = "About"',
            "section[1].field[2].lable is no key there; allowed are label, column",
        ),
        ("[messages]", "[message]", "message is no key there; allowed are messages, section"),
        ('title = "Calls"', 'title = "Cases"', "two sections have one title"),
        ('title = "Calls"', 'title = " "', "section[2].title"),
        ('column = "team"', 'column = "Team; DROP"', "section[1].field[3].column"),
        ('documents = "calls.sql"', 'documents = "../calls.sql"', "section[2].documents"),
        ('documents = "calls.sql"', 'documents = "rings.sql"', "rings.sql"),
        ('history_line = "History"\n', "", "history_line"),
        ('lines = "case_lines.sql"\n', "", "line_field is given without lines"),
        ('label = "Queue"', 'label = "Agent"', "section[2]: two of field have the label Agent"),
        ("{as_of}.", "{asof}.", "messages.stale: {asof} means nothing there; {as_of} stands"),
        ('feed = "xima/calls"', 'feed = "calls"', "section[2].feed must be a feed, such as xima/calls"),
        ('column = "skill"', 'column = "Skill"', "section[2].field[2].column must be the name of a column"),
        ('behind = "', 'later = "', "messages.later is no key there"),
        ('none = "No data available"\n', "", "messages.none"),
        ("[messages]", "[messages", "not TOML"),
    ],
)
def test_a_mistake_is_told_by_its_place(folder: Path, old: str, new: str, told: str) -> None:
    assert told in refused(folder, old, new)


def test_only_a_document_has_fields_without_a_label(folder: Path) -> None:
    told = refused(folder, '[[section.line_field]]\nlabel = "Due"\n', "[[section.line_field]]\n")
    assert "section[1].line_field[1].label" in told


def test_a_folder_without_a_mapping_is_told(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=r"card\.toml"):
        load_mapping(tmp_path)
