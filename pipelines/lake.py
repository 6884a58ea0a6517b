"""The lake: one Parquet file per feed and day, its quarantine beside it, and the record of failed attempts.

Paths, staging and promotion, what is present, what was proved. A file is written under `.stage/`, sealed,
flushed and renamed into place, so that a reader sees the old file or the new one and a kill at any moment
leaves the last good day. What goes into the files is not decided here (see ingest.py).
"""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipelines.days import ReportDay
from pipelines.errors import CasehouseError, ContractDrift, Damaged, SettingsError
from pipelines.places import PART, PARTITION, partition_file, promote, sync
from pipelines.receipts import Receipt, check_seal, read_receipt, seal, tell_the_same
from pipelines.revisions import RevisionBook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines.repulls import Terms
    from pipelines.revisions import Revision

QUARANTINE = "quarantine"
STAGE = ".stage"
STALE_SECONDS = 24 * 3600  # a staged folder this old belongs to a writer that is gone


@dataclass(frozen=True)
class Failure:
    """The last attempt at a day, when it failed: the error's kind, its message, and when.

    `attempts` counts the runs that failed to load it since it was last loaded; `made_with` names the contract
    and the product that the last one was made with; `came` are the fields that came in place of the pinned
    ones, when it is drift.
    """

    kind: str
    message: str
    attempted_at: datetime
    attempts: int = 1
    made_with: str = ""
    came: tuple[str, ...] = ()


@dataclass(frozen=True)
class Published:
    """What came of publishing a day: the receipt that stands, whether the good rows changed, and how.

    `revision` is None for a day that was new or whose rows stayed as they were; one that is `kept` tells of a
    re-pull that was held back.
    """

    receipt: Receipt
    changed: bool
    revision: Revision | None = None


