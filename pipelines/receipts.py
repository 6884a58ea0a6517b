"""Receipts: what ingest proves about one feed and day, kept inside the Parquet file it speaks of.

The receipt stands as JSON in the file's key-value metadata. Its seal is the SHA-256 of the whole file with
the seal's own place filled with zeros, so one flipped bit anywhere, the receipt included, is found. Volatile
facts (when it was fetched, by which run) are not in it: the same input must give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec

from pipelines.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "casehouse.receipt"
UNSEALED = "0" * 64
_MARK = b'"seal": "'
_TAIL = 8  # a Parquet file ends with the footer's length in four bytes, then PAR1
_MAGIC = b"PAR1"
_PIECE_BYTES = 1 << 20

Status = Literal["verified", "quarantined", "unverified"]


@dataclass(frozen=True)
class Receipt:
    """The proof of one partition. Counts are rows; `source_total` is None where the source gives none.

    `origin` says which system answered, such as "uat council": invented days can be told from real ones.
    `controls` are the column sums the contract wants told, each by the source's title of it: a told one was
    equal to the sum over every row, good and quarantined; None stands where the source told none.
    """

    feed: str
    report_date: str
    origin: str
    window_from: str
    window_until: str
    source_total: int | None
    rows_good: int
    rows_quarantined: int
    body_format: str
    body_sha256: str
    body_bytes: int
    contract: str
    version: str
    controls: tuple[tuple[str, int | None], ...] = ()
    seal: str = UNSEALED

    @property
    def status(self) -> Status:
        """verified, or quarantined when some rows were set aside, or unverified where a total is not told."""
        if self.source_total is None or any(value is None for _, value in self.controls):
            return "unverified"
        return "quarantined" if self.rows_quarantined else "verified"

    def as_metadata(self) -> dict[str, str]:
        """Return the key-value metadata to write the file with; the seal comes after."""
        # asdict would copy deeply, which costs more than all the rest.
        told = {one.name: getattr(self, one.name) for one in fields(self)} | {"seal": UNSEALED}
        if not self.controls:
            # As every receipt was before there were any: the same bytes for the same day.
            del told["controls"]
        text = json.dumps(told, ensure_ascii=True)
        # The receipt is read up to its first closing brace, so none may stand in a text.
        return {KEY: text[:-1].replace("}", r"\u007d") + "}"}


def parse_receipt(text: str) -> Receipt:
    """Read a receipt from its JSON; raise Damaged when it is not one."""
    try:
        return msgspec.json.decode(text, type=Receipt)
    except (msgspec.MsgspecError, UnicodeError):
        raise Damaged(
            "the receipt cannot be read", todo="run `casehouse ingest` for this day again"
        ) from None


def seal(path: Path) -> Receipt:
    """Fill in the seal of a freshly written file, flush it to disk and return its receipt."""
    digest, text = fill_seal(path)
    return replace(parse_receipt(text), seal=digest)


def fill_seal(path: Path) -> tuple[str, str]:
    """Fill in the seal of a file whose proof is any JSON object under KEY; return it and the text before.

    The proof holds `"seal": ` with UNSEALED, and no brace but its own. The file is flushed to disk.
    """
    with path.open("r+b") as file:
        at, footer = _find_seal(file)
        digest = _digest(file, at)
        file.seek(at)
        file.write(digest.encode())
        file.flush()
        os.fsync(file.fileno())
    return digest, _receipt_text(footer)


def check_seal(path: Path) -> Receipt:
    """Return the file's receipt once its seal is proved; raise Damaged when any byte differs."""
    return parse_receipt(prove_seal(path))


def prove_seal(path: Path) -> str:
    """Return the text of the file's proof once its seal is proved; raise Damaged when any byte differs."""
    try:
        with path.open("rb") as file:
            at, footer = _find_seal(file)
            file.seek(at)
            found = file.read(len(UNSEALED)).decode("ascii", "replace")
            if _digest(file, at) != found:
                raise Damaged("the file is not what was written", why="its seal does not match")
    except OSError as error:
        raise Damaged("the file cannot be read", why=error.strerror or type(error).__name__) from None
    return _receipt_text(footer)


def read_receipt(path: Path) -> Receipt:
    """Return the file's receipt as it stands, without proving the seal."""
    with path.open("rb") as file:
        _, footer = _find_seal(file)
    return parse_receipt(_receipt_text(footer))


def tell_the_same(one: Path, other: Path) -> bool:
    """Whether two files hold the same rows and proof, though the bodies they came in may differ.

    Such bodies are those of a source that numbers its answers, as Xima's executionId does.
    """
    with one.open("rb") as first, other.open("rb") as second:
        ends, told = [], []
        for file in (first, second):
            _, footer = _find_seal(file)
            ends.append(file.seek(0, os.SEEK_END) - _TAIL - len(footer))
            receipt = parse_receipt(_receipt_text(footer))
            told.append(replace(receipt, body_sha256="", body_bytes=0, seal=UNSEALED))
        if ends[0] != ends[1] or told[0] != told[1]:
            return False
        first.seek(0)
        second.seek(0)
        return all(a == b for a, b in zip(_pieces(first, ends[0]), _pieces(second, ends[1]), strict=True))


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Read so many bytes from where the file stands, a piece at a time."""
    while size and (piece := file.read(min(size, _PIECE_BYTES))):
        size -= len(piece)
        yield piece


def _find_seal(file: BinaryIO) -> tuple[int, bytes]:
    """Offset of the seal in the file, and the footer it stands in."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    length = int.from_bytes(tail[:4], "little")
    if len(tail) < _TAIL or tail[4:] != _MAGIC or length > size - _TAIL:
        raise Damaged("the file is not a whole Parquet file")
    start = size - _TAIL - length
    file.seek(start)
    footer = file.read(length)
    at = footer.find(_MARK, _receipt_start(footer))
    if at < 0:
        raise Damaged("the file carries no receipt")
    return start + at + len(_MARK), footer


def _receipt_start(footer: bytes) -> int:
    """Find the receipt by the last place its key stands in the footer.

    Before it stand the columns' statistics, which hold cells: people may have written anything into them.
    """
    key = footer.rfind(KEY.encode())
    start = footer.find(b"{", key)
    if key < 0 or start < 0:
        raise Damaged("the file carries no receipt")
    return start


def _receipt_text(footer: bytes) -> str:
    start = _receipt_start(footer)
    end = footer.find(b"}", start)
    return footer[start : end + 1].decode("ascii", "replace")


def _digest(file: BinaryIO, seal_at: int) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    for piece in _pieces(file, seal_at):
        digest.update(piece)
    digest.update(UNSEALED.encode())
    file.seek(seal_at + len(UNSEALED))
    while chunk := file.read(_PIECE_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
