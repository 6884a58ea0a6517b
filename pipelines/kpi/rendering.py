"""Frames of documents, lines and history into the bodies of cards: text is joined, a column at a time.

Nothing here is one card's: a chunk of some ten thousand cards is rendered at once, and a member that a
document does not have is left out. What is shown is the mapping's, how values are worded is wording.py's.
Where rows come from is told elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from pipelines.kpi.card_file import OPENING
from pipelines.kpi.wording import wire_instants, worded

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Mapping as Values

    from pipelines.kpi.mapping import Mapping, Section, Shown, ShownInDocument

    Piece = str | pl.Expr

_ESCAPES = {'"': '\\"', "\\": "\\\\"} | {chr(code): f"\\u{code:04x}" for code in range(0x20)}
_CLOSING = "]}"
_NO_NOTES: Values[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Rows:
    """The rows of one section for a chunk of cards, each frame in the order in which it is shown.

    `documents`: card (UInt32, rising), document (an integer of its own), document_number, document_at and
    what else the query gave. `lines` and `history`: document, rising, and theirs.
    """

    documents: pl.DataFrame
    lines: pl.DataFrame | None = None
    history: pl.DataFrame | None = None


def render_cards(
    mapping: Mapping, cards: pl.Series, found: Sequence[Rows | None], notes: Values[str, str] = _NO_NOTES
) -> pl.DataFrame:
    """Return card, body and documents (how many of them) of a chunk, in the order of `cards`.

    `cards` names every card of the chunk (UInt32), those without a document included; `found` has an entry a
    section, None where it failed. `notes`: what a section, by its title, says on every card.
    """
    told = [
        _section(mapping, section, cards, rows, notes.get(section.title))
        for section, rows in zip(mapping.section, found, strict=True)
    ]
    frame = pl.DataFrame({"card": cards} | {f"section {at}": one["section"] for at, one in enumerate(told)})
    pieces: list[Piece] = [OPENING.decode()]
    for at in range(len(told)):
        pieces += [",", pl.col(f"section {at}")] if at else [pl.col(f"section {at}")]
    counts = pl.DataFrame({f"{at}": one["count"] for at, one in enumerate(told)})
    return frame.select("card", body=_concat([*pieces, _CLOSING])).with_columns(
        documents=counts.sum_horizontal().cast(pl.UInt32)
    )


def render_message(mapping: Mapping, message: str, failed: Collection[str] = ()) -> str:
    """Return the body of a card without documents: each section says the message, or that it failed."""
    sections = (
        _without_documents(section, mapping.messages.failed if section.title in failed else message)
        for section in mapping.section
    )
    return f"{OPENING.decode()}{','.join(sections)}{_CLOSING}"


def render_documents(section: Section, rows: Rows) -> pl.Series:
    """Return each document of a section as JSON, in the order of its rows."""
    row = _Rows(rows.documents)
    status = [
        *row.maybe(',"status":{"name":"', row.text("status"), '"'),
        *row.maybe(',"colorCode":"', row.text("colour"), '"'),
        *row.maybe(',"updatedDate":"', row.instant("status_at"), '"'),
        "}",
    ]
    return row.told(
        [
            *row.maybe('{"documentNumber":"', row.text("document_number"), '"'),
            *row.maybe(',"documentDate":"', row.instant("document_at"), '"'),
            *row.maybe(',"externalUrl":"', row.text("external_url"), '"'),
            *row.maybe(',"trackingUrl":"', row.text("tracking_url"), '"'),
            *row.where("status", status),
            *row.maybe(',"amount":', row.money("amount"), ""),
            *row.maybe(',"currency":"', row.text("currency"), '"'),
            *row.maybe(',"lines":[', _lines(section, rows), "]"),
            *row.fields(section.field),
            "}",
        ]
    )


def _section(
    mapping: Mapping, section: Section, cards: pl.Series, rows: Rows | None, note: str | None
) -> pl.DataFrame:
    """Return section (its JSON) and count (of its documents) for each card."""
    if rows is None:
        told = _without_documents(section, mapping.messages.failed)
        return pl.select(section=pl.repeat(told, len(cards)), count=pl.repeat(0, len(cards), dtype=pl.UInt32))
    documents = _joined(rows.documents["card"], render_documents(section, rows))
    message = f'"message":{_quoted(note)},' if note else ""
    opening = f'{{"title":{_quoted(section.title)},{message}"documents":['
    shown = pl.concat_str(pl.lit(opening), "documents", pl.lit(_CLOSING))  # null where there are none
    return (
        cards.to_frame("key")
        .join(documents.rename({"texts": "documents"}), on="key", how="left", maintain_order="left")
        .select(
            section=pl.coalesce(shown, pl.lit(_without_documents(section, note or mapping.messages.none))),
            count=pl.col("count").fill_null(0),
        )
    )


def _without_documents(section: Section, message: str) -> str:
    return f'{{"title":{_quoted(section.title)},"message":{_quoted(message)},"documents":[]}}'


def _lines(section: Section, rows: Rows) -> pl.Series | None:
    """Return the lines of each document, its history as the last of them; null where it has none."""
    told = []
    if rows.lines is not None:
        told.append(_joined(rows.lines["document"], _render_lines(section, rows.lines)))
    if rows.history is not None:
        cells = _joined(rows.history["document"], _render_cells(section.history_field, rows.history))
        columns = ",".join(_quoted(shown.label) for shown in section.history_field)
        name = _quoted(section.history_line or "")
        line = f'{{"name":{name},"expandableFields":[{{"columns":[{columns}],"fields":['
        told.append(cells.with_columns(texts=pl.concat_str(pl.lit(line), "texts", pl.lit("]}]}"))))
    if not told:
        return None
    documents = rows.documents["document"].to_frame("key")
    of_documents = [documents.join(one, on="key", how="left", maintain_order="left")["texts"] for one in told]
    if len(of_documents) == 1:
        return of_documents[0]
    lines, history = of_documents
    both = pl.concat_str(pl.lit(lines), pl.lit(history), separator=",", ignore_nulls=True)
    return pl.select(pl.when(both != "").then(both)).to_series()


def _render_lines(section: Section, lines: pl.DataFrame) -> pl.Series:
    row = _Rows(lines)
    return row.told(
        [
            *row.maybe('{"name":"', row.text("line_name"), '"'),
            *row.maybe(',"quantity":', row.number("quantity"), ""),
            *row.maybe(',"delivered":', row.number("delivered"), ""),
            *row.maybe(',"url":"', row.text("line_url"), '"'),
            *row.fields(section.line_field),
            "}",
        ]
    )


def _render_cells(shown: Sequence[Shown], history: pl.DataFrame) -> pl.Series:
    """Return each row of a history as fields, one a column: an empty cell has its field too."""
    row = _Rows(history)
    pieces: list[Piece] = []
    for one in shown:
        opening = _opening(one.label) if not pieces else f",{_opening(one.label)}"
        text = row.worded(one.column)
        filled = pl.Series([""]).new_from_index(0, history.height) if text is None else text.fill_null("")
        pieces += row.maybe(opening, filled, '"}')
    return row.told(pieces)


class _Rows:
    """The rows of a frame on their way to text: columns made ready, and pieces that name them."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._ready: dict[str, pl.Series] = {}

    def told(self, pieces: Sequence[Piece]) -> pl.Series:
        """Join the pieces in every row."""
        if not self._frame.height:
            return pl.Series([], dtype=pl.String)
        return pl.DataFrame(self._ready).select(_concat(pieces)).to_series()

    def maybe(self, before: str, values: pl.Series | None, after: str) -> list[Piece]:
        """Return the pieces of a member that is left out where it has no value."""
        if values is None or values.null_count() == len(values):
            return []
        column = self._keep(values)
        if not values.null_count():
            return [before, column, after]
        return [
            pl.concat_str(pl.lit(before), column, pl.lit(after))
        ]  # null, which is left out, where it is null

    def where(self, name: str, pieces: Sequence[Piece]) -> list[Piece]:
        """Return pieces that are left out, all of them, where a column has no value."""
        values = self._given(name)
        if values is None:
            return []
        if not values.null_count():
            return list(pieces)
        return [pl.when(self._keep(values.is_not_null())).then(_concat(pieces))]

    def fields(self, shown: Sequence[Shown | ShownInDocument]) -> list[Piece]:
        """Return the pieces of the member fields, of those columns that have a value."""
        told = [(_opening(one.label), text) for one in shown if (text := self.worded(one.column)) is not None]
        if not told:
            return []
        (opening, first), *others = told
        if not first.null_count():
            pieces = self.maybe(f',"fields":[{opening}', first, '"}')
            for opening, text in others:
                pieces += self.maybe(f",{opening}", text, '"}')
            return [*pieces, "]"]
        each = [pl.concat_str(pl.lit(opening), self._keep(text), pl.lit('"}')) for opening, text in told]
        every = (
            pl.DataFrame(self._ready)
            .select(pl.concat_str(*each, separator=",", ignore_nulls=True))
            .to_series()
        )
        return self.maybe(',"fields":[', every.set(every == "", None), "]")

    def text(self, name: str) -> pl.Series | None:
        """Return a column of text, escaped; None when there is nothing in it."""
        values = self._given(name)
        return None if values is None else _escaped(values.cast(pl.String))

    def worded(self, name: str) -> pl.Series | None:
        """Return a column as people read it, escaped, empty text as null; None when nothing is in it."""
        values = self._given(name)
        if values is None:
            return None
        return _escaped(values.set(values == "", None)) if values.dtype == pl.String else worded(values)

    def instant(self, name: str) -> pl.Series | None:
        """Return a column of instants as the wire wants them."""
        values = self._given(name)
        return None if values is None else wire_instants(values)

    def money(self, name: str) -> pl.Series | None:
        """Return a column of money as numbers with two decimals; what is no number is left out."""
        values = self._given(name)
        return None if values is None else values.cast(pl.Decimal(38, 2), strict=False).cast(pl.String)

    def number(self, name: str) -> pl.Series | None:
        """Return a column of numbers as JSON writes them; what is none, such as infinity, is left out."""
        values = self._given(name)
        if values is None:
            return None
        if values.dtype.is_float():
            values = values.set(~values.is_finite(), None)
        return values.cast(pl.String)

    def _given(self, name: str) -> pl.Series | None:
        if name not in self._frame.columns:
            return None
        values = self._frame[name]
        return None if values.null_count() == len(values) else values

    def _keep(self, values: pl.Series) -> pl.Expr:
        name = f"{len(self._ready)}"
        self._ready[name] = values.alias(name)
        return pl.col(name)


def _joined(keys: pl.Series, texts: pl.Series) -> pl.DataFrame:
    """Join the texts of each key by commas: key, texts, count."""
    return (
        pl.DataFrame({"key": keys, "texts": texts})
        .group_by("key", maintain_order=True)
        .agg("texts", count=pl.len())
        .with_columns(pl.col("texts").list.join(","))
    )


def _concat(pieces: Sequence[Piece]) -> pl.Expr:
    """Join pieces of text; those that are null are left out."""
    texts: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and texts and isinstance(texts[-1], str):
            texts[-1] += piece
        else:
            texts.append(piece)
    every = [pl.lit(text) if isinstance(text, str) else text for text in texts]
    return pl.concat_str(*every, ignore_nulls=True)


def _opening(label: str | None) -> str:
    return f'{{"name":{_quoted(label)},"value":"' if label else '{"value":"'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _escaped(texts: pl.Series) -> pl.Series:
    return texts.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
