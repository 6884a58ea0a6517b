"""What customer cards cost: rendering their bodies, and keeping them in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure import Cost, median, run_task, tell

if TYPE_CHECKING:
    from pathlib import Path

CUSTOMERS = 200_000
ROUNDS = 3
MEMORY_MB = 1536


def measure_cards(folder: Path, scale: int) -> None:
    """Compare the building of bodies with plain polars on the same frames, then add the file."""
    customers = CUSTOMERS // scale
    run_task("make_cards", str(folder), str(customers))
    house: list[Cost] = []
    plain: list[Cost] = []
    for _ in range(ROUNDS):
        house.append(run_task("house_cards", str(folder), str(customers)))
        plain.append(run_task("plain_cards", str(folder)))
    ours, theirs = median(house), median(plain)
    size = f"{customers:,} customers x 10 documents: {ours.wall:.1f} s, {theirs.wall:.1f} s"
    tell("bodies of cards / plain polars join and group_by, wall", ours.wall / theirs.wall, 1.5, size)
    tell(
        "bodies of cards / plain polars, CPU",
        ours.cpu / theirs.cpu,
        1.5,
        f"{ours.cpu:.1f} s, {theirs.cpu:.1f} s",
    )
    print(f"     (memory without the file: {ours.peak_mb:.0f} MB, {theirs.peak_mb:.0f} MB plain)")
    stored = run_task("stored_cards", str(folder), str(customers))
    written = sum(path.stat().st_size for path in (folder / "kpi").glob("cards-*"))
    detail = (
        f"{stored.peak_mb:.0f} MB; {stored.wall:.1f} s, so {stored.wall - ours.wall:.1f} s for a file of "
    )
    tell(
        "bodies and their file, memory / 1.5 GiB",
        stored.peak_mb / MEMORY_MB,
        1.0,
        f"{detail}{written / 1e6:,.0f} MB",
    )
