"""Children end on every way out: the end of the block, a signal, an error, and kill -9 of the parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from assets import watchdog
from assets.processes import ANY_PORT, Children, is_still, module, require_port
from pipelines.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A child that starts a grandchild, as a code server starts runs; both tell their ids.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
PARENT = """
import sys, time
from pathlib import Path
from assets.processes import Children, heed_signals
heed_signals()
with Children(Path(sys.argv[1]), {}, Path(sys.argv[1])) as children:
    children.start("family", [sys.executable, "-c", sys.argv[2]])
    print("started", flush=True)
    time.sleep(600)
"""


def wait_until(is_true: Callable[[], bool], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def family(logs: Path) -> list[int]:
    """Return the ids that the family told in its log, once it has."""
    log = logs / "family.log"
    wait_until(lambda: log.exists() and len(log.read_text().split()) == 2)
    return [int(word) for word in log.read_text().split()]


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def start_parent(logs: Path, *, ignore: bool = False) -> subprocess.Popen[str]:
    """Start a command with a family, as a script in the background would when `ignore` is set."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    if ignore:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    try:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(logs), FAMILY],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    parent.stdout.close()
    return parent


def test_leaving_the_block_ends_children_and_what_they_started(tmp_path: Path) -> None:
    with Children(tmp_path, {}, tmp_path) as children:
        children.start("family", [sys.executable, "-c", FAMILY])
        pids = family(tmp_path)
        assert not any(map(is_gone, pids))
    wait_until(lambda: all(map(is_gone, pids)))


def test_an_error_ends_them_too(tmp_path: Path) -> None:
    def fail() -> None:
        with Children(tmp_path, {}, tmp_path) as children:
            children.start("family", [sys.executable, "-c", FAMILY])
            family(tmp_path)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    pids = family(tmp_path)
    wait_until(lambda: all(map(is_gone, pids)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_the_parent_ends_them(tmp_path: Path, number: signal.Signals) -> None:
    parent = start_parent(tmp_path)
    pids = family(tmp_path)
    parent.send_signal(number)
    parent.wait(20)
    wait_until(lambda: all(map(is_gone, pids)))


def test_signals_are_heeded_where_a_script_ordered_to_ignore_them(tmp_path: Path) -> None:
    parent = start_parent(tmp_path, ignore=True)
    pids = family(tmp_path)
    parent.send_signal(signal.SIGINT)
    parent.wait(20)
    wait_until(lambda: all(map(is_gone, pids)))


def test_a_child_that_ends_by_itself_is_named_with_its_log_and_last_words(tmp_path: Path) -> None:
    with Children(tmp_path, {}, tmp_path) as children:
        child = children.start("code server", [sys.executable, "-c", "raise SystemExit('no room left')"])
        child.process.wait(10)
        with pytest.raises(Permanent, match="code server ended with status 1") as caught:
            children.check()
    assert "no room left" in str(caught.value)
    assert str(tmp_path / "code-server.log") in str(caught.value)


def test_a_child_that_was_killed_is_named_with_the_signal_and_not_its_last_words(tmp_path: Path) -> None:
    with Children(tmp_path, {}, tmp_path) as children:
        dying = "import os; print('all is well', flush=True); os.kill(os.getpid(), 9)"
        child = children.start("daemon", [sys.executable, "-c", dying])
        child.process.wait(10)
        with pytest.raises(Permanent, match=r"daemon was killed by SIGKILL\. To do: read ") as caught:
            children.check()
    assert "all is well" not in str(caught.value)


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    with Children(tmp_path, {}, tmp_path, grace=0.3) as children:
        child = children.start("deaf", [sys.executable, "-c", deaf])
        wait_until(lambda: child.last_words() == "deaf")
    assert child.process.returncode == -signal.SIGKILL


def test_a_process_is_known_by_its_start_and_its_environment() -> None:
    sleeper = [sys.executable, "-c", "print(1, flush=True); import time; time.sleep(600)"]
    with subprocess.Popen(sleeper, env={"HOME": "/here"}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        now = time.time()
        assert is_still(process.pid, now, "HOME", "/here")
        process.kill()
    assert not is_still(process.pid, now, "HOME", "/here")


@pytest.mark.skipif(not watchdog.PROCESSES.is_dir(), reason="this system does not tell when one began")
def test_an_id_that_was_given_anew_is_another_process() -> None:
    began = psutil.Process().create_time()
    mine = os.environ["HOME"]
    assert is_still(os.getpid(), began + 1, "HOME", mine)
    assert not is_still(os.getpid(), began - 60, "HOME", mine)
    assert not is_still(os.getpid(), began + 1, "HOME", f"{mine}/elsewhere")


def test_a_module_is_ours_whatever_stands_in_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "__init__.py").write_text("raise SystemExit('not ours')", encoding="utf-8")
    subprocess.run(module("assets.watchdog"), cwd=tmp_path, stdin=subprocess.DEVNULL, check=True)


def test_a_taken_port_is_named_with_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Permanent, match=f"port {port}") as caught:
            require_port("127.0.0.1", port, "CASEHOUSE_DAGSTER_PORT")
    assert "CASEHOUSE_DAGSTER_PORT" in str(caught.value)
    assert os.strerror(98) in str(caught.value)


def test_any_port_is_a_free_one() -> None:
    assert require_port("127.0.0.1", ANY_PORT, "CASEHOUSE_DAGSTER_PORT") > 1023
