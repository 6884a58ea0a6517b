"""Each kind has its page, each page one kind, and what a page tells to run exists."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import pytest

from pipelines import errors
from pipelines.alerts.kinds import FAILURE_KINDS, KINDS
from pipelines.cli import cli
from pipelines.feeds import FEEDS
from pipelines.lake import Lake
from pipelines.outbound.log_frame import log_frame
from pipelines.settings import ROOT, Settings, load_settings
from pipelines.warehouse import build, run_query

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "docs" / "runbooks"
PAGES = sorted(FOLDER.glob("*.md"))
HEADINGS = [
    "## What it means",
    "## What the machine does by itself",
    "## How to look",
    "## How to mend it",
    "## How to know it is over",
]
COMMAND = re.compile(r"`(casehouse[^`]*)`|^(casehouse .*)$", re.MULTILINE)


def commands() -> list[tuple[str, str]]:
    texts = {path.name: path.read_text(encoding="utf-8") for path in PAGES}
    texts["kinds.py"] = "\n".join(f"{kind.by_itself} {kind.next_step('x/y')}" for kind in KINDS.values())
    return [
        (name, found[1] or found[2])
        for name, text in texts.items()
        for found in COMMAND.finditer(text.replace("```\n", "\n"))
    ]


def test_each_kind_has_a_page_and_each_page_a_kind() -> None:
    assert {path.stem for path in PAGES} == set(KINDS)


def test_each_failure_of_the_product_is_a_kind() -> None:
    told = {
        one.kind
        for one in vars(errors).values()
        if isinstance(one, type)
        and issubclass(one, errors.CasehouseError)
        and one is not errors.CasehouseError
    }
    assert told == FAILURE_KINDS


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_tells_the_five_things(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize(("page", "words"), commands(), ids=lambda one: one[:50])
def test_each_command_exists_with_its_options(page: str, words: str) -> None:
    """Follow the words through the command's groups; what is left are its options and arguments."""
    command: click.Command = cli
    rest = shlex.split(words)[1:]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    assert command is not cli, f"{page}: {words}"
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known, f"{page}: {words}"
    takes = any(isinstance(parameter, click.Argument) for parameter in command.params)
    assert takes or not rest or rest[0].startswith("--"), f"{page}: {words}"


def test_each_setting_exists() -> None:
    known = {f"CASEHOUSE_{name.upper()}" for name in Settings.model_fields}
    for path in PAGES:
        named = set(re.findall(r"CASEHOUSE_[A-Z_]+", path.read_text(encoding="utf-8")))
        assert named <= known, path.name


def test_each_question_can_be_asked(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, start_date="2026-11-22")
    lake = Lake(tmp_path)
    until = settings.last_day(datetime(2026, 11, 23, 7, tzinfo=UTC))
    build(lake, FEEDS, since=settings.first_day, until=until, outbound_log=log_frame(tmp_path))
    asked = [words for _, words in commands() if words.startswith("casehouse sql")]
    assert len(asked) > 1
    for words in asked:
        run_query(lake, shlex.split(words)[2])
