"""The commands name the files they wrote, or say in one line why there are none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.test_cli import call as run

if TYPE_CHECKING:
    from pipelines.lake import Lake

OCTOBER = ("--from", "2026-10-01", "--to", "2026-10-31")


@pytest.fixture(autouse=True)
def _on_the_month(month: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(month.root))


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (("payroll", *OCTOBER), ["payroll_2026-10-01_2026-10-31.xlsx"]),
        (("calls", *OCTOBER, "--format", "csv"), ["calls_2026-10-01_2026-10-31_calls.csv"]),
        (
            ("account-usage", "--from", "2026-10-25", "--to", "2026-10-31", "--format", "json"),
            ["account-usage_2026-10-25_2026-10-31.json"],
        ),
        (("billing", "--month", "2026-10", "--rates", "{rates}"), ["billing_2026-10.xlsx"]),
    ],
)
def test_the_files_are_named(
    words: tuple[str, ...],
    files: list[str],
    rates: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [word.format(rates=rates) for word in words]
    assert run("export", *given, "--out", str(tmp_path / "out")) == 0
    told = capsys.readouterr()
    stem, _, kind = files[0].rpartition(".")
    stem = stem.removesuffix("_calls")
    assert told.out.splitlines() == [
        str(tmp_path / "out" / name) for name in (*files, f"{stem}.{kind}.manifest.json")
    ]
    assert told.err == ""


def test_an_incomplete_one_is_refused_or_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("export", "account-usage", *OCTOBER, "--out", str(tmp_path / "out"))
    assert run(*words) == 1
    told = capsys.readouterr().err
    assert "24 days are not wholly loaded" in told
    assert "(xima/account_usage 2026-10-01 to 2026-10-24 missing)" in told
    assert "--to 2026-10-31 --feed xima/account_usage --missing`" in told
    assert told.count("\n") == 1
    assert run(*words, "--allow-incomplete") == 0
    ended = capsys.readouterr()
    assert "_INCOMPLETE.xlsx" in ended.out
    assert ended.err == "INCOMPLETE: xima/account_usage 2026-10-01 to 2026-10-24 missing\n"


def test_files_go_into_the_data_directory_unless_told_otherwise(
    month: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", "calls", "--from", "2026-10-01", "--to", "2026-10-01", "--format", "json") == 0
    assert {Path(line).parent for line in capsys.readouterr().out.splitlines()} == {month.root / "exports"}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ("billing", "--month", "2026-10"),
        ("payroll", "--from", "2026-10-01"),
        ("calls", *OCTOBER, "--format", "doc"),
    ],
)
def test_wrong_words_are_usage(words: tuple[str, ...]) -> None:
    assert run("export", *words) == 2
