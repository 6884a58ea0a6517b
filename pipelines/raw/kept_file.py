"""One kept body as one file: what must be known to open it again, then the body itself, compressed.

The file is a Zstandard file: a skippable frame holds the label as JSON, the frames after it hold the body, a
few megabytes each, so that `zstd -dc` gives the plain bytes. Where such files stand, and for how long, is not
decided here (see shelf.py).
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - msgspec reads the label by its types
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import pyarrow as pa

from pipelines.errors import Damaged
from pipelines.sources.report import Body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".zst"
# Each frame holds so many plain bytes: memory stays flat, and larger ones come out no smaller.
PIECE_BYTES = 4 << 20
# Measured on a wide report: level 1 takes 2.9 s a gigabyte and leaves 31 %, level 3 takes a quarter longer
# and leaves 28 %, the levels below 0 save hardly any time.
LEVEL = 1

# RFC 8878, section 3.1.2: a frame that decoders skip is its magic number, its length, then anything.
_HEAD = struct.Struct("<II")
_SKIPPED = 0x184D2A50
_LONGEST_LABEL = 1 << 20
_PROOF_BYTES = 32  # the label's own SHA-256 comes after it
_TODO = "ingest the day again"


@dataclass(frozen=True)
class Label:
    """What is known of a body beside its bytes.

    `size` and `sha256` are those of the plain bytes, `framed` is as in `Body`; `origin`, the window and
    `fields` (wire names, in order) are those of the call that it answered; `contract` is the fingerprint of
    the contract at that time.
    """

    feed: str
    report_date: str
    format: str
    sha256: str
    size: int
    framed: bool
    origin: str
    window_from: str
    window_until: str
    fields: tuple[str, ...]
    fetched_at: datetime
    contract: str


def write_kept(pieces: Iterator[bytes], label: Label, into: Path) -> None:
    """Write a body, given piece by piece, into a new file that only its owner may read.

    Raises Damaged when the pieces are not as long as the label says, OSError when the disk will not have it.
    """
    told = msgspec.json.encode(label)
    codec = pa.Codec("zstd", compression_level=LEVEL)
    left = label.size
    with os.fdopen(os.open(into, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(_HEAD.pack(_SKIPPED, len(told) + _PROOF_BYTES) + told + hashlib.sha256(told).digest())
        for piece in pieces:
            left -= len(piece)
            file.write(codec.compress(piece, asbytes=True))
    if left:
        raise Damaged("the body changed while it was being kept", why=f"{abs(left)} bytes too few or many")
    stamp = label.fetched_at.timestamp()
    os.utime(into, (stamp, stamp))


def read_label(path: Path) -> Label:
    """Return what is known of a kept body; raise Damaged when the file is none."""
    with path.open("rb") as file:
        return _label(file)


def restore(path: Path, into: Path) -> Body:
    """Write the plain body to `into`; raise Damaged unless it is byte for byte what was received."""
    digest = hashlib.sha256()
    fault = ""
    with path.open("rb") as file:
        label = _label(file)
        try:
            with into.open("wb") as out:
                for piece in _plain(file):
                    digest.update(piece)
                    out.write(piece)
        except pa.ArrowException as error:
            fault = type(error).__name__
        except OSError as error:
            # Arrow's complaint about a broken frame has no number; the disk's own has one.
            if error.errno is not None:
                raise
            fault = "its compression is broken"
    if not fault and digest.hexdigest() != label.sha256:
        fault = "its digest differs"
    if fault:
        into.unlink(missing_ok=True)
        raise Damaged("the kept body is not what was received", why=fault, todo=_TODO)
    return Body(into, label.format, label.sha256, label.size, framed=label.framed)


def _label(file: BinaryIO) -> Label:
    head = file.read(_HEAD.size)
    if len(head) == _HEAD.size:
        magic, length = _HEAD.unpack(head)
        if magic == _SKIPPED and _PROOF_BYTES < length <= _LONGEST_LABEL:
            told, proof = file.read(length - _PROOF_BYTES), file.read(_PROOF_BYTES)
            if hashlib.sha256(told).digest() == proof:
                return msgspec.json.decode(told, type=Label)
    raise Damaged("the file is no kept body", why="its label is not what was written", todo=_TODO)


def _plain(file: BinaryIO) -> Iterator[bytes]:
    with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd") as stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece
