"""The card file: all cards of a night in one LMDB file, and the pointer that says which file is current.

The builder (card_writing.py) writes a file that nobody reads yet, proves it by a digest and swaps the
pointer; the service reads it here and never writes. Kept here: the layout, the proof, what a reader may rely
on. Not here: how a card is rendered, who asks, when a new file is looked for.

Three tables. `card`: boxes of sixteen cards, one after the other, since LMDB gives every large value whole
pages of 4 KiB and a card alone would waste half of its own; a card is tag, kind and body. `identifier`: text
as it is asked for -> place of a card: key of its box, where it begins in it and where it ends. `meta`:
`about` -> JSON, and the places of two answers that are nobody's, for a customer whom nobody knows and for an
identifier that several customers share; both are ordinary bodies. A body so large that a network needs more
than one round trip for it also stands there compressed.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
import struct
import threading
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import lmdb

from pipelines.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMAT = 1
FOLDER = "kpi"  # of the data directory
POINTER = "current.json"
UNKNOWN, SHARED, FIRST_CARD = 0, 1, 2
OPENING = b'{"sections":['

IDENTIFIERS, CARDS, META = b"identifier", b"card", b"meta"
TABLES = 3
ABOUT, UNKNOWN_AT, SHARED_AT = b"about", b"unknown", b"shared"
CARDS_IN_BOX = 16
PLACE = struct.Struct(">3I")  # number of the box, begin, end
TAG_DIGITS = 20  # a number of 64 bits
LENGTH_BYTES = 8
PLAIN, BOTH = b"p", b"z"  # the body; or its length, itself, and itself compressed

_BOX_KEY = 4
_RANGE = struct.Struct(">2I").unpack_from
_PLAIN = ord(PLAIN)
_WINDOW = 64 * 1024 * 1024
_NAME = re.compile(r"cards-[\w-]+\.lmdb")
_REBUILD = "run `casehouse kpi build`; the cards before are served until then"


Which = Literal["found", "unknown", "shared"]


class Card(NamedTuple):
    """A card as it is sent: whose it is, tag (an ETag without quotes), body, and a large body by gzip too."""

    which: Which
    tag: bytes
    body: bytes
    compressed: bytes | None


@dataclass(frozen=True, kw_only=True)
class About:
    """What a card file says of itself. The three counts are filled in when the file is written.

    `as_of` is the end of the last London day of casework that the cards know, `built_at` when they were made,
    both aware. `identified_by` and `households` are settings they were built for. `stale_message` may hold
    `{as_of}`; it goes out in a section titled `information_title` once the cards are too old.
    """

    built_at: datetime
    as_of: datetime
    product: str
    identified_by: str
    households: bool
    stale_message: str
    information_title: str
    failed_sections: tuple[str, ...] = ()
    cards: int = 0
    documents: int = 0
    identifiers: int = 0
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Spell it for the file."""
        return json.dumps(asdict(self), default=datetime.isoformat, sort_keys=True).encode()

    @classmethod
    def from_json(cls, told: bytes) -> Self:
        """Read it from the file; raise ValueError, KeyError or TypeError for anything else."""
        values: dict[str, Any] = json.loads(told)
        for name in ("built_at", "as_of"):
            values[name] = datetime.fromisoformat(values[name]).astimezone(UTC)
        values["failed_sections"] = tuple(values["failed_sections"])
        return cls(**{field.name: values[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class Pointer:
    """Which file is current, and its proof: size in bytes and SHA-256 of the whole file."""

    file: str
    size: int
    digest: str
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Spell it for the disk."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the pointer; raise FileNotFoundError before the first build, Damaged for what is none."""
        try:
            told: dict[str, Any] = json.loads(path.read_bytes())
            pointer = cls(*(told[field.name] for field in fields(cls)))
        except (ValueError, KeyError, TypeError):
            raise Damaged(f"{path} is no pointer to a card file", todo=_REBUILD) from None
        _require_format(path, pointer.format)
        if not _NAME.fullmatch(str(pointer.file)):
            raise Damaged(f"{path} names no card file of its own folder", todo=_REBUILD)
        return pointer


def digest_of(path: Path) -> str:
    """Digest a file in a few long calls, during which other threads of the process go on."""
    digest, size = hashlib.sha256(), path.stat().st_size
    with path.open("rb") as file:
        for start in range(0, size, _WINDOW):
            length = min(_WINDOW, size - start)
            # A map of the whole file would count as this process's memory, all of it.
            with mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ, offset=start) as content:
                digest.update(content)
    return digest.hexdigest()


class CardFile:
    """An open card file, proved whole. One thread looks up; any other may close it, at any time."""

    def __init__(self, path: Path, store: lmdb.Environment) -> None:
        self.path = path
        self._store = store
        # A look-up reads the map itself, which must not be taken away meanwhile.
        self._lock = threading.Lock()
        self._identifiers = store.begin(db=store.open_db(IDENTIFIERS, create=False))
        self._boxes = store.begin(db=store.open_db(CARDS, create=False), buffers=True)
        self._place_of, self._box = self._identifiers.get, self._boxes.get
        with store.begin(db=store.open_db(META, create=False)) as reading:
            self.about = About.from_json(reading.get(ABOUT) or b"{}")
            _require_format(path, self.about.format)
            self._shared_at = reading.get(SHARED_AT) or b""
            self.unknown = self._card(reading.get(UNKNOWN_AT) or b"", "unknown")
            self.shared = self._card(self._shared_at, "shared")

    @classmethod
    def open(
        cls,
        pointer: Path,
        named: Pointer | None = None,
        digest: Callable[[Path], str] | None = None,
    ) -> Self:
        """Open the file that a pointer names, once size, digest, format and tables have been proved.

        `named`: what the pointer said when it was read; `digest`: another way to do as digest_of does. Raises
        FileNotFoundError when there is no pointer yet, Damaged when file and pointer do not fit.
        """
        named, digest = named or Pointer.read(pointer), digest or digest_of
        path = pointer.with_name(named.file)
        try:
            # Size first: an empty file cannot be mapped.
            if not named.size or path.stat().st_size != named.size or digest(path) != named.digest:
                raise Damaged(f"{path} is not the file that its pointer proves", todo=_REBUILD)
            store = lmdb.open(
                str(path), subdir=False, readonly=True, lock=False, create=False, max_dbs=TABLES
            )
        except FileNotFoundError:
            raise Damaged(f"{path}, which the pointer names, is gone", todo=_REBUILD) from None
        except lmdb.Error as error:
            raise Damaged(f"{path} is no card file", why=error.reason, todo=_REBUILD) from None
        try:
            return cls(path, store)
        except (lmdb.Error, struct.error, ValueError, LookupError, TypeError) as error:
            store.close()
            raise Damaged(f"{path} is no card file", why=type(error).__name__, todo=_REBUILD) from None
        except Damaged:
            store.close()
            raise

    def find(self, identifier: bytes) -> Card | None:
        """Return the card of an identifier as it stands in the file, None when it is not there.

        Raises lmdb.Error once the file is closed.
        """
        with self._lock:
            place = self._place_of(identifier)
            if place is None:
                return None
            return self._card(place) if place != self._shared_at else self.shared

    def _card(self, place: bytes, which: Which = "found") -> Card:
        box = self._box(place[:_BOX_KEY])
        if box is None:
            raise LookupError("a place is in no box")
        begin, end = _RANGE(place, _BOX_KEY)
        stored = bytes(box[begin:end])
        if stored[TAG_DIGITS] == _PLAIN:
            return Card(which, stored[:TAG_DIGITS], stored[TAG_DIGITS + 1 :], None)
        content = stored[TAG_DIGITS + 1 :]
        end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "big")
        return Card(which, stored[:TAG_DIGITS], content[LENGTH_BYTES:end], content[end:])

    def close(self) -> None:
        """Give the file back. Freeing a large map takes long: not in the thread that answers."""
        with self._lock:
            self._identifiers.abort()
            self._boxes.abort()
        self._store.close()


def read_about(pointer: Path) -> About:
    """Read what the current file says of itself, without proving all its bytes: quick at any size.

    Raises FileNotFoundError before the first build, Damaged for a file that cannot be read. Not for a process
    that has the file open as a CardFile.
    """
    path = pointer.with_name(Pointer.read(pointer).file)
    try:
        with (
            lmdb.open(
                str(path), subdir=False, readonly=True, lock=False, create=False, max_dbs=TABLES
            ) as store,
            store.begin(db=store.open_db(META, create=False)) as reading,
        ):
            return About.from_json(reading.get(ABOUT) or b"{}")
    except (lmdb.Error, ValueError, LookupError, TypeError) as error:
        raise Damaged(f"{path} is no card file", why=type(error).__name__, todo=_REBUILD) from None


def _require_format(path: Path, told: object) -> None:
    if told != FORMAT:
        raise Damaged(
            f"{path} is of another format than {FORMAT}, which this version reads",
            todo="run builder and service in the same version, then `casehouse kpi build`",
        )
