"""What the queries of `warehouse/card/` answer, kept in tables by card, so that chunks of cards can be taken.

A section whose queries are refused, fail, or return what no card can hold is left out and told; the others go
on. How rows are shown is told elsewhere, and what a query may read in pipelines/warehouse/guarded.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import CasehouseError, Permanent
from pipelines.kpi.rendering import Rows
from pipelines.warehouse.statements import Sql, identifier, render, sections

if TYPE_CHECKING:
    from collections.abc import Mapping as Values
    from datetime import date
    from pathlib import Path

    from pipelines.kpi.identity import Identities
    from pipelines.kpi.mapping import Section
    from pipelines.warehouse.guarded import Guarded

NUMBERS = "numbers.sql"
_MADE = "made"

# What a query returns under fixed names, and what may be shown: types by how DuckDB's names for them begin.
_NOTHING = '"NULL"'  # the type of a column of which the query says nothing but NULL
_INSTANT, _TEXT = ("TIMESTAMP WITH TIME ZONE",), ("VARCHAR",)
_NUMBER = (
    "DECIMAL",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "DOUBLE",
    "FLOAT",
    "SMALLINT",
    "TINYINT",
    "UINTEGER",
    "UBIGINT",
)
_WORDED = (*_TEXT, "BOOLEAN", "DATE", "TIMESTAMP", *_NUMBER)
_TOLD = {
    _INSTANT: (
        "an instant (TIMESTAMP WITH TIME ZONE)",
        "of a day, make one by timezone('Europe/London', CAST(the_day AS TIMESTAMP))",
    ),
    _TEXT: ("text (VARCHAR)", "write CAST(... AS VARCHAR)"),
    _NUMBER: ("a number", "write CAST(... AS DECIMAL(18, 2))"),
    _WORDED: ("text, a number, a day, an instant or true and false", "write CAST(... AS VARCHAR)"),
}
_DAYS = ("DATE", "TIMESTAMP")
_DOCUMENT = {
    "document_number": _TEXT,
    "document_at": _INSTANT,
    "external_url": _TEXT,
    "tracking_url": _TEXT,
    "status": _TEXT,
    "colour": _TEXT,
    "status_at": _INSTANT,
    "amount": _NUMBER,
    "currency": _TEXT,
}
_LINE = {"line_name": _TEXT, "quantity": _NUMBER, "delivered": _NUMBER, "line_url": _TEXT}
_NEEDED = {"documents": ("document_number", "document_at"), "lines": ("line_name",), "history": ()}
_NAMED = {"documents": _DOCUMENT, "lines": _LINE, "history": dict[str, tuple[str, ...]]()}


@dataclass(frozen=True)
class Answered:
    """The tables of a section that answered, and how many documents stand in them, on how many cards."""

    tables: Values[str, Sql]
    documents: int
    cards: int

    def between(self, guard: Guarded, first: int, last: int) -> Rows:
        """Return the rows of the cards from `first` to `last`, both included."""
        sql, values = sections("card"), {"first": first, "last": last}
        documents = guard.frame(render(sql["documents_between"], table=self.tables["documents"]), values)
        parts = {
            part: guard.frame(render(sql["parts_between"], table=table), values)
            for part, table in self.tables.items()
            if part != "documents"
        }
        return Rows(documents.cast({"card": pl.UInt32}), parts.get("lines"), parts.get("history"))


@dataclass
class Asker:
    """Asks the queries of a folder, section by section, with the values that they may name."""

    guard: Guarded
    folder: Path
    as_of_date: date
    case_url: str
    households: bool
    answered: list[Answered] = field(default_factory=list)

    def numbers(self) -> pl.DataFrame:
        """Return whose telephone numbers are whose: e164, person, customer_id; or raise, naming the file."""
        wanted = ("e164", "person", "customer_id")
        sql, table = sections("card"), "whose"
        try:
            query, values = self._query(NUMBERS)
            # Kept before it is taken, so that an answer beyond all bounds is stopped by the engine.
            self.guard.execute(render(sql["answer"], table=identifier(_MADE, table), query=query), values)
            missing = [name for name in wanted if name not in self._types(table)]
            if missing:
                raise Permanent(f"it returns no {', '.join(missing)}", todo=f"see the top of {NUMBERS}")
        except CasehouseError as error:
            raise Permanent(f"{NUMBERS}: {error.what}", why=error.why, todo=error.todo) from None
        found = self.guard.frame(render(sql["kept"], table=identifier(_MADE, table)))
        return found.cast(dict.fromkeys(wanted, pl.String))

    @cached_property
    def known_by(self) -> dict[str, date | None]:
        """The last day of every feed that the catalogue knows, None where none is loaded."""
        return dict(self.guard.frame(sections("card")["known_by"]).rows())

    def customers(self) -> pl.Series:
        """Return every customer that casework names."""
        return self.guard.frame(sections("card")["customers"])["customer_id"].cast(pl.String)

    def introduce(self, identities: Identities) -> None:
        """Let the queries know who is who."""
        sql = sections("card")
        self.guard.make_from(sql["numbers"], "numbers_found", identities.numbers)
        self.guard.make_from(sql["members"], "members_found", identities.members)

    def ask(self, at: int, section: Section) -> Answered:
        """Ask a section's queries and keep what they answer; raise Permanent naming the file at fault."""
        if section.feed and section.feed not in self.known_by:
            raise Permanent(
                f"card.toml: there is no feed {section.feed}", todo=f"name one of {', '.join(self.known_by)}"
            )
        tables: dict[str, Sql] = {}
        for part, file in section.queries.items():
            table = identifier(_MADE, f"{part}_{at}")
            try:
                self._keep(table, file, tables.get("documents"))
                types = self._types(f"{part}_{at}")
                _require_columns(part, types, section.columns(part))
                self._require_days(table, part, types, section.columns(part))
                self._require_sound(part, table, types, with_parts=len(section.queries) > 1)
            except CasehouseError as error:
                raise Permanent(f"{file}: {error.what}", why=error.why, todo=error.todo) from None
            tables[part] = table
        ((documents, cards),) = self.guard.frame(
            render(sections("card")["counts"], table=tables["documents"])
        ).rows()
        answered = Answered(tables, documents, cards)
        self.answered.append(answered)
        return answered

    def _query(self, file: str) -> tuple[Sql, dict[str, object]]:
        question = self.guard.judge(_text(self.folder / file))
        known: dict[str, object] = {"as_of_date": self.as_of_date, "case_url": self.case_url}
        if unknown := question.parameters - known.keys():
            raise Permanent(
                f"there is no parameter ${', $'.join(sorted(unknown))}",
                todo=f"use one of ${', $'.join(known)}",
            )
        return question.sql, {name: known[name] for name in question.parameters}

    def _keep(self, table: Sql, file: str, documents: Sql | None) -> None:
        sql = sections("card")
        query, values = self._query(file)
        if documents is None:
            statement = sql["documents_of_households" if self.households else "documents"]
            self.guard.execute(render(statement, table=table, query=query), values)
            self.guard.execute(render(sql["shown"], table=table))
        else:
            self.guard.execute(render(sql["parts"], table=table, query=query, documents=documents), values)

    def _types(self, table: str) -> dict[str, str]:
        """Return the columns of a table that was made, with DuckDB's names of their types."""
        return dict(self.guard.frame(sections("card")["columns"], {"table": table}).rows())

    def _require_days(self, table: Sql, part: str, types: Values[str, str], shown: set[str]) -> None:
        """Raise Permanent where a day is none that people or the wire could write, such as infinity."""
        for name in sorted((shown | _NAMED[part].keys()) & types.keys()):
            if types[name].startswith(_DAYS):
                query = render(
                    sections("card")["days_beyond_calendars"], table=table, column=identifier(name)
                )
                if beyond := self.guard.frame(query).item():
                    raise Permanent(
                        f"its {name} is infinite or beyond the years 1 to 9999 in {beyond} rows",
                        todo="make it NULL in the query",
                    )

    def _require_sound(self, part: str, table: Sql, types: Values[str, str], *, with_parts: bool) -> None:
        sql = sections("card")
        asked: list[Sql] = []
        if part == "documents":
            asked = [render(sql["faults_of_documents"], table=table)]
            asked += [render(sql["fault_of_colours"], table=table)] if "colour" in types else []
            asked += [render(sql["fault_of_parts"], table=table)] if with_parts else []
            asked += [
                render(sql["fault_beside_others"], table=table, other=other.tables["documents"])
                for other in self.answered
            ]
        elif part == "lines":
            asked = [render(sql["fault_of_lines"], table=table)]
        for query in asked:
            for fault, found in self.guard.frame(query).rows():
                if found:
                    raise Permanent(f"{found} of its {part} {fault}", todo="correct the query")


def _text(path: Path) -> str:
    """Read a query, as editors of any system save it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Permanent(
            "it cannot be read", why=error.strerror or type(error).__name__, todo="put it back"
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Permanent(f"its line {line} is not UTF-8", todo="save it as UTF-8") from None


def _require_columns(part: str, types: Values[str, str], shown: set[str]) -> None:
    if missing := sorted(shown - types.keys()):
        raise Permanent(
            f"it returns no {', '.join(missing)}, which card.toml shows", todo="correct one of the two"
        )
    if missing := [name for name in _NEEDED[part] if name not in types]:
        raise Permanent(f"it returns no {', '.join(missing)}", todo="see the top of cases.sql")
    for name, kinds in (dict.fromkeys(shown, _WORDED) | _NAMED[part]).items():
        real = types.get(name)
        if real and real != _NOTHING and (not real.startswith(kinds) or real.endswith("]")):
            told, todo = _TOLD[kinds]
            raise Permanent(f"its {name} is {real}, not {told}", todo=todo)
