"""The card as an agent would see it, for whoever edits what stands on it: one page, no script, no network.

It shows the bytes that the service answers with, and says where they break the documented shape. Which card
that is, and who may look at it, is the service's business. Nothing here is written anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pipelines.days import LONDON
from pipelines.html_pages import open_templates
from pipelines.kpi.lint import by_kind, is_web_address, lint
from pipelines.kpi.schema import Kpi, wire_instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jinja2 import Environment

    from pipelines.kpi.schema import (
        KpiCustomField,
        KpiDocument,
        KpiDocumentLine,
        KpiExpandable,
        KpiNamedField,
    )

ROOM = Path(__file__).parent
OPENED = 2  # documents of each section that are open at first
BAR = 40  # the width of the bar that shows what is done, in the drawing's own units
SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
COLOURS = {"NORMAL": "no colour", "GREEN": "green", "ORANGE": "orange", "RED": "red"}


@dataclass(frozen=True)
class Done:
    """How much of a line is done: in words, and as part of the bar where both numbers are known."""

    words: str
    share: float | None
    is_all: bool


@dataclass(frozen=True)
class Table:
    """What an agent opens: rows of cells under the columns, and fields that name no column."""

    rows: Sequence[Sequence[str]]
    others: Sequence[KpiNamedField]


def preview(
    body: bytes | None,
    *,
    customer_id: str = "",
    token: str | None = "",
    problem: str = "",
    notice: str = "",
) -> str:
    """Return the page for a card's body as it is sent; None where there is none to show.

    `customer_id` and `token` are what was asked with: both go back into the form, so that another card can be
    asked for; with None for a token the form asks for one. `problem` says why there is no card. A section
    titled `notice` that holds nothing but a message stands out, above the others: it is about the whole card.
    """
    breaches = [] if body is None else lint(HTTPStatus.OK, {"Content-Type": "application/json"}, body)
    card = None if body is None else _read(body)
    sections = (card.sections or []) if card else []
    notices = [
        one for one in sections if notice and one.title == notice and one.message and not one.documents
    ]
    return (
        _environment()
        .get_template("preview.html.jinja")
        .render(
            css=_style(),
            customer_id=customer_id,
            token=token,
            problem=problem,
            breaches=[str(kind) for kind in by_kind(breaches)],
            card=card,
            notices=notices,
            sections=[one for one in sections if one not in notices],
            opened=OPENED,
            told="" if body is None else _told(body, card),
            source="" if body is None else _source(body),
        )
    )


def preview_headers() -> dict[str, str]:
    """Return what the page must be sent with: nothing but its own style may load, no link tells where it was.

    The token stands in the page's address, so no other site may learn that by a referrer.
    """
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
        "Cache-Control": "no-store",
    }


@cache
def _style() -> str:
    return (ROOM / "preview.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = open_templates(ROOM)
    environment.filters |= {
        "as_table": as_table,
        "colour": COLOURS.__getitem__,
        "done": done,
        "headline": headline,
        "is_web": lambda url: url is not None and is_web_address(url),
        "london": london,
        "money": money,
        "wire": wire_instant,
    }
    return environment


def _read(body: bytes) -> Kpi | None:
    """Read the card; None where it cannot be shown, which lint has then told of."""
    try:
        return Kpi.model_validate_json(body)
    except ValidationError:
        return None


def _told(body: bytes, card: Kpi | None) -> str:
    size = f"{len(body):,} bytes"
    if card is None:
        return size
    documents = sum(len(section.documents) for section in card.sections or ())
    return f"{documents} document{'' if documents == 1 else 's'}, {size}. Times are London times."


def _source(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body, parse_float=Decimal), indent=2, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def london(instant: datetime) -> str:
    """Spell an aware instant as a London clock shows it, such as 22 Nov 2026 14:05.

    Midnight is left out: it stands where only a day is known.
    """
    local = instant.astimezone(LONDON)
    hours = "" if local.time() == time.min else f" {local:%H:%M}"
    return f"{local.day} {local:%b %Y}{hours}"


def headline(document: KpiDocument) -> KpiCustomField | None:
    """Return the first field where it bears no name: it says what the document is, open or closed."""
    first = document.fields[0] if document.fields else None
    return None if first is None or first.name else first


def money(document: KpiDocument) -> str:
    """Spell a document's amount with two decimals and its currency."""
    amount, currency = document.amount or Decimal(0), document.currency or ""
    sign = "-" if amount < 0 else ""
    if symbol := SYMBOLS.get(currency):
        return f"{sign}{symbol}{abs(amount):,.2f}"
    return f"{amount:,.2f} {currency}".strip()


def done(line: KpiDocumentLine) -> Done | None:
    """Tell how much of a line is done; None when it has no numbers."""
    total, part = line.quantity, line.delivered
    if total is None:
        return None if part is None else Done(f"{_plain(part)} done", None, False)
    if part is None:
        return Done(_plain(total), None, False)
    share = min(max(part / total, Decimal(0)), Decimal(1)) if total > 0 else Decimal(0)
    return Done(f"{_plain(part)} of {_plain(total)} done", float(round(share * BAR, 1)), part >= total > 0)


def _plain(number: Decimal) -> str:
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_table(part: KpiExpandable) -> Table:
    """Lay fields out under the columns that their names say; a new row begins where a column comes again."""
    places = {name: place for place, name in enumerate(part.columns)}
    rows: list[list[str]] = []
    last = len(places)
    others = []
    for one in part.fields or ():
        if one.name not in places:
            others.append(one)
            continue
        place = places[one.name]
        if place <= last or not rows:
            rows.append([""] * len(part.columns))
        rows[-1][place] = one.value
        last = place
    return Table(rows, others)
