"""The card file: what is written is read, and what is not whole is refused while the old one stays."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import lmdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipelines.kpi.card_writing as writing
from pipelines.errors import Damaged, Permanent, Transient
from pipelines.kpi.card_file import (
    FORMAT,
    POINTER,
    CardFile,
    Pointer,
    bodies_of,
    digest_of,
    size_of,
)
from pipelines.kpi.card_writing import IDENTIFIER_COLUMNS, WORTH_COMPRESSING, write_cards
from pipelines.whole_files import alone
from tests.kpi.cards import BUILT_AT, SHARED_BODY, UNKNOWN_BODY, about, body, frames, publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE, TWO = body("A-1"), body("B-1", "B-2")
KNOWN = {"C-1": 0, "+442079460000": 0, "C-2": 1, "C-ü": 1, "both": -1}


@pytest.fixture
def pointer(tmp_path: Path) -> Path:
    publish(tmp_path, [ONE, TWO], KNOWN)
    return tmp_path / POINTER


def refused(pointer: Path) -> str:
    with pytest.raises(Damaged) as error:
        CardFile.open(pointer)
    assert error.value.todo
    return str(error.value)


def test_what_is_written_is_found_by_each_identifier(pointer: Path) -> None:
    file = CardFile.open(pointer)
    for text, place in KNOWN.items():
        found = file.find(text.encode())
        assert found
        assert found.body.decode() == [ONE, TWO, SHARED_BODY][place]
        assert found.compressed is None
    assert file.find(b"C-3") is None
    assert file.unknown.body.decode() == UNKNOWN_BODY
    assert file.shared.body.decode() == SHARED_BODY
    assert file.about == about(cards=2, documents=3, identifiers=5)
    file.close()
    with pytest.raises(lmdb.Error):
        file.find(b"C-1")


def test_a_tag_follows_the_body_and_nothing_else(tmp_path: Path) -> None:
    tags = []
    for number, bodies in enumerate(([ONE, TWO], [TWO, ONE], [ONE, ONE])):
        publish(tmp_path / str(number), bodies, {"a": 0, "b": 1})
        file = CardFile.open(tmp_path / str(number) / POINTER)
        tags.append([card.tag for name in (b"a", b"b") if (card := file.find(name))])
        file.close()
    assert tags[0] == tags[1][::-1]
    assert tags[2][0] == tags[2][1] == tags[0][0] != tags[0][1]
    assert all(tag.isdigit() and len(tag) == 20 for tag in tags[0])


def test_a_body_of_more_than_one_round_trip_also_stands_compressed(tmp_path: Path) -> None:
    numbers = [f"case {number}" for number in range(400)]
    large = body(*numbers)
    just = body(message="x" * (WORTH_COMPRESSING - len(body(message="x")) + 1))
    assert len(just) == WORTH_COMPRESSING
    publish(tmp_path, [large, just], {"large": 0, "just": 1})
    file = CardFile.open(tmp_path / POINTER)
    found, plain = file.find(b"large"), file.find(b"just")
    assert found
    assert plain
    assert found.compressed
    assert len(found.compressed) < len(found.body) / 5
    assert gzip.decompress(found.compressed) == found.body == large.encode()
    assert plain.compressed is None
    file.close()


def test_an_empty_night_is_a_file_too(tmp_path: Path) -> None:
    write_cards(tmp_path, about(), unknown=UNKNOWN_BODY, shared=SHARED_BODY, cards=[], identifiers=[])
    file = CardFile.open(tmp_path / POINTER)
    assert file.find(b"anyone") is None
    assert file.about.cards == file.about.identifiers == 0
    file.close()


def test_frames_are_taken_one_by_one_and_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_CARDS_AT_ONCE", 7)
    monkeypatch.setattr(writing, "_ROOM", 64 * 1024)
    texts = [body(f"D-{number}", message="x" * 9_000) for number in range(200)]
    known = {f"{number:03}": number for number in range(200)}
    whole = frames(texts, known)
    write_cards(
        tmp_path,
        about(),
        unknown=UNKNOWN_BODY,
        shared=SHARED_BODY,
        cards=whole["cards"][0].iter_slices(30),
        identifiers=whole["identifiers"][0].iter_slices(11),
    )
    file = CardFile.open(tmp_path / POINTER)
    assert [card.body.decode() for name in known if (card := file.find(name.encode()))] == texts
    file.close()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=60), st.text(max_size=50), max_size=20))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, told: dict[str, str]) -> None:
    folder = tmp_path_factory.mktemp("cards")
    told = {name: text for name, text in told.items() if name.isprintable()}
    texts = [body(message=text + ".") for text in told.values()]
    publish(folder, texts, {name: place for place, name in enumerate(told)})
    file = CardFile.open(folder / POINTER)
    for name, text in zip(told, texts, strict=True):
        found = file.find(name.encode())
        assert found
        assert found.body.decode() == text
    file.close()
    shutil.rmtree(folder)


def cut(path: Path, keep: float) -> None:
    path.chmod(0o644)
    os.truncate(path, int(path.stat().st_size * keep))


def flip(path: Path, place: int) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def index(pointer: Path) -> Path:
    return pointer.with_name(Pointer.read(pointer).file)


def bodies(pointer: Path) -> Path:
    return bodies_of(index(pointer))


EITHER = pytest.mark.parametrize("part", [index, bodies])


@EITHER
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
def test_a_file_that_was_cut_is_refused(pointer: Path, part: Callable[[Path], Path], keep: float) -> None:
    cut(part(pointer), keep)
    assert "are not what the pointer proves" in refused(pointer)


@EITHER
@pytest.mark.parametrize("place", [0, 20, 5_000, -1])
def test_one_wrong_bit_anywhere_is_seen(pointer: Path, part: Callable[[Path], Path], place: int) -> None:
    path = part(pointer)
    flip(path, place % path.stat().st_size)
    assert "are not what the pointer proves" in refused(pointer)


@EITHER
def test_a_file_that_is_gone_is_told(pointer: Path, part: Callable[[Path], Path]) -> None:
    part(pointer).unlink()
    assert "are gone" in refused(pointer)


def test_bytes_that_moved_from_one_file_to_the_other_are_refused(pointer: Path) -> None:
    """The digest of both is the same then; what stands where the places say is not."""
    moved = bodies(pointer).read_bytes()
    bodies(pointer).chmod(0o644)
    bodies(pointer).write_bytes(moved[-1:])
    index(pointer).chmod(0o644)
    with index(pointer).open("ab") as file:
        file.write(moved[:-1])
    assert "is no card file" in refused(pointer)


def prove(pointer: Path, path: Path, **changes: object) -> None:
    """Let the pointer prove whatever stands at the path, with its bodies."""
    digest = digest_of(part.read_bytes() for part in (path, bodies_of(path)))
    proof = {
        "file": path.name,
        "size": size_of(path),
        "digest": digest,
        "format": FORMAT,
    }
    pointer.write_text(json.dumps(proof | changes))


def test_a_proved_file_that_holds_no_cards_is_refused(pointer: Path) -> None:
    other = pointer.with_name("cards-other.lmdb")
    other.write_bytes(b"not LMDB at all" * 1000)
    shutil.copyfile(bodies(pointer), bodies_of(other))
    prove(pointer, other)
    assert "is no card file" in refused(pointer)
    with lmdb.open(str(other.with_name("cards-empty.lmdb")), subdir=False, max_dbs=1, lock=False):
        shutil.copyfile(bodies_of(other), other.with_name("cards-empty.bodies"))
    prove(pointer, other.with_name("cards-empty.lmdb"))
    assert "is no card file" in refused(pointer)


def test_another_format_is_refused_by_pointer_and_by_file(
    pointer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = index(pointer)
    prove(pointer, path, format=FORMAT + 1)
    assert f"is of another format than {FORMAT}" in refused(pointer)
    monkeypatch.undo()
    publish(pointer.parent, [ONE], {}, format=FORMAT + 1)
    assert f"is of another format than {FORMAT}" in refused(pointer)


def named(file: object) -> bytes:
    return json.dumps({"file": file, "size": 1, "digest": "", "format": FORMAT}).encode()


NO_POINTERS = [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'{"file": "x"}']


@pytest.mark.parametrize(
    "content", [*NO_POINTERS, *map(named, (7, "", ".", "..", "a/b", "/etc/passwd", "../x.lmdb"))]
)
def test_what_is_no_pointer_is_refused(pointer: Path, content: bytes) -> None:
    pointer.write_bytes(content)
    assert refused(pointer)


def test_half_a_pointer_is_refused_at_every_length(pointer: Path) -> None:
    whole = pointer.read_bytes()
    for length in range(len(whole)):
        pointer.write_bytes(whole[:length])
        assert "no pointer" in refused(pointer)


def test_before_the_first_build_there_is_no_pointer(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        CardFile.open(tmp_path / POINTER)


def test_the_current_file_and_the_one_before_stay(tmp_path: Path) -> None:
    written = [publish(tmp_path, [body(f"A-{night}")], {"a": 0}) for night in range(4)]
    kept = {part.name for path in written[-2:] for part in (path, bodies_of(path))}
    assert {path.name for path in tmp_path.glob("cards-*")} == kept
    assert Pointer.read(tmp_path / POINTER).file == written[-1].name
    assert written[-1].stat().st_mode & 0o777 == 0o440
    assert written[-1].name.startswith("cards-20261122T050000Z-")


def test_the_same_cards_again_leave_a_file(tmp_path: Path) -> None:
    for _ in range(3):
        publish(tmp_path, [ONE], {"a": 0})
        CardFile.open(tmp_path / POINTER).close()


def identified(*names: str | None, card: int = 2) -> dict[str, list[pl.DataFrame]]:
    told = {"identifier": names, "card": [card] * len(names)}
    return {"identifiers": [pl.DataFrame(told, IDENTIFIER_COLUMNS)]}


def carded(frame: pl.DataFrame) -> dict[str, list[pl.DataFrame]]:
    return {"cards": [frame]}


BROKEN_FRAMES = {
    "do not rise": identified("b", "a"),
    "stands twice": identified("a", "a"),
    "is empty": identified(""),
    "longer than 511": identified("ü" * 256),
    "not there": identified("a", card=3),
    "has gaps": identified(None),
    "no card": {"identifiers": [pl.DataFrame({"identifier": ["a"]})]},
    "does not begin": carded(frames(['{"other":1}'], {})["cards"][0]),
    "one by one": carded(frames([ONE, TWO], {})["cards"][0][1:]),
}


@pytest.mark.parametrize("told", BROKEN_FRAMES)
def test_frames_that_would_make_a_wrong_file_are_refused_and_the_old_stays(pointer: Path, told: str) -> None:
    before = sorted(path.name for path in pointer.parent.iterdir())
    given = frames([ONE], {"a": 0}) | BROKEN_FRAMES[told]
    with pytest.raises(Permanent, match=told):
        write_cards(pointer.parent, about(), unknown=UNKNOWN_BODY, shared=SHARED_BODY, **given)
    assert sorted(path.name for path in pointer.parent.iterdir()) == before
    CardFile.open(pointer).close()


def test_two_builders_do_not_meet(pointer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "WAIT_SECONDS", 0.05)
    with alone(pointer, 1, todo=""), pytest.raises(Transient, match="another process"):
        publish(pointer.parent, [ONE], {})


KILLED_BUILDER = """
import sys
from pathlib import Path
from tests.kpi.cards import publish, body
while True:
    publish(Path(sys.argv[1]), [body(f"K-{n}") for n in range(3000)], {"k": 0})
    print("built", flush=True)
