"""The command answers in one clear line and an exit status, and never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipelines import cli
from pipelines.errors import Permanent, SettingsError
from pipelines.feeds import Policy
from pipelines.lake import Lake
from pipelines.warehouse import Verdict
from pipelines.warehouse.definitions import TESTS, definitions
from tests.plain_source import PARCELS, PlainSource, fill

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay


def call(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    code = left.value.code
    assert isinstance(code, int)
    return code


def test_help_loads_no_heavy_library() -> None:
    heavy = {"polars", "duckdb", "dagster", "pydantic", "httpx", "pandera", "pyarrow", "aiohttp", "rich"}
    heavy |= {"altair", "jinja2", "xlsxwriter"}
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


def test_a_day_that_is_not_over_is_refused_and_not_noted_as_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    assert call("ingest", "icasework/cases", "2093-11-22") == 1
    assert "2093-11-22 is not over yet" in capsys.readouterr().err
    assert Lake(tmp_path).failures("icasework/cases") == {}


def test_usage_and_settings_errors_exit_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("ingest") == 2
    assert call("ingest", "icasework/cases", "2025-12-31") == 2
    assert "CASEHOUSE_START_DATE" in capsys.readouterr().err
    assert call("sandbox", "--report", "cases") == 2
    assert call("sandbox", "--port", "9", "--report", "122109=case") == 2
    assert "cases" in capsys.readouterr().err
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


@pytest.mark.parametrize(
    "words", ["--debug verify", "verify --debug", "verify --contracts --debug", "verify --debug --contracts"]
)
def test_debug_anywhere_shows_the_traceback(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise Permanent("no")

    monkeypatch.setattr(cli, "_settings", refuse)
    with pytest.raises(Permanent):
        cli.main(words.split())


def test_after_two_dashes_debug_is_a_word_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise Permanent("no")

    monkeypatch.setattr(cli, "_settings", refuse)
    assert call("sql", "--", "--debug") == 1


@pytest.mark.parametrize(("words", "debug"), [("backfill --debug", ["--debug"]), ("backfill", [])])
def test_debug_reaches_the_process_that_drives_dagster(
    words: str, debug: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[str] = []

    def become(_: str, arguments: list[str]) -> None:
        became.extend(arguments)

    monkeypatch.setattr("os.execv", become)
    call(*words.split(), "--from", "2026-11-01", "--to", "2026-11-02")
    assert became[1:] == [
        "-P",  # not what the current directory holds under that name
        "-m",
        "assets.operate",
        *debug,
        *("backfill", "--from", "2026-11-01", "--to", "2026-11-02"),
    ]


def test_an_error_of_the_disk_is_one_line_with_its_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/srv/council/lake")

    monkeypatch.setattr(cli, "_settings", refuse)
    assert call("verify") == 1
    assert capsys.readouterr().err == "casehouse: Permission denied: /srv/council/lake\n"


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    script = """
import click
from pipelines import cli
cli.cli.commands["rebuild"].callback = lambda **_: [click.echo("x" * 9000) for _ in range(99)]
cli.main(["rebuild"])
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


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


@pytest.fixture
def depot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, days: list[ReportDay]) -> PlainSource:
    """Let the command know one feed, of a source without a wire."""
    source = fill(PlainSource(), days)
    feeds = {PARCELS.key: PARCELS}
    monkeypatch.setattr("pipelines.feeds.FEEDS", feeds)
    monkeypatch.setattr("pipelines.feeds.connect", lambda *_: source)
    monkeypatch.setattr("pipelines.feeds.policy_for", lambda *_: Policy())
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path / "data"))
    return source


@pytest.mark.usefixtures("depot")
def test_a_loaded_day_is_in_the_catalogue_at_once(
    days: list[ReportDay], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("ingest", PARCELS.key, str(days[0])) == 0
    loaded, rebuilt = capsys.readouterr().out.splitlines()
    assert loaded.startswith(f"{PARCELS.key} {days[0]}: verified, 3 rows")
    assert "1 verified" in rebuilt
    assert call("sql", "--csv", "select report_date, status from ops.receipts") == 0
    assert capsys.readouterr().out == f"report_date,status\n{days[0]},verified\n"


@pytest.mark.usefixtures("depot")
def test_the_catalogue_can_be_left_alone(days: list[ReportDay], capsys: pytest.CaptureFixture[str]) -> None:
    assert call("ingest", PARCELS.key, str(days[0]), "--no-rebuild") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert call("sql", "select 1") == 1


def test_a_day_that_fails_leaves_the_catalogue_alone(
    depot: PlainSource, days: list[ReportDay], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    depot.errors[str(days[0])] = Permanent("refused")
    assert call("ingest", PARCELS.key, str(days[0])) == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"casehouse: {PARCELS.key} {days[0]}: refused\n")
    assert not (tmp_path / "data" / "casehouse.duckdb").exists()


@pytest.mark.usefixtures("depot")
def test_verify_tells_what_is_gone_and_what_never_was(
    days: list[ReportDay], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("verify") == 1
    assert "the data directory is not there" in capsys.readouterr().err
    for day in days[:2]:
        call("ingest", PARCELS.key, str(day))
    capsys.readouterr()
    assert call("verify") == 0
    assert capsys.readouterr().out == "2 partitions and 1 monthly files proved, 0 wrong\n"
    Lake(tmp_path / "data").path(PARCELS.key, days[0]).unlink()
    assert call("verify") == 1
    wrong, summary = capsys.readouterr().out.splitlines()
    assert wrong.startswith(f"WRONG {PARCELS.key} {days[0]}: the file is gone")
    assert summary == "1 partitions and 1 monthly files proved, 1 wrong"


def test_check_tells_every_promise_and_ends_with_1_when_one_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CASEHOUSE_START_DATE", "2026-11-01")
    assert call("rebuild") == 0
    capsys.readouterr()
    assert call("check") == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == [f"ok    {name}" for name in sorted(definitions(TESTS))]
    broken = Verdict("negative_durations", "Nothing ends before it began.", 2)
    monkeypatch.setattr("pipelines.warehouse.run_sql_tests", lambda _: iter([broken]))
    assert call("check") == 1
    assert "WRONG negative_durations: 2 rows. Nothing ends" in capsys.readouterr().out
    assert call("check", "negative_durations", "--csv") == 0
    assert capsys.readouterr().out == "what,case_id,part_id,began,ended\n"
    assert call("check", "nothing") == 1
    assert "negative_durations" in capsys.readouterr().err
