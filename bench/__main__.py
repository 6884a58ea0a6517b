"""`make bench`: print how the house compares with plain tools on the same bytes, side by side in one run.

`python -m bench NAME...` runs only some of the parts; `--quick` makes the inputs a tenth of the size.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.backfill import measure_backfill
from bench.cards import measure_cards
from bench.marts import measure_marts
from bench.measure import Cost, median, run_task, start_task, tell
from bench.serving import measure_serving

ROUNDS = 5
FIRST = "2026-01-01"


def measure_csv(folder: Path, scale: int) -> None:
    """Compare one large CSV report with bare polars and DuckDB, and the memory of four times the rows."""
    rows = 1_000_000 // scale
    plain, body = folder / "plain.csv", folder / "body.csv"
    run_task("make_csv", str(plain), str(rows), "none")
    run_task("make_csv", str(body), str(rows), "footer")
    house: list[Cost] = []
    bare: list[Cost] = []
    duck: list[Cost] = []
    for _ in range(ROUNDS):
        house.append(_house(folder, body))
        bare.append(run_task("polars_csv", str(plain), str(folder / "bare.parquet")))
        duck.append(run_task("duckdb_csv", str(plain), str(folder / "duck.parquet")))
    ours, theirs, ducks = median(house), median(bare), median(duck)
    size = f"{rows:,} rows x 40, {plain.stat().st_size / 1e6:.0f} MB"
    tell("CSV to verified partition / bare polars, wall", ours.wall / theirs.wall, 1.3, size)
    tell("CSV to verified partition / bare polars, CPU", ours.cpu / theirs.cpu, 1.3, f"{ours.cpu:.1f} s")
    tell(
        "CSV to verified partition / bare polars, memory",
        ours.peak_mb / theirs.peak_mb,
        1.4,
        f"{ours.peak_mb:.0f} MB",
    )
    tell("CSV to verified partition / DuckDB COPY, wall", ours.wall / ducks.wall, 1.0, f"{ducks.wall:.1f} s")
    taken = run_task("digest", str(body))
    print(f"     (digest of the body, taken as it arrives, not in the above: {taken.cpu / theirs.cpu:.2f})")
    plain.unlink()
    run_task("make_csv", str(body), str(rows * 4), "footer")
    four = _house(folder, body)
    tell(
        "CSV of four times the rows / memory of one",
        four.peak_mb / ours.peak_mb,
        1.2,
        f"{four.peak_mb:.0f} MB",
    )


def _house(folder: Path, body: Path) -> Cost:
    """Load one body that is already on disk; the copy made for it is not in the figure."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        shutil.copyfile(body, Path(own) / f"{FIRST}{body.suffix}")
        return run_task("house", own, str(Path(own) / "data"), "1", body.suffix.removeprefix("."))


def measure_xml(folder: Path, scale: int) -> None:
    """Compare one large XML report with a plain lxml loop."""
    rows = 200_000 // scale
    body = folder / "body.xml"
    run_task("make_xml", str(body), str(rows))
    house, plain = [], []
    for _ in range(3):
        house.append(_house(folder, body))
        plain.append(run_task("lxml_dicts", str(body)))
    ours, theirs = median(house), median(plain)
    size = f"{rows:,} rows x 40, {body.stat().st_size / 1e6:.0f} MB"
    tell("XML to partition / lxml iterparse to dicts, wall", ours.wall / theirs.wall, 0.35, size)
    tell("XML to partition, memory / 300 MB", ours.peak_mb / 300, 1.0, f"{ours.peak_mb:.0f} MB")


def measure_xima(folder: Path, scale: int) -> None:
    """Compare one large Xima report with orjson and a loop over its rows."""
    rows = 200_000 // scale
    body = folder / "calls.json"
    run_task("make_calls", str(body), str(rows))
    house, plain = [], []
    for _ in range(ROUNDS):
        house.append(run_task("xima_typed", str(body), str(rows)))
        plain.append(run_task("orjson_rows", str(body)))
    ours, theirs = median(house), median(plain)
    size = f"{rows:,} rows x 12, {body.stat().st_size / 1e6:.0f} MB: {ours.wall:.2f} s, {theirs.wall:.2f} s"
    tell("Xima to typed frame / orjson, row loop, polars, wall", ours.wall / theirs.wall, 0.40, size)
    detail = f"{ours.peak_mb:.0f} MB, {theirs.peak_mb:.0f} MB without"
    tell("Xima to typed frame, memory / 700 MB", ours.peak_mb / 700, 1.0, detail)


def measure_small(folder: Path, scale: int) -> None:
    """Compare small days, alone and a month together, with bare read_csv and write_parquet."""
    rows, count = 1_000, max(60 // scale, 10)
    alone, together = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=folder) as own:
            told, _ = start_task("small_days", own, str(rows), str(count)).communicate()
        one, many, bare = (float(word) for word in told.split())
        alone.append((one / bare, one))
        together.append((many / bare, many))
    for name, figures, bound in (("alone", alone, 2.0), ("a month together", together, 1.0)):
        ratio, seconds = sorted(figures)[len(figures) // 2]
        tell(
            f"small day {name} / bare read and write",
            ratio,
            bound,
            f"{seconds * 1000:.1f} ms a day of {rows} x 40",
        )


def measure_start(_folder: Path, _scale: int) -> None:
    """Time `casehouse --help`."""
    seconds = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "pipelines.cli", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    middle = sorted(seconds)[len(seconds) // 2]
    tell("casehouse --help / 0.3 s", middle / 0.3, 1.0, f"{middle:.2f} s")


PARTS = {
    "csv": measure_csv,
    "xml": measure_xml,
    "xima": measure_xima,
    "small": measure_small,
    "backfill": measure_backfill,
    "marts": measure_marts,
    "cards": measure_cards,
    "start": measure_start,
    "serving": measure_serving,
}


def main() -> None:
    """Run the parts asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="|".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="inputs a tenth of the size")
    told = parser.parse_args()
    for name in told.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="casehouse-bench-") as folder:
            PARTS[name](Path(folder), 10 if told.quick else 1)


if __name__ == "__main__":
    main()