@dataclass(frozen=True)
class Lake:
    """Everything below the data directory but the catalogue."""

    root: Path

    def path(self, feed: str, day: ReportDay) -> Path:
        """Say where the good rows of a day stand."""
        return partition_file(self.root, feed, day)

    def quarantine_path(self, feed: str, day: ReportDay) -> Path:
        """Say where the rows that the day's receipt counts as quarantined stand, with their reasons.

        The name holds the digest of the body they came in, so that a kill between two moves never leaves a
        day with another answer's bad rows. Without such a receipt the path is one where nothing stands.
        """
        try:
            receipt = self.receipt(feed, day)
        except Damaged:
            receipt = None
        name = _aside_name(receipt) if receipt and receipt.rows_quarantined else "none.parquet"
        return self.root / QUARANTINE / feed / f"{PARTITION}{day}" / name

    def glob(self, feed: str) -> str:
        """Return the pattern of every file of a feed."""
        return str(self.root / "lake" / feed / f"{PARTITION}*" / PART)

    def days(self, feed: str) -> list[ReportDay]:
        """List the days that have a file, in order."""
        return _days_below(self.root / "lake" / feed, PART)

    def quarantined_days(self, feed: str) -> list[ReportDay]:
        """List the days whose receipt counts quarantined rows that are there, in order."""
        days = _days_below(self.root / QUARANTINE / feed, "*.parquet")
        return [day for day in days if self.quarantine_path(feed, day).exists()]

    def receipt(self, feed: str, day: ReportDay) -> Receipt | None:
        """Return the day's receipt as it stands, None without a file; raise Damaged when it is unreadable."""
        try:
            return read_receipt(self.path(feed, day))
        except FileNotFoundError:
            return None
        except CasehouseError as error:
            raise error.about(feed, str(day)) from None

    def check(self, feed: str, day: ReportDay) -> Receipt:
        """Prove a day's files against their receipt, byte for byte; raise Damaged naming what differs."""
        try:
            return self._check(feed, day)
        except Damaged as error:
            error.todo = error.todo or f"run `casehouse ingest {feed} {day}`"
            raise error.about(feed, str(day)) from None

    def _check(self, feed: str, day: ReportDay) -> Receipt:
        receipt = check_seal(self.path(feed, day))
        if (receipt.feed, receipt.report_date) != (feed, str(day)):
            raise Damaged(
                "the file belongs to another feed or day", why=f"{receipt.feed} {receipt.report_date}"
            )
        aside = self.quarantine_path(feed, day)
        if receipt.rows_quarantined and not aside.exists():
            raise Damaged("the quarantined rows are missing")
        if receipt.rows_quarantined and check_seal(aside).body_sha256 != receipt.body_sha256:
            raise Damaged("the quarantined rows belong to another answer of the source")
        return receipt

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Lend a private folder on the lake's own disk; whatever is left in it afterwards is removed."""
        home = self.root / STAGE
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=home) as folder:
            yield Path(folder)

    def stale(self) -> list[Path]:
        """List the folders that killed writers left staged."""
        oldest = time.time() - STALE_SECONDS
        return [path for path in (self.root / STAGE).glob("*") if _modified(path) < oldest]

    def sweep(self) -> None:
        """Remove what killed writers left staged."""
        for path in self.stale():
            shutil.rmtree(path, ignore_errors=True)

    def publish(
        self,
        feed: str,
        day: ReportDay,
        good: Path,
        quarantined: Path | None,
        terms: Terms,
        *,
        check: Callable[[], None] | None = None,
    ) -> Published:
        """Seal staged files and move them into place, unless they take away too much of the day that stands.

        The quarantine goes first, under a name of its own: a kill between the moves leaves the old day with
        its old quarantine, or the new with its new. Files that would not differ are left alone, also when
        nothing but the body's digest would: a source may number its answers. What changes rows that stood is
        on record before it is promoted; rows are compared only when the files differ. The note of a failed
        attempt goes, unless that was made later than what is published: see Terms. `check` is
        called when no other writer can come in between; what it raises leaves the day as it is.
        """
        receipt = seal(good)
        self._claim(feed.partition("/")[0], receipt.origin)
        with self._lock(feed):
            if check is not None:
                check()
            published = self._publish(feed, day, good, quarantined, receipt, terms)
        if terms.ends_failure:
            self._failure_path(feed, day).unlink(missing_ok=True)
        return published

    def _publish(
        self,
        feed: str,
        day: ReportDay,
        good: Path,
        quarantined: Path | None,
        receipt: Receipt,
        terms: Terms,
    ) -> Published:
        target, book = self.path(feed, day), RevisionBook(self.root, feed, day)
        book.settle()
        standing = _proved_seal(target)
        is_same = standing == receipt.seal or (standing is not None and tell_the_same(target, good))
        record = None
        if standing is None and (damaged := _told_receipt(target)) is not None:
            terms.require_as_many(damaged, receipt)
        if standing is not None and not is_same:
            record = terms.judge(target, read_receipt(target), good, receipt)
            if record is not None and record.kept:
                book.hold(record, good.parent)
                return Published(read_receipt(target), changed=False, revision=record.revision)
        changed = False
        if not (is_same and self._has_aside(feed, day, quarantined)):
            if quarantined is not None:
                self._promote_aside(feed, day, quarantined)
            changed = standing != receipt.seal
        if changed:
            with book.telling(record, good.parent):
                promote(good, target)
        else:
            receipt = read_receipt(target)
        self._clear_aside(feed, day)
        book.follow(terms.answered_at)
        return Published(receipt, changed, record.revision if record else None)

    def _has_aside(self, feed: str, day: ReportDay, staged: Path | None) -> bool:
        """Whether the quarantined rows of the day as it stands are those staged, None for none."""
        if staged is None:
            return True
        target = self.quarantine_path(feed, day)
        return _proved_seal(target) is not None and tell_the_same(target, staged)

    def _promote_aside(self, feed: str, day: ReportDay, staged: Path) -> None:
        # Raw cells of personal data, which analysts who may read the lake need not see.
        home = self.root / QUARANTINE
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        receipt = seal(staged)
        target = home / feed / f"{PARTITION}{day}" / _aside_name(receipt)
        if _proved_seal(target) != receipt.seal:
            promote(staged, target)

    def _clear_aside(self, feed: str, day: ReportDay) -> None:
        """Remove quarantined rows that the day as it now stands does not count."""
        partner = self.quarantine_path(feed, day)
        for path in partner.parent.glob("*.parquet"):
            if path != partner:
                path.unlink(missing_ok=True)

    def record_failure(
        self,
        feed: str,
        day: ReportDay,
        error: CasehouseError,
        at: datetime,
        made_with: str = "",
        *,
        is_further: bool = False,
    ) -> None:
        """Note that the last attempt at a day failed, for the completeness view and whoever tries again.

        `is_further`: the same run had failed to load it before, so that this adds no attempt.
        """
        earlier = self._failure(feed, day)
        before = earlier.attempts if earlier else 0
        told: dict[str, str | int | list[str]] = {
            "feed": feed,
            "report_date": str(day),
            "kind": error.kind,
            "message": str(error),
            "attempted_at": at.isoformat(),
            "attempts": max(before, 1) if is_further else before + 1,
            "made_with": made_with,
        }
        if isinstance(error, ContractDrift):
            told["came"] = list(error.came)
        with self.staging() as folder:
            path = folder / "failure.json"
            path.write_text(json.dumps(told), encoding="utf-8")
            sync(path)
            promote(path, self._failure_path(feed, day))

    def _failure(self, feed: str, day: ReportDay) -> Failure | None:
        try:
            return _failure(self._failure_path(feed, day))
        except FileNotFoundError:
            return None

    def failures(self, feed: str) -> dict[ReportDay, Failure]:
        """Find the days whose last attempt failed."""
        found: dict[ReportDay, Failure] = {}
        for path in sorted((self.root / "attempts" / feed).glob("????-??-??.json")):
            # Its day was loaded in between, or it is no note of ours.
            with suppress(FileNotFoundError, ValueError):
                found[ReportDay(date.fromisoformat(path.stem))] = _failure(path)
        return found

    def owner(self, source: str) -> str | None:
        """Return the account that a source's days come from, None while there are none."""
        try:
            return self._owner_path(source).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def require_owner(self, source: str, origin: str) -> None:
        """Raise SettingsError when the lake holds days of a source from another account.

        Without this a lost setting would put the sandbox's invented days among real ones, or the reverse.
        """
        owner = self.owner(source)
        if owner is not None and owner != origin:
            raise SettingsError(
                f"the lake holds days of {source} from another account",
                why=f"it holds those of {owner}, the settings point at {origin}",
                todo=f"correct CASEHOUSE_{source.upper()}_*, or set another CASEHOUSE_DATA_DIR",
            )

    def _claim(self, source: str, origin: str) -> None:
        """Bind the lake to the account of the first day that is published; the first of two writers wins."""
        path = self._owner_path(source)
        if not path.exists():
            with self.staging() as folder:
                (folder / "origin").write_text(origin, encoding="utf-8")
                path.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileExistsError):
                    path.hardlink_to(folder / "origin")
        self.require_owner(source, origin)

    def _owner_path(self, source: str) -> Path:
        return self.root / "origins" / source

    def _failure_path(self, feed: str, day: ReportDay) -> Path:
        return self.root / "attempts" / feed / f"{day}.json"

    @contextmanager
    def _lock(self, feed: str) -> Iterator[None]:
        """Let one writer at a time promote a feed's pair of files; the lock dies with its holder."""
        path = self.root / ".locks" / f"{feed.replace('/', '.')}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _days_below(folder: Path, name: str) -> list[ReportDay]:
    """List the days of partition folders; whatever else lies there is told by `casehouse verify`."""
    found = set()
    for path in folder.glob(f"{PARTITION}????-??-??/{name}"):
        with suppress(ValueError):
            found.add(ReportDay(date.fromisoformat(path.parent.name.removeprefix(PARTITION))))
    return sorted(found)


def _aside_name(receipt: Receipt) -> str:
    return f"part-{receipt.body_sha256[:16]}.parquet"


def _failure(path: Path) -> Failure:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(told["attempted_at"])
        came = tuple(map(str, told.get("came", ())))
        attempts, made_with = int(told.get("attempts", 1)), str(told.get("made_with", ""))
        return Failure(str(told["kind"]), str(told["message"]), at, attempts, made_with, came)
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, TypeError, OSError):
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Failure("unknown", "the note of the failed attempt cannot be read", at)


def _proved_seal(path: Path) -> str | None:
    """Seal of the file that stands there, None when there is none or it no longer matches its seal."""
    try:
        return check_seal(path).seal if path.exists() else None
    except Damaged:
        return None


def _told_receipt(path: Path) -> Receipt | None:
    """Return what a file that may be damaged still tells of itself."""
    try:
        return read_receipt(path)
    except (FileNotFoundError, Damaged):
        return None


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()  # its writer finished in between
