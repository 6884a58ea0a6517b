"""Put an export's files into a folder: written beside, flushed, renamed; the manifest last.

The manifest holds the digest of every file, so that one that was changed, or left by a broken run, shows.
What a killed run leaves beside them is somebody's data: the next run into the folder sweeps it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from pipelines.errors import Permanent
from pipelines.exports import formats
from pipelines.exports.workbook import write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.exports.document import Document

Format = Literal["csv", "xlsx", "parquet", "json"]
ASIDE = ".casehouse-"


@dataclass(frozen=True)
class Written:
    """The files of one export, its manifest last, and a line on what is not complete; empty for nothing."""

    files: tuple[Path, ...]
    warning: str

    @property
    def is_complete(self) -> bool:
        """Every day it is made from is wholly loaded."""
        return not self.warning


def publish(document: Document, folder: Path, kind: Format) -> Written:
    """Write a document and its manifest into a folder; raise Permanent when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        with _aside(folder) as aside:
            staged = list(_write(document, aside, kind))
            manifest = aside / f"{document.stem}.{kind}.manifest.json"
            manifest.write_bytes(formats.as_json(_manifest(document, staged)))
            placed = tuple(_place(file, folder) for file in (*staged, manifest))
            _flush(folder)
    except OSError as error:
        raise Permanent(
            f"{error.filename2 or error.filename or folder} cannot be written",
            why=error.strerror or type(error).__name__,
            todo="check room and rights, or name another folder with --out",
        ) from None
    return Written(placed, document.warning)


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Lend a folder that only its owner can read, held for as long as it is used."""
    with TemporaryDirectory(dir=folder, prefix=ASIDE) as name, _locked(Path(name)):
        yield Path(name)


def _sweep(folder: Path) -> None:
    """Remove what runs that were killed left behind; the folders of running ones are held by them."""
    for debris in folder.glob(f"{ASIDE}*"):
        with suppress(FileNotFoundError), _locked(debris) as is_ours:
            if is_ours:
                shutil.rmtree(debris)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder until the block or the process ends; lend whether that worked.

    It does not when another process holds it, nor on a network drive without locks, where nothing is swept.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        is_ours = False
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = True
        yield is_ours
    finally:
        os.close(handle)


def _write(document: Document, folder: Path, kind: Format) -> Iterator[Path]:
    """Write the document's files; where a format holds one table, each table has its own."""
    if kind in {"xlsx", "json"}:
        path = folder / f"{document.stem}.{kind}"
        (write_workbook if kind == "xlsx" else formats.write_json)(document, path)
        yield path
        return
    for table in document.tables:
        path = folder / f"{document.stem}_{table.name}.{kind}"
        if kind == "csv":
            formats.write_csv(table, path)
        else:
            formats.write_parquet(table, document, path)
        yield path


def _manifest(document: Document, files: list[Path]) -> dict[str, Any]:
    proof = document.proof
    return {
        "export": document.name,
        "title": document.title,
        "from": str(proof.period.first),
        "to": str(proof.period.last),
        "complete": document.is_complete,
        "incomplete_days": [
            {"feed": day["feed"], "report_date": str(day["report_date"]), "status": day["status"]}
            for day in proof.incomplete
        ],
        "product_version": document.version,
        "parameters": document.parameters,
        "notes": document.notes,
        "files": [_described(file) for file in files],
        "rows": {table.name: len(table.rows) for table in document.tables},
        "totals": {
            table.name: {
                field.name: str(table.total(field.name)) for field in table.fields if field.is_totalled
            }
            for table in document.tables
        },
        "controls": [
            {
                "feed": control.feed,
                "total": control.title,
                "told": control.told,
                "found": control.found,
                "equal": control.is_equal,
            }
            for control in document.controls
        ],
        "days": list(document.sources()),
    }


def _described(file: Path) -> dict[str, Any]:
    body = file.read_bytes()
    return {"name": file.name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _place(file: Path, folder: Path) -> Path:
    file.chmod(0o640)  # as the lake's own files: most exports hold personal data
    _flush(file)
    return file.replace(folder / file.name)


def _flush(path: Path) -> None:
    with suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