"""


FULL = """
import resource, sys
from pathlib import Path
from pipelines.errors import Permanent
from tests.kpi.cards import body, publish
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    publish(Path(sys.argv[1]), [body("A-1", message="x" * 3000)] * 200, {"id:C-1": 0})
except Permanent as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_file_and_says_so(pointer: Path) -> None:
    before = pointer.read_bytes()
    told = subprocess.run(
        [sys.executable, "-c", FULL, str(pointer.parent)], capture_output=True, text=True, check=True
    ).stdout
    assert f"the cards cannot be written to {pointer.parent} (" in told
    assert "To do: check room and rights there" in told
    assert pointer.read_bytes() == before
    assert not list(pointer.parent.glob(".cards-*"))
    CardFile.open(pointer).close()


def test_a_killed_builder_leaves_a_whole_file(pointer: Path) -> None:
    for wait in (0.0, 0.01, 0.03):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED_BUILDER, str(pointer.parent)], stdout=subprocess.PIPE
        )
        assert process.stdout
        process.stdout.readline()
        threading.Event().wait(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        CardFile.open(pointer).close()
    publish(pointer.parent, [ONE], {})
    assert not list(pointer.parent.glob(".cards-*"))


def test_a_file_may_be_closed_while_it_is_asked(tmp_path: Path) -> None:
    """Nothing is taken away under a look-up: it is found, or the file is closed; nothing else."""
    for number in range(20):
        publish(tmp_path, [body("A-1")], {"id:C-1": 0}, built_at=BUILT_AT + timedelta(days=number))
        file = CardFile.open(tmp_path / POINTER)
        found: list[bytes] = []

        def ask(file: CardFile = file, found: list[bytes] = found) -> None:
            with contextlib.suppress(lmdb.Error):
                while card := file.find(b"id:C-1"):
                    found.append(card.body)

        thread = threading.Thread(target=ask)
        thread.start()
        while not found:
            time.sleep(0.0001)
        file.close()
        thread.join()
        assert set(found) == {body("A-1").encode()}
