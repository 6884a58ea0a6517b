"""Received bodies are kept whole, closed to others, once, for their time; keeping never costs a day."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from pipelines.doctor import examine
from pipelines.errors import CasehouseError, Damaged
from pipelines.feeds import Policy
from pipelines.ingest import ingest_days
from pipelines.lake import STAGE, Lake
from pipelines.places import PARTITION
from pipelines.raw import keeper
from pipelines.raw.kept_file import PIECE_BYTES, Label, read_label, restore, write_kept
from pipelines.raw.shelf import MOST_OF_A_DAY, RAW, Shelf
from pipelines.raw.telling import tell_kept
from pipelines.settings import load_settings
from tests.plain_source import PARCELS, PlainSource, fill, load_one, parcel

if TYPE_CHECKING:
    from pipelines.days import ReportDay

FEED = PARCELS.key
KEEPING = Policy(raw_days=30)
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def label_of(body: bytes) -> Label:
    digest = hashlib.sha256(body).hexdigest()
    window = ("2026-11-01T00:00", "2026-11-01T23:59")
    return Label(
        FEED, "2026-11-01", "csv", digest, len(body), True, "depot", *window, ("a", "b"), NOW, "c0ffee"
    )


def plain_of(shelf: Shelf, day: ReportDay, folder: Path) -> list[bytes]:
    """Return the plain bytes of a day's kept bodies, the latest first."""
    found = []
    for kept in shelf.of(day):
        restore(kept.path, folder / "plain")
        found.append((folder / "plain").read_bytes())
    return found


@trials(deadline=None, max_examples=60)
@given(
    pieces=st.lists(st.binary(max_size=300), max_size=6),
    place=st.integers(min_value=0),
    mask=st.integers(min_value=1, max_value=255),
)
def test_a_kept_body_comes_back_byte_for_byte_or_not_at_all(
    pieces: list[bytes], place: int, mask: int
) -> None:
    body = b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        file, plain = Path(folder, "kept"), Path(folder, "plain")
        write_kept(iter(pieces), label_of(body), file)
        assert read_label(file) == label_of(body)
        assert restore(file, plain).framed
        assert plain.read_bytes() == body
        written = bytearray(file.read_bytes())
        written[place % len(written)] ^= mask
        file.write_bytes(written)
        plain.unlink()
        try:
            restore(file, plain)
        except Damaged:
            assert not plain.exists()
        else:  # a bit that says nothing
            assert read_label(file) == label_of(body)
            assert plain.read_bytes() == body


@pytest.mark.usefixtures("size")
def test_what_was_received_is_kept_closed_to_others(
    lake: Lake, days: list[ReportDay], tmp_path: Path
) -> None:
    source = fill(PlainSource(), days)
    for outcome in ingest_days(PARCELS, days, source=source, lake=lake, policy=KEEPING):
        assert outcome.error is None
    shelf = Shelf(lake.root, FEED)
    assert shelf.days() == days
    (kept,) = shelf.of(days[0])
    receipt = lake.receipt(FEED, days[0])
    assert receipt
    assert (kept.label.sha256, kept.label.size) == (receipt.body_sha256, receipt.body_bytes)
    assert (kept.label.window_from, kept.label.window_until) == days[0].civil_bounds
    assert (kept.label.fields, kept.label.contract) == (source.fields, PARCELS.contract.fingerprint)
    (body,) = plain_of(shelf, days[0], tmp_path)
    assert body.startswith(b"Parcel.Id,")
    assert hashlib.sha256(body).hexdigest() == receipt.body_sha256
    for path in [lake.root / RAW, kept.path.parent, kept.path]:
        assert not stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    told = tell_kept(lake.root, [FEED], 30)[2]
    assert told.startswith(f"{len(days)}, {shelf.measure().room / 1024:.1f} KiB, the oldest of ")


def test_the_doctor_tells_how_much_is_kept_and_who_may_read_it(lake: Lake, days: list[ReportDay]) -> None:
    load_one(days[0], fill(PlainSource(), days), lake, KEEPING)
    (lake.root / RAW).chmod(0o755)
    settings = load_settings(data_dir=lake.root)
    found = {one.name: one for one in examine(settings, lambda: NOW, accounts={})}
    assert found["kept bodies"].ok
    assert not found["raw"].ok
    assert found["raw"].todo == f"run `chmod 700 {lake.root / RAW}`"


def test_a_large_body_is_kept_while_it_is_read(lake: Lake, days: list[ReportDay], tmp_path: Path) -> None:
    source = PlainSource(
        rows={str(days[0]): [parcel(number, label="x" * 200) for number in range(1, 25_000)]}
    )
    receipt = load_one(days[0], source, lake, KEEPING)
    assert receipt.body_bytes > PIECE_BYTES
    (body,) = plain_of(Shelf(lake.root, FEED), days[0], tmp_path)
    assert hashlib.sha256(body).hexdigest() == receipt.body_sha256


def test_a_day_that_fails_keeps_its_body_and_only_the_latest_few(
    lake: Lake, days: list[ReportDay], tmp_path: Path
) -> None:
    day, source = days[0], fill(PlainSource(), days)
    good = load_one(day, source, lake, KEEPING)
    for attempt in range(MOST_OF_A_DAY + 3):
        source.rows[str(day)] = [parcel(attempt + 1, price="much")]
        with pytest.raises(CasehouseError):
            load_one(day, source, lake, KEEPING)
    shelf = Shelf(lake.root, FEED)
    kept = shelf.of(day)
    assert good.body_sha256 in {one.label.sha256 for one in kept}  # the oldest, but the day stands on it
    assert len(kept) == MOST_OF_A_DAY + 1
    assert f"Parcel {MOST_OF_A_DAY + 3}".encode() in plain_of(shelf, day, tmp_path)[0]


