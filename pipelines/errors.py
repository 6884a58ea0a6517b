"""The whole vocabulary of failure.

Every error that a person may see says four things: which feed and day, what happened, why, and what to
do next. It never carries a cell's value, a token, a signature or a key. The class decides who acts:
`Transient` may heal by itself, everything else waits for a person.
"""

from __future__ import annotations

NEXT_STEP = ". To do: "  # stands between what happened and what to do, in the words of every error


class CasehouseError(Exception):
    """A failure told for the person on call.

    `what` happened, `why` (the vendor's code and message, a count), `todo` (the next step), and, once
    known, the `feed` and report `day` it concerns.
    """

    kind = "error"

    def __init__(self, what: str, *, why: str = "", todo: str = "", feed: str = "", day: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo
        self.feed = feed
        self.day = day

    def about(self, feed: str, day: str) -> CasehouseError:
        """Name the feed and day, where a lower room could not know them; return the same error."""
        self.feed = self.feed or feed
        self.day = self.day or day
        return self

    def __str__(self) -> str:
        where = " ".join(part for part in (self.feed, self.day) if part)
        head = f"{where}: {self.what}" if where else self.what
        why = f" ({self.why})" if self.why else ""
        todo = f"{NEXT_STEP}{self.todo}" if self.todo else ""
        return f"{head}{why}{todo}"


class Transient(CasehouseError):
    """The source could not answer now; the same call may succeed later."""

    kind = "transient"


class Permanent(CasehouseError):
    """Asking again will not help: a refusal, a wrong setting, an unreadable answer."""

    kind = "permanent"


class SettingsError(Permanent):
    """A setting is missing, malformed or contradicts another."""

    kind = "settings"


class ContractDrift(Permanent):
    """The fields that came back are not the fields the contract pins; nothing was written.

    `came` are their names, where enough of the pinned ones are among them to take them all for names.
    """

    kind = "drift"
    came: tuple[str, ...] = ()


class TooManyBadRows(Permanent):
    """More rows broke the contract than the settable share allows; the last good file stays."""

    kind = "violations"


class StorageRefused(Permanent):
    """Our own disk would not take or give a file: it is full, broken, or the rights do not allow it."""

    kind = "storage"


class Unverified(CasehouseError):
    """The day could not be proved complete: no source total, or one that differs from the rows seen."""

    kind = "unverified"


class Damaged(Permanent):
    """A stored file no longer matches its receipt."""

    kind = "damaged"
