"""What the queries of `warehouse/card/` answer, kept in tables by card, so that chunks of cards can be taken.

A section whose queries are refused, fail, or return what no card can hold is left out and told; the others go
on. How rows are shown is told elsewhere, and what a query may read in pipelines/warehouse/guarded.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """The tables of a section that answered."""

    tables: Values[str, Sql]

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
        """Return whose telephone numbers are whose: e164, person, customer_id."""
        query, values = self._query(NUMBERS)
        return self.guard.frame(query, values).cast(
            dict.fromkeys(("e164", "person", "customer_id"), pl.String)
        )

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
        tables: dict[str, Sql] = {}
        for part, file in section.queries.items():
            table = identifier(_MADE, f"{part}_{at}")
            try:
                self._keep(table, file, tables.get("documents"))
                self._require_columns(part, f"{part}_{at}", section)
                self._require_sound(part, table, with_parts=len(section.queries) > 1)
            except CasehouseError as error:
                raise Permanent(f"{file}: {error.what}", why=error.why, todo=error.todo) from None
            tables[part] = table
        answered = Answered(tables)
        self.answered.append(answered)
        return answered

    def _query(self, file: str) -> tuple[Sql, dict[str, object]]:
        question = self.guard.judge((self.folder / file).read_text(encoding="utf-8"))
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

    def _require_columns(self, part: str, table: str, section: Section) -> None:
        rows = self.guard.frame(sections("card")["columns"], {"table": table}).rows()
        found: dict[str, str] = dict(rows)
        if missing := sorted(section.columns(part) - found.keys()):
            raise Permanent(
                f"it returns no {', '.join(missing)}, which card.toml shows", todo="correct one of the two"
            )
        if missing := [name for name in _NEEDED[part] if name not in found]:
            raise Permanent(f"it returns no {', '.join(missing)}", todo="see the top of cases.sql")
        for name, kind in (dict.fromkeys(section.columns(part), _WORDED) | _NAMED[part]).items():
            real = found.get(name)
            if real and (not real.startswith(kind) or real.endswith("]")):
                raise Permanent(f"its {name} is {real}, not {' or '.join(kind)}", todo="cast it in the query")

    def _require_sound(self, part: str, table: Sql, *, with_parts: bool) -> None:
        sql = sections("card")
        columns = self.guard.frame(Sql(f"FROM {table} LIMIT 0")).columns
        asked: list[Sql] = []
        if part == "documents":
            asked = [render(sql["faults_of_documents"], table=table)]
            asked += [render(sql["fault_of_colours"], table=table)] if "colour" in columns else []
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
