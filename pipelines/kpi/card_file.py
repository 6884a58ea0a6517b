"""The card files: all cards of a night in two files, and the pointer that says which are current.

The builder (card_writing.py) writes files that nobody reads yet, proves both by one digest and swaps the
pointer; the service reads them here and never writes. Kept here: the layout, the proof, what a reader may
rely on. Not here: how a card is rendered, who asks, when new files are looked for.

`cards-*.bodies` is one body after the other, as it goes over the wire; one so large that a network needs more
than one round trip for it has its compressed form behind it. `cards-*.lmdb` is the index. Its table
`identifier`: text as it is asked for -> place of a card: where its body begins, how long it is, how long the
compressed form behind it is (0 for none), and its tag. `meta`: `about` -> JSON, and the places of two answers
that are nobody's, for a customer whom nobody knows and for an identifier that several customers share; both
are ordinary cards.

Reading a gigabyte for its digest also brings every page of the map it is read through into this process, so
that no answer is the first to touch one: that costs an answer more than all the rest of the look-up.
"""

from __future__ import annotations

import json
import mmap
import re
import struct
import threading
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import lmdb
import xxhash

from pipelines.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FORMAT = 2
FOLDER = "kpi"  # of the data directory
POINTER = "current.json"
UNKNOWN, SHARED, FIRST_CARD = 0, 1, 2
OPENING = b'{"sections":['

IDENTIFIERS, META = b"identifier", b"meta"
TABLES = 2
ABOUT, UNKNOWN_AT, SHARED_AT = b"about", b"unknown", b"shared"
TAG_DIGITS = 20  # a number of 64 bits
# Of a card: where its body begins, how long that is and its compressed form, the tag.
PLACE = struct.Struct(f">QII{TAG_DIGITS}s")
INDEX_SUFFIX, BODIES_SUFFIX = ".lmdb", ".bodies"
_PLACE_OF = PLACE.unpack
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
    """What card files say of themselves. The three counts are filled in when they are written.

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
    """Which index is current, and the proof of it and its bodies: bytes and digest of both, in this order.

    The digest is XXH3's of 128 bits: it tells files that a disk or a copy has spoilt, at the speed of memory.
    It is no defence against whoever may write here; nor would any be that stands beside the files.
    """

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


def bodies_of(index: Path) -> Path:
    """Return where the bodies of an index are."""
    return index.with_suffix(BODIES_SUFFIX)


def size_of(index: Path) -> int:
    """Return the bytes of an index and its bodies."""
    return index.stat().st_size + bodies_of(index).stat().st_size


def digest_of(parts: Iterable[bytes | memoryview]) -> str:
    """Digest the bytes of index and bodies, in long pieces: other threads go on during each."""
    digest = xxhash.xxh3_128()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _map_whole(path: Path) -> mmap.mmap:
    """Map a file for reading; raise ValueError when it is empty."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class CardFile:
    """An open index with its bodies, proved whole. One thread looks up; any other may close, at any time."""

    def __init__(self, path: Path, store: lmdb.Environment, bodies: mmap.mmap) -> None:
        self.path = path
        self._store = store
        self._bodies = bodies
        # A look-up reads both maps, which must not be taken away meanwhile.
        self._lock = threading.Lock()
        self._identifiers = store.begin(db=store.open_db(IDENTIFIERS, create=False))
        self._place_of = self._identifiers.get
        with store.begin(db=store.open_db(META, create=False)) as reading:
            self.about = About.from_json(reading.get(ABOUT) or b"{}")
            _require_format(path, self.about.format)
            self._shared_at = reading.get(SHARED_AT) or b""
            self.unknown = self._card(reading.get(UNKNOWN_AT) or b"", "unknown")
            self.shared = self._card(self._shared_at, "shared")

    @classmethod
    def open(cls, pointer: Path, named: Pointer | None = None) -> Self:
        """Open the files that a pointer names, once size, digest, format and tables have been proved.

        `named`: what the pointer said when it was read. Raises FileNotFoundError when there is no pointer
        yet, Damaged when files and pointer do not fit.
        """
        named = named or Pointer.read(pointer)
        path = pointer.with_name(named.file)
        with ExitStack() as opened:
            try:
                bodies = _proved(path, named, opened)
                store = lmdb.open(
                    str(path), subdir=False, readonly=True, lock=False, create=False, max_dbs=TABLES
                )
                opened.callback(store.close)
                file = cls(path, store, bodies)
            except FileNotFoundError:
                raise Damaged(
                    f"{path} or its bodies are gone, which the pointer names", todo=_REBUILD
                ) from None
            except (lmdb.Error, struct.error, ValueError, LookupError, TypeError) as error:
                raise Damaged(f"{path} is no card file", why=type(error).__name__, todo=_REBUILD) from None
            opened.pop_all()
        return file

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
        begin, length, packed, tag = _PLACE_OF(place)
        end = begin + length
        body = self._bodies[begin:end]
        if len(body) != length:
            raise LookupError("a place is outside the bodies")
        return Card(which, tag, body, self._bodies[end : end + packed] if packed else None)

    def close(self) -> None:
        """Give the files back. Not in the thread that answers: freeing a large map takes long."""
        with self._lock:
            self._identifiers.abort()
            self._bodies.close()
        self._store.close()


def _proved(index: Path, named: Pointer, opened: ExitStack) -> mmap.mmap:
    """Map the bodies of an index once both are proved; `opened` closes the map."""
    # Size first: an empty file cannot be mapped.
    parts = (index, bodies_of(index))
    if size_of(index) == named.size and all(part.stat().st_size for part in parts):
        bodies = opened.enter_context(_map_whole(parts[1]))
        with memoryview(bodies) as content:
            if digest_of((index.read_bytes(), content)) == named.digest:
                return bodies
    raise Damaged(f"{index} and its bodies are not what the pointer proves", todo=_REBUILD)


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
