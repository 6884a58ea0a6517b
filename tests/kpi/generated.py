"""Any card that the shapes allow, and any change of one that they do not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from pipelines.kpi.schema import (
    Kpi,
    KpiCustomField,
    KpiDocument,
    KpiDocumentLine,
    KpiExpandable,
    KpiNamedField,
    KpiSection,
    KpiStatus,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Change = Callable[[], object]

TEXTS = st.text(min_size=1, max_size=12)
NUMBERS = st.text(min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
ADDRESSES = st.from_regex(r"\Ahttps?://[a-z]{1,9}\.example(/[a-z0-9/?=&%]{0,9})?\Z")
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MONEY = st.decimals(Decimal("-1e9"), Decimal("1e9"), places=2)
COUNTS = st.decimals(Decimal("-1e6"), Decimal("1e6"), places=3)


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def lists(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=2)


def made(kind: Callable[..., Any], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make a model of its parts; those that are None are left out."""
    return st.fixed_dictionaries(parts).map(
        lambda values: kind(**{name: value for name, value in values.items() if value is not None})
    )


FIELDS = made(KpiCustomField, name=some(TEXTS), value=st.text(max_size=12))
NAMED = made(KpiNamedField, name=TEXTS, value=st.text(max_size=12))
EXPANDABLE = made(KpiExpandable, columns=lists(TEXTS), fields=some(lists(NAMED)))
LINES = made(
    KpiDocumentLine,
    name=TEXTS,
    quantity=some(COUNTS),
    delivered=some(COUNTS),
    url=some(ADDRESSES),
    fields=some(lists(NAMED)),
    expandable_fields=some(lists(EXPANDABLE)),
)
STATUS = made(
    KpiStatus,
    name=TEXTS,
    color_code=some(st.sampled_from(["NORMAL", "GREEN", "ORANGE", "RED"])),
    updated_date=some(INSTANTS),
)


def documents(number: str) -> st.SearchStrategy[KpiDocument]:
    return made(
        KpiDocument,
        document_number=st.just(number),
        document_date=INSTANTS,
        external_url=some(ADDRESSES),
        tracking_url=some(ADDRESSES),
        status=some(STATUS),
        amount=some(MONEY),
        currency=some(TEXTS),
        lines=some(lists(LINES)),
        fields=some(lists(FIELDS)),
    )


@st.composite
def cards(draw: st.DrawFn) -> Kpi:
    """Return a card of at least one document; `exclude_if` leaves out what is None."""
    numbers = draw(st.lists(NUMBERS, min_size=1, max_size=3, unique=True))
    found = [draw(documents(number)) for number in numbers]
    cut = draw(st.integers(0, len(found)))
    parts = [found[:cut], found[cut:]]
    sections = [
        draw(made(KpiSection, title=TEXTS, message=some(TEXTS), documents=st.just(part))) for part in parts
    ]
    return Kpi(sections=sections)


OTHER_KIND: dict[type, Any] = {str: 7, int: "7", float: "7.50", list: {}, dict: []}
MANDATORY = {"title", "documents", "documentNumber", "documentDate", "columns", "value"}


def changes(root: dict[str, Any]) -> list[Change]:
    """Return changes of a card's members, each of which breaks its shape."""
    there = [one for section in root["sections"] for one in section["documents"]]
    found: list[Change] = [partial(root.update, customer="x")]
    found += [partial(section["documents"].append, there[0]) for section in root["sections"]]
    for one in there:
        found.append(partial(one.update, documentNumber=" "))
        found.append(partial(one.update, amount=0.125))
        found.append(partial(one.update, documentDate="2026-02-30T00:00:00Z"))
    for parent, key in nodes(root):
        value = parent[key]
        found.append(partial(put, parent, key, None))
        found.append(partial(put, parent, key, OTHER_KIND[type(value)]))
        if isinstance(value, dict):
            found.append(partial(value.update, unknown_member=1))
        if key in MANDATORY:
            found.append(partial(parent.pop, key))
    return found


def put(parent: Any, key: Any, value: object) -> None:  # noqa: ANN401 - a dict or a list
    parent[key] = value


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - as JSON is
    """Yield every member and item as its holder and its key."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from nodes(value[key])
