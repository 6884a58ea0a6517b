"""What was written to cases from outside: the book of it, kept beside the invented lives and never in them.

A writing has a moment, and only what is asked about that moment or a later one shows it: days that were over
stay as they were. Nothing here knows HTTP or decides what may be written.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipelines.sandbox.council.summary import Document

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Note:
    """A note on a case: its kind, its words, and whether the customer may see it."""

    type: str
    text: str
    is_shown: bool


@dataclass(frozen=True)
class Writing:
    """One thing written to one case at `at` (London wall-clock text, whole seconds) by `act`, an operation.

    `cells` are the case's columns that changed; `opened` is the whole first row of a case that was created.
    """

    case_id: int
    at: str
    act: str
    by: str = ""
    cells: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    opened: Mapping[str, str] | None = None
    note: Note | None = None
    documents: tuple[Document, ...] = ()

    def told(self) -> dict[str, Any]:
        """Return the writing as the control page shows it."""
        note = self.note and {
            "type": self.note.type,
            "text": self.note.text,
            "self_service_access": self.note.is_shown,
        }
        return {
            "case_id": self.case_id,
            "at": self.at,
            "act": self.act,
            "by": self.by,
            "cells": dict(self.cells),
            "note": note,
            "documents": [document.name for document in self.documents],
        }


@dataclass(frozen=True)
class Detail:
    """Columns of a customer that changed at `at`, on every case of that customer."""

    at: str
    cells: Mapping[str, str]


@dataclass
class Writings:
    """The book: what was written, oldest first; safe to read from another thread.

    `renamed` leads from a customer's newer reference to the first one.
    """

    kept: list[Writing] = field(default_factory=list)
    customers: dict[str, list[Detail]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, writing: Writing) -> None:
        """Write one thing down."""
        with self._lock:
            self.kept.append(writing)

    def hold(self, reference: str, detail: Detail) -> None:
        """Write down what is new of a customer."""
        with self._lock:
            self.customers.setdefault(self.root(reference), []).append(detail)

    def rename(self, reference: str, new: str) -> None:
        """Let a customer's new reference lead to the first one."""
        with self._lock:
            self.renamed[new] = self.root(reference)

    def root(self, reference: str) -> str:
        """Return the first reference of a customer."""
        return self.renamed.get(reference, reference)

    def until(self, cutoff: str) -> dict[int, list[Writing]]:
        """Return what was written up to the moment `cutoff`, that second included, by case."""
        found: dict[int, list[Writing]] = {}
        with self._lock:
            for writing in self.kept:
                if writing.at <= cutoff:
                    found.setdefault(writing.case_id, []).append(writing)
        return found

    def told(self) -> list[dict[str, Any]]:
        """Return every writing as the control page shows it."""
        with self._lock:
            return [writing.told() for writing in self.kept]

    def details(self, reference: str, cutoff: str) -> Iterable[Mapping[str, str]]:
        """Return what is held of a customer up to a moment, oldest first."""
        held = self.customers.get(self.root(reference), [])
        return [detail.cells for detail in held[: bisect_right(held, cutoff, key=lambda one: one.at)]]
