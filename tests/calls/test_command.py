"""`casehouse calls`: found, counted, and how to ask again, on a narrow terminal too."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from pipelines.cli import main
from tests.calls.test_book import book, made

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Tell the present; three vendors' calls are on record before it."""
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    now = datetime.now(UTC)
    writer = book(tmp_path)
    tries = [
        ("icasework", "icasework/corrective_actions", "2026-11-19", 503, "failed"),
        ("icasework", "icasework/corrective_actions", "2026-11-20", None, "unreachable"),
        ("icasework", "icasework/tasks", "2026-11-20", 200, "cut short"),
        ("icasework", "icasework/tasks", "2026-11-20", 200, "ok"),
        ("xima", "xima/calls", "2026-11-20", 202, "not finished"),
        ("tascomi", None, None, 403, "refused"),
    ]
    for number, (source, feed, day, status, outcome) in enumerate(tries):
        at = now - timedelta(minutes=30 - number)
        writer.write(
            made(
                at,
                source=source,
                feed=feed,
                report_date=day,
                status=status,
                outcome=outcome,
                what=f"{source} call",
            )
        )
    writer.write(made(now - timedelta(days=3), feed="xima/calls", source="xima"))
    return now


def call(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["calls", *words])
    assert not ended.value.code
    return capsys.readouterr().out


@pytest.mark.usefixtures("now")
def test_the_last_day_fits_eighty_columns_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    told = call(capsys)
    lines = told.splitlines()
    assert all(len(line) <= 80 for line in lines if "casehouse backfill" not in line)
    assert "icasework/corrective_actions" in told
    assert "6 tries: 1 cut short, 1 failed, 1 not finished, 1 ok, 1 refused, 1 unreachable" in lines
    assert "4 failed, 3 of them not made good since" in lines
    again = "to ask again: casehouse backfill --feed icasework/corrective_actions"
    assert [line.strip() for line in lines if line.startswith("  ")] == [
        f"{again} --from 2026-11-19 --to 2026-11-20 --missing",
        "calls without a feed: casehouse doctor; casehouse outbound log",
    ]


def test_calls_can_be_chosen(capsys: pytest.CaptureFixture[str], now: datetime) -> None:
    assert "xima call" not in call(capsys, "--failed")
    assert "2 tries: 1 cut short, 1 ok" in call(capsys, "--feed", "icasework/tasks")
    assert "1 tries: 1 refused" in call(capsys, "--source", "tascomi")
    since = (now - timedelta(days=5)).date().isoformat()
    assert "2 tries" in call(capsys, "--source", "xima", "--since", since)
    frame = pl.read_csv(io.StringIO(call(capsys, "--failed", "--csv")))
    assert frame["outcome"].to_list() == ["failed", "unreachable", "cut short", "refused"]
    assert frame["made_good"].to_list() == [False, False, True, False]


def test_a_wide_terminal_shows_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    del now
    assert "seconds" not in call(capsys)
    monkeypatch.setenv("COLUMNS", "140")
    assert "seconds" in call(capsys)


def test_an_unknown_name_is_told_with_those_there_are(
    capsys: pytest.CaptureFixture[str], now: datetime
) -> None:
    del now
    for words in (["--source", "depot"], ["--feed", "depot/parcels"]):
        with pytest.raises(SystemExit) as ended:
            main(["calls", *words])
        assert ended.value.code == 1
        assert "use one of" in capsys.readouterr().err


def test_nothing_on_record_is_no_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEHOUSE_DATA_DIR", str(tmp_path))
    assert call(capsys) == "0 tries\n"
