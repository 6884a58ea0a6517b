"""The days of 25 and 23 hours: time cards in the lake against rota and calls, added up by another road."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

from pipelines.days import ReportDay
from pipelines.demonstration import XIMA_DESK
from pipelines.feeds import FEEDS, connect, policy_for
from pipelines.ingest import ingest_days
from pipelines.lake import Lake
from pipelines.sandbox.server import SandboxThread
from pipelines.sandbox.xima.centre.rota import duties
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines.sandbox.xima.centre.rota import Duty
    from pipelines.settings import Settings

HOUR = 3_600_000
BUSY = ("break_ms", "do_not_disturb_ms", "talk_ms", "hold_ms", "wrap_ms")
Truth = Counter[tuple[str, str]]  # milliseconds by agent and column


class Loaded(NamedTuple):
    """What the lake holds of a day, and who was there on it and on the night before."""

    day: ReportDay
    cards: pl.DataFrame
    calls: pl.DataFrame
    staff: Sequence[Duty]

    def shared(self, start: int, end: int) -> int:
        """Return how much of a span lies in the day, in milliseconds."""
        first, last = (round(bound.timestamp() * 1000) for bound in (self.day.start, self.day.end))
        return max(0, min(end, last) - max(start, first))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread]:
    with SandboxThread() as running:
        yield running


@pytest.fixture(scope="module", params=["2026-10-25", "2026-03-29"])
def loaded(
    request: pytest.FixtureRequest, sandbox: SandboxThread, tmp_path_factory: pytest.TempPathFactory
) -> Loaded:
    day = ReportDay.parse(request.param)
    settings = load_settings(data_dir=tmp_path_factory.mktemp("data"), xima_base_url=sandbox.xima_url)
    days = [day.plus(-1), day]
    cards, calls = (load(settings, f"xima/{name}", days) for name in ("time_cards", "calls"))
    seed = sandbox.sandbox.dials.seed
    staff = [duty for one in days for duty in duties(seed, one.date, is_quiet=True)]  # a weekend
    return Loaded(day, cards.filter(report_date=day.date), calls, staff)


def load(settings: Settings, key: str, days: Sequence[ReportDay]) -> pl.DataFrame:
    feed, lake = FEEDS[key], Lake(settings.data_dir)
    with closing(connect(feed.source, settings)) as source:
        policy = policy_for(key, settings)
        outcomes = list(ingest_days(feed, days, source=source, lake=lake, policy=policy))
    assert [outcome.receipt.status for outcome in outcomes if outcome.receipt] == ["verified"] * len(days)
    stored = [pl.read_parquet(lake.path(key, day)).with_columns(report_date=day.date) for day in days]
    return pl.concat(stored)


def by_rota(loaded: Loaded) -> Truth:
    truth: Truth = Counter()
    for duty in loaded.staff:
        for session in duty.sessions:
            truth[duty.agent, "logged_in_ms"] += loaded.shared(*session)
        for pause in duty.pauses:
            column = {"break": "break_ms", "do not disturb": "do_not_disturb_ms"}[pause.kind]
            truth[duty.agent, column] += loaded.shared(*pause.span)
    return truth


def by_calls(loaded: Loaded) -> Truth:
    """Lay each call's parts out from its start: ringing, half the talk, hold, the other half, wrap-up."""
    truth: Truth = Counter()
    answered = loaded.calls.filter(pl.col("agent").is_not_null())
    for call in answered.with_columns(pl.col("started_at").dt.epoch("ms")).iter_rows(named=True):
        half = call["talk_ms"] // 2
        at = call["started_at"] + call["ring_ms"]
        for column, length in (
            ("talk_ms", half),
            ("hold_ms", call["hold_ms"]),
            ("talk_ms", call["talk_ms"] - half),
            ("wrap_ms", call["wrap_ms"]),
        ):
            truth[call["agent"], column] += loaded.shared(at, at + length)
            at += length
    return truth


def on_cards(loaded: Loaded) -> Truth:
    told: Truth = Counter()
    for card in loaded.cards.iter_rows(named=True):
        for column in ("logged_in_ms", *BUSY):
            told[card["agent"], column] += card[column]
    return told


def test_cards_are_what_rota_and_calls_add_up_to(loaded: Loaded) -> None:
    told = on_cards(loaded)
    assert +told == by_rota(loaded) + by_calls(loaded)
    assert all(loaded.cards[column].sum() > 0 for column in BUSY if column != "do_not_disturb_ms")  # rare


def test_the_desk_is_there_for_as_long_as_the_day_is(loaded: Loaded) -> None:
    desk = loaded.cards.filter(agent=XIMA_DESK).sort("session_start_at")
    assert desk["logged_in_ms"].sum() == loaded.day.hours * HOUR
    assert (desk["session_start_at"][0], desk["session_end_at"][-1]) == (loaded.day.start, loaded.day.end)


def test_each_card_is_filled_to_the_millisecond(loaded: Loaded) -> None:
    parts = pl.sum_horizontal(*BUSY, "idle_ms")
    session = (pl.col("session_end_at") - pl.col("session_start_at")).dt.total_milliseconds()
    wrong = loaded.cards.filter((pl.col("logged_in_ms") != parts) | (parts != session))
    assert wrong.is_empty()
    assert loaded.cards.height >= 4
