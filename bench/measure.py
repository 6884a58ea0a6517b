"""Run tasks as child processes in turn and read their time and memory from the operating system.

The process that measures stays small and makes no data itself: a child's peak memory, as the system tells it,
is never below that of the process it was forked from.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What one run of a task took: wall and CPU seconds, and peak memory in megabytes."""

    wall: float
    cpu: float
    peak_mb: float


def run_task(name: str, *words: str) -> Cost:
    """Run `python -m bench.tasks NAME WORDS...` and account for it; a failing task ends the benchmark.

    Seconds are the work's own, as the task prints them; memory is the whole process's, as the system says.
    """
    process = start_task(name, *words)
    told = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"task {name} failed with status {process.returncode}")
    wall, cpu = (float(word) for word in told.split())
    return Cost(wall, cpu, used.ru_maxrss / 1024)


def start_task(name: str, *words: str) -> subprocess.Popen[str]:
    """Start a task whose output is to be read."""
    command = [sys.executable, "-m", "bench.tasks", name, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def median(costs: list[Cost]) -> Cost:
    """Take the median of each figure."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.peak_mb for cost in costs),
    )


def tell(name: str, ratio: float, bound: float, detail: str) -> None:
    """Print one figure beside the figure to beat."""
    mark = "ok  " if ratio <= bound else "OVER"
    print(f"{mark} {name:<58} {ratio:6.2f}  (at most {bound:.2f})  {detail}", flush=True)
