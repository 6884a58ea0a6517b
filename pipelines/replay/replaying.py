"""Derive days again from kept bodies, tell what would change, and publish it when that is wanted.

Days run through ingest itself, into a lake of their own beside the real one; what differs stays there until
it is published, by the same moves as ever, or thrown away. Nothing is asked of any source.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.errors import CasehouseError, Damaged, Permanent, StorageRefused, Transient
from pipelines.ingest import FAULTS, ingest_days
from pipelines.lake import Lake
from pipelines.raw.shelf import Shelf
from pipelines.receipts import tell_the_same
from pipelines.replay.choosing import choose
from pipelines.replay.difference import Difference, compare
from pipelines.replay.kept_source import KeptSource
from pipelines.repulls import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines.days import ReportDay
    from pipelines.feeds import Feed, Policy
    from pipelines.raw.shelf import Kept
    from pipelines.receipts import Receipt
    from pipelines.replay.choosing import Choice
    from pipelines.sources.report import Opener


@dataclass
class Replayed:
    """One feed's replay: what was chosen, how many days stay as they are, what would change, what failed."""

    feed: Feed
    choice: Choice
    same: int = 0
    passed_over: dict[ReportDay, str] = field(default_factory=dict)
    changes: dict[ReportDay, Difference] = field(default_factory=dict)
    failed: dict[ReportDay, CasehouseError] = field(default_factory=dict)


@dataclass(frozen=True)
class Replay:
    """What replaying one feed needs; `origin` is the account whose bodies are taken."""

    feed: Feed
    lake: Lake
    origin: str
    opener: Opener
    policy: Policy
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @contextmanager
    def derived(
        self, first: ReportDay | None = None, last: ReportDay | None = None
    ) -> Iterator[tuple[Replayed, Lake]]:
        """Derive the days from `first` to `last` again; lend the outcome and the lake they stand in."""
        choice = choose(Shelf(self.lake.root, self.feed.key), self.lake, self.origin, first, last)
        outcome = Replayed(self.feed, choice, passed_over=dict(choice.passed_over))
        with self.lake.staging() as folder:
            beside = Lake(folder)
            self._derive(outcome, beside)
            yield outcome, beside

    def _derive(self, outcome: Replayed, beside: Lake) -> None:
        source = KeptSource(self.origin, outcome.choice.bodies, self.opener)
        policy = replace(self.policy, raw_days=0)
        days = list(outcome.choice.bodies)
        for one in ingest_days(self.feed, days, source=source, lake=beside, policy=policy):
            if one.error is not None or one.receipt is None:
                outcome.failed[one.day] = one.error or Damaged("the day ended without a receipt")
                continue
            try:
                self._compare(outcome, one.day, one.receipt, beside)
            except CasehouseError as error:
                outcome.failed[one.day] = error.about(self.feed.key, str(one.day))

    def _compare(self, outcome: Replayed, day: ReportDay, receipt: Receipt, beside: Lake) -> None:
        standing = self._standing(day)
        key = self.feed.key
        # Publishing leaves alone what a body says that only its number tells from the day's own.
        is_same = standing is not None and (
            standing.seal == receipt.seal or tell_the_same(self.lake.path(key, day), beside.path(key, day))
        )
        if is_same or _shrinks(self._told(day), receipt):
            if is_same:
                outcome.same += 1
            else:
                outcome.passed_over[day] = "a later body of it has fewer rows than its file: ingest decides"
            shutil.rmtree(beside.path(key, day).parent)
            shutil.rmtree(beside.quarantine_path(key, day).parent, ignore_errors=True)
        else:
            try:
                outcome.changes[day] = compare(key, day, standing, self.lake, beside)
            except FAULTS:
                if self._standing(day) == standing:
                    raise
                raise _loaded_meanwhile() from None

    def publish(self, outcome: Replayed, beside: Lake) -> list[ReportDay]:
        """Publish the days that differ, and return them; those that cannot be are told as failed.

        A day that somebody loaded meanwhile is left as it is now.
        """
        published = []
        for day in outcome.changes:
            try:
                self._publish(outcome, day, beside)
            except CasehouseError as error:
                outcome.failed[day] = error.about(self.feed.key, str(day))
            except OSError as error:
                outcome.failed[day] = _unwritable(error).about(self.feed.key, str(day))
            else:
                published.append(day)
        return published

    def _publish(self, outcome: Replayed, day: ReportDay, beside: Lake) -> None:
        key, difference, kept = self.feed.key, outcome.changes[day], outcome.choice.bodies[day]
        aside = beside.quarantine_path(key, day) if difference.after.rows_quarantined else None

        def check() -> None:
            if self._standing(day) != difference.before:
                raise _loaded_meanwhile()

        # Whoever replays takes what comes: nothing that the source told is lost by it.
        terms = Terms(
            self.feed.contract,
            self.clock(),
            None,
            self.policy.revision_lines,
            kept.label.fetched_at,
            ends_failure=self._was_damaged(day) or (self._is_newer(day, kept) and self._had_body(day)),
        )
        self.lake.publish(key, day, beside.path(key, day), aside, terms, check=check)

    def _is_newer(self, day: ReportDay, kept: Kept) -> bool:
        """Say whether a body came after the day that stands; else a note of a later failed attempt stays."""
        standing = self.lake.path(self.feed.key, day)
        return not standing.exists() or kept.label.fetched_at.timestamp() > standing.stat().st_mtime

    def _had_body(self, day: ReportDay) -> bool:
        """Say whether the last attempt, if it failed, got as far as a body; else no replay is about it."""
        failure = self.lake.failures(self.feed.key).get(day)
        return failure is None or failure.kind not in {Transient.kind, Permanent.kind}

    def _was_damaged(self, day: ReportDay) -> bool:
        """Say whether the last attempt failed of the stored file, which any whole one mends."""
        failure = self.lake.failures(self.feed.key).get(day)
        return failure is not None and failure.kind == Damaged.kind

    def _told(self, day: ReportDay) -> Receipt | None:
        """Return what the day's file tells of itself, damaged or not."""
        try:
            return self.lake.receipt(self.feed.key, day)
        except Damaged:
            return None

    def _standing(self, day: ReportDay) -> Receipt | None:
        """Return the day's receipt once its files are proved; a damaged day is as good as none."""
        if not self.lake.path(self.feed.key, day).exists():
            return None
        try:
            return self.lake.check(self.feed.key, day)
        except Damaged:
            return None


def _shrinks(before: Receipt | None, after: Receipt) -> bool:
    """Whether a later body would take rows away, which is no matter of contracts."""
    if before is None or before.body_sha256 == after.body_sha256:
        return False
    return after.rows_good + after.rows_quarantined < before.rows_good + before.rows_quarantined


def _loaded_meanwhile() -> Transient:
    return Transient(
        "the day was loaded while it was being replayed, and is left as it is now", todo="replay it again"
    )


def _unwritable(error: OSError) -> StorageRefused:
    return StorageRefused(
        "the day derived again cannot be put in its place",
        why=error.strerror or type(error).__name__,
        todo="run `casehouse doctor`, make room or mend the rights, then replay the day again",
    )