def test_the_same_body_is_kept_once_as_of_its_last_call(lake: Lake, days: list[ReportDay]) -> None:
    source = fill(PlainSource(), days)
    list(ingest_days(PARCELS, days[:1], source=source, lake=lake, policy=KEEPING, clock=lambda: NOW))
    later = NOW + timedelta(hours=3)
    list(ingest_days(PARCELS, days[:1], source=source, lake=lake, policy=KEEPING, clock=lambda: later))
    (kept,) = Shelf(lake.root, FEED).of(days[0])
    assert kept.label.fetched_at == later


@pytest.mark.parametrize(("age", "raw_days", "stays"), [(29, 30, True), (31, 30, False), (0, 0, False)])
def test_bodies_go_when_their_time_is_over(
    lake: Lake, days: list[ReportDay], age: int, raw_days: int, *, stays: bool
) -> None:
    source = fill(PlainSource(), days)
    list(ingest_days(PARCELS, days[:1], source=source, lake=lake, policy=KEEPING, clock=lambda: NOW))
    later = NOW + timedelta(days=age)
    policy = replace(KEEPING, raw_days=raw_days)
    # Another day, one that fails: the sweep waits for nothing to be published.
    source.errors[str(days[1])] = Damaged("no answer")
    list(ingest_days(PARCELS, days[1:2], source=source, lake=lake, policy=policy, clock=lambda: later))
    assert Shelf(lake.root, FEED).days() == (days[:1] if stays else [])
    assert (lake.root / RAW / FEED / f"{PARTITION}{days[0]}").exists() is stays
    assert lake.days(FEED) == days[:1]


def test_a_body_is_kept_while_another_process_sweeps_its_day(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, replaced = Shelf(lake.root, FEED), Path.replace

    def swept_first(self: Path, target: Path) -> Path:
        if self.suffix == ".zst":
            monkeypatch.setattr(Path, "replace", replaced)
            target.parent.rmdir()
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", swept_first)
    load_one(days[0], fill(PlainSource(), days), lake, KEEPING)
    assert shelf.days() == days[:1]


def test_a_day_that_is_swept_while_it_is_looked_at_has_no_bodies(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_one(days[0], fill(PlainSource(), days), lake, KEEPING)
    shelf, scan = Shelf(lake.root, FEED), os.scandir

    def swept_first(path: Path) -> object:
        monkeypatch.setattr(os, "scandir", scan)
        shutil.rmtree(path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", swept_first)
    assert shelf.of(days[0]) == []


def test_nothing_is_kept_when_that_is_off(lake: Lake, days: list[ReportDay]) -> None:
    load_one(days[0], fill(PlainSource(), days), lake)
    assert not (lake.root / RAW).exists()


def test_a_full_disk_costs_no_day_and_is_told_once(
    lake: Lake, days: list[ReportDay], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, keeper.SPARE_BYTES))
    with caplog.at_level(logging.WARNING, "casehouse.raw"):
        outcomes = list(
            ingest_days(PARCELS, days, source=fill(PlainSource(), days), lake=lake, policy=KEEPING)
        )
    assert all(outcome.error is None for outcome in outcomes)
    assert Shelf(lake.root, FEED).days() == []
    (record,) = caplog.records
    assert "bodies are not kept" in record.getMessage()
    assert "little room" in record.getMessage()


def test_a_disk_that_refuses_costs_no_day(
    lake: Lake, days: list[ReportDay], caplog: pytest.LogCaptureFixture
) -> None:
    lake.root.mkdir()
    (lake.root / RAW).write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING, "casehouse.raw"):
        load_one(days[0], fill(PlainSource(), days), lake, KEEPING)
    assert "File exists" in caplog.text or "Not a directory" in caplog.text
    assert lake.days(FEED) == days[:1]


# Keeps a body, then half of another, where it waits to be killed.
_KEEP_HALF = """
import sys, time
from itertools import islice
from pathlib import Path
from pipelines.days import ReportDay
from pipelines.feeds import Policy
from pipelines.lake import Lake
from pipelines.raw import keeper
from tests.plain_source import PlainSource, load_one, parcel

def half(pieces):
    yield from islice(pieces, 1)
    print("half", flush=True)
    time.sleep(60)

day = ReportDay.parse("2026-11-01")
for first in (1, 2):
    rows = [parcel(number, label="x" * 200) for number in range(first, 25_000)]
    load_one(day, PlainSource(rows={str(day): rows}), Lake(Path(sys.argv[1])), Policy(raw_days=30))
    whole = keeper.write_kept
    keeper.write_kept = lambda pieces, *rest: whole(half(pieces), *rest)
"""


def test_kill_9_leaves_whole_bodies_only(lake: Lake, tmp_path: Path, days: list[ReportDay]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _KEEP_HALF, str(lake.root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "half\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    shelf = Shelf(lake.root, FEED)
    (kept,) = shelf.of(days[0])
    assert [path for path in (lake.root / RAW).rglob("*") if path.is_file()] == [kept.path]
    (body,) = plain_of(shelf, days[0], tmp_path)
    assert body.startswith(b"Parcel.Id,")
    receipt = lake.check(FEED, days[0])
    assert receipt.body_sha256 == kept.label.sha256
    # The half lies in the staging folder, which is closed and is swept after a day.
    (left,) = (lake.root / STAGE).glob("*/*.zst")
    assert left.stat().st_mode & 0o077 == left.parent.stat().st_mode & 0o077 == 0
