"""The keeper: puts each body that ingest receives on the shelf, before it is opened and while it is read.

Opening a body consumes its file, so its last bytes are read at once; the rest of a large one is compressed in
a thread of its own meanwhile. Keeping never fails a day: what could not be kept is told in the log.
"""

from __future__ import annotations

import logging
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from pipelines.errors import CasehouseError, Damaged
from pipelines.raw.kept_file import PIECE_BYTES, SUFFIX, Label, write_kept
from pipelines.raw.shelf import Shelf
from pipelines.sources.report import MOST_CUT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from pipelines.contracts.contract import Contract
    from pipelines.days import ReportDay
    from pipelines.lake import Lake
    from pipelines.sources.report import Body, ReportRequest, ReportSource

log = logging.getLogger("casehouse.raw")

# Bodies are kept only while so much of the disk stays free: the lake comes first.
SPARE_BYTES = 1 << 30
# Large bodies compressed at the same time; each waits for the disk now and then.
_THREADS = 2
_FAULTS = (OSError, CasehouseError, pa.ArrowException)


class Keeper:
    """Keeps the bodies of one feed for `days` days, 0 for none; a context manager, for several threads.

    `folder` is on the lake's disk, private, and removed by whoever lends it.
    """

    def __init__(
        self, contract: Contract, lake: Lake, folder: Path, days: int, clock: Callable[[], datetime]
    ) -> None:
        self._contract = contract
        self._lake = lake
        self._folder = folder
        self._days = days
        self._clock = clock
        self._shelf = Shelf(lake.root, contract.feed)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="keep")
        self._under_way: dict[ReportDay, Future[None]] = {}
        self._is_told = False

    def __enter__(self) -> Self:
        try:
            self._shelf.sweep(self._clock(), self._days)
        except OSError as error:
            self._tell(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, request: ReportRequest, source: ReportSource, body: Body) -> None:
        """Keep a body that is about to be opened; what of a large one is not kept yet follows by itself."""
        if not self._days:
            return
        try:
            if shutil.disk_usage(self._lake.root).free < SPARE_BYTES + body.size:
                self._tell("little room is left on the disk")
                return
            window_from, window_until = source.window(request.day)
            label = Label(
                feed=request.feed,
                report_date=str(request.day),
                format=body.format,
                sha256=body.sha256,
                size=body.size,
                framed=body.framed,
                origin=source.origin,
                window_from=window_from,
                window_until=window_until,
                fields=request.fields,
                fetched_at=self._clock(),
                contract=self._contract.fingerprint,
            )
            pieces = _pieces(body)
            if body.size <= PIECE_BYTES:
                self._keep(request.day, label, pieces)
            else:
                first = next(pieces)  # opens the file and reads its end, before anything is cut off
                self._under_way[request.day] = self._pool.submit(
                    self._keep, request.day, label, _rejoined(first, pieces)
                )
        except _FAULTS as error:
            self._tell(error)

    def finish(self, day: ReportDay) -> None:
        """Wait until the day's body is kept."""
        under_way = self._under_way.pop(day, None)
        if under_way is not None:
            under_way.result()

    def _keep(self, day: ReportDay, label: Label, pieces: Iterator[bytes]) -> None:
        written = self._folder / f"{day}{SUFFIX}"
        try:
            write_kept(pieces, label, written)
            self._shelf.put(day, label, written, standing=self._standing(day))
        except _FAULTS as error:
            self._tell(error)
        finally:
            written.unlink(missing_ok=True)

    def _standing(self, day: ReportDay) -> str | None:
        try:
            receipt = self._lake.receipt(self._contract.feed, day)
        except Damaged:
            return None
        return receipt.body_sha256 if receipt else None

    def _tell(self, fault: Exception | str) -> None:
        """Say once a run that bodies are not kept, and why."""
        if not self._is_told:
            self._is_told = True
            why = fault.strerror or type(fault).__name__ if isinstance(fault, OSError) else fault
            log.warning(
                "%s: received bodies are not kept, so that these days cannot be replayed (%s). To do: run"
                " `casehouse doctor`, make room or mend the rights, or set CASEHOUSE_RAW_DAYS lower",
                self._contract.feed,
                why,
            )


def _pieces(body: Body) -> Iterator[bytes]:
    """Yield a body's bytes; of a large one, those that opening may cut off are read with the first piece."""
    with body.path.open("rb") as file:
        if body.size <= PIECE_BYTES:
            yield file.read()
            return
        end = body.size - MOST_CUT_BYTES
        file.seek(end)
        tail = file.read()
        file.seek(0)
        while end > 0:
            piece = file.read(min(end, PIECE_BYTES))
            if not piece:
                break
            end -= len(piece)
            yield piece
        yield tail


def _rejoined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
