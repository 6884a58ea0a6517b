"""What may become of a call that writes: four outcomes that a caller must tell apart, and a record's form.

A call that reads may be repeated; one that writes may not, unless it is known not to have been carried out.
So every writing client says which of the four it was, and never calls one by another's name. How a vendor
shows them is known to that vendor's client alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.errors import Permanent, Transient

# A row of a table as it goes over the wire: every value a text, or None for nothing.
Record = Mapping[str, str | None]


class OutcomeUnknown(Transient):
    """The request may have been carried out: it went out, and nothing that came back settles it.

    No answer, one that breaks off, a server error, a time-out once the request had gone. Look up what there
    is before anything is sent again.
    """

    kind = "outcome unknown"


class NotSent(Transient):
    """The request was certainly not carried out, and may be sent again later.

    No connection, no such host, a refusal that the server gives before it looks at the request.
    """

    kind = "not sent"


class NotIdentified(NotSent):
    """The server does not take us for who we say we are: no call of this key is carried out.

    A key that is wrong or was taken away, or a clock that cannot be followed.
    """

    kind = "not identified"


class Refused(Permanent):
    """The server judged the request and wants none of it; the same request will be refused again.

    `field` is the one that it names, None where it names none; `reason` is what it says of it, without the
    values that were sent.
    """

    kind = "refused"

    def __init__(self, what: str, *, field: str | None = None, reason: str = "", todo: str = "") -> None:
        named = ": ".join(part for part in (field, reason) if part)
        super().__init__(what, why=named, todo=todo)
        self.field = field
        self.reason = reason


class NotAllowed(Permanent):
    """The key that was used may not do this to this table, or not use this operation."""

    kind = "not allowed"
