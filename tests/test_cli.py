"""The command answers in one clear line and an exit status, and never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipelines import cli
from pipelines.errors import Permanent, SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def call(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    code = left.value.code
    assert isinstance(code, int)
    return code


def test_help_loads_no_heavy_library() -> None:
    heavy = "{'polars', 'duckdb', 'dagster', 'pydantic', 'httpx', 'pandera', 'pyarrow', 'aiohttp', 'rich'}"
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, pipelines.cli; print({heavy} & set(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ingest", "icasework/nothing", "2026-11-22"), "'icasework/nothing' is not a feed"),
        (("ingest", "icasework/cases", "22/11/2026"), "write days as YYYY-MM-DD"),
    ],
)
def test_a_wrong_word_is_named_with_what_to_do(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*words) == 1
    out = capsys.readouterr()
    assert told in out.err
    assert "Traceback" not in out.err
    assert out.err.count("\n") == 1


def test_usage_and_settings_errors_exit_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("ingest") == 2
    monkeypatch.setenv("CASEHOUSE_BAD_ROW_SHARE", "lots")
    assert call("doctor") == 2
    assert "CASEHOUSE_BAD_ROW_SHARE" in capsys.readouterr().err


def test_an_unforeseen_error_shows_its_type_but_not_its_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst() -> None:
        raise ValueError("Fred Bloggs")

    monkeypatch.setattr(cli, "_settings", burst)
    assert call("verify") == 1
    told = capsys.readouterr().err
    assert "ValueError" in told
    assert "Bloggs" not in told
    assert "--debug" in told


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise Permanent("no")

    monkeypatch.setattr(cli, "_settings", refuse)
    with pytest.raises(Permanent):
        cli.main(["--debug", "verify"])


def test_errors_tell_where_what_why_and_what_to_do() -> None:
    error = SettingsError("it broke", why="a reason", todo="mend it").about("icasework/cases", "2026-11-22")
    assert str(error) == "icasework/cases 2026-11-22: it broke (a reason). To do: mend it"
    assert error.about("other", "2000-01-01").feed == "icasework/cases"


def test_a_question_to_a_catalogue_that_is_not_there_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    assert call("sql", "select 1") == 1
    assert "casehouse rebuild" in capsys.readouterr().err
