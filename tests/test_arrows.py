"""The arrows: who may import whom. Whoever breaks one has a decision to make, not a test to mend.

Imports are read from the text of every module, those inside functions included.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("pipelines", "assets", "bench", "tests")

# Floors of pipelines/: a module imports from its own floor or a lower one.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset(
        {
            "errors",
            "days",
            "day_status",
            "demonstration",
            "telephone",
            "whole_files",
            "html_pages",
            "looked",
            "places",
            "calls",
        }
    ),
    frozenset(
        {
            "settings",
            "settings_alerts",
            "settings_calls",
            "settings_kpi",
            "settings_late",
            "settings_nights",
            "settings_outbound",
            "settings_raw",
            "settings_tascomi",
        }
    ),
    frozenset({"contracts", "sources", "dagster_files"}),
    frozenset({"decode", "receipts", "comparison", "revisions", "repulls", "lake", "feeds", "raw"}),
    frozenset({"totals", "load", "ingest", "rounds", "missed", "verify", "warehouse"}),
    frozenset(
        {
            "alerts",
            "kpi",
            "outbound",
            "exports",
            "daily_report",
            "dictionary",
            "tables",
            "doctor",
            "telling",
            "replay",
        }
    ),
    frozenset({"calendar", "handing_over"}),
    frozenset(
        {
            "cli_alerts",
            "cli_calendar",
            "cli_calls",
            "cli_drills",
            "cli_exports",
            "cli_kpi",
            "cli_late",
            "cli_outbound",
            "cli_replay",
        }
    ),
    frozenset({"cli"}),
)
SANDBOX_MAY_IMPORT = {"errors", "days", "demonstration", "settings", "sandbox"}
SANDBOX_IS_ASKED_BY = {"pipelines/cli.py", "pipelines/dictionary/invented.py"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "base", "manager"}

# Library: the only places where it may be imported (tests and bench race and characterise others).
ONLY_IN = {
    "apprise": ("pipelines/alerts/sending.py",),
    "dagster": ("assets/",),
    "httpx": ("pipelines/sources/",),
    "duckdb": ("pipelines/warehouse/",),
    "lxml": (
        "pipelines/sources/icasework/error_page.py",
        "pipelines/sources/icasework/writing_answers.py",
        "pipelines/sources/icasework/xml_body.py",
    ),
    "xml2arrow": ("pipelines/sources/icasework/xml_body.py",),
    "aiohttp": ("pipelines/sandbox/",),
    "phonenumbers": ("pipelines/telephone.py",),
    "xlsxwriter": ("pipelines/exports/", "pipelines/dictionary/"),
    "pandera": ("pipelines/contracts/", "pipelines/verify.py"),
    "gql": ("assets/client.py",),
    "altair": ("pipelines/daily_report/",),
    "vl_convert": ("pipelines/daily_report/",),
    "lmdb": ("pipelines/kpi/card_file.py", "pipelines/kpi/card_writing.py", "pipelines/kpi/desk.py"),
    "jinja2": ("pipelines/html_pages.py", "pipelines/kpi/preview.py"),
    "xxhash": ("pipelines/kpi/card_file.py",),
    "fastapi": ("pipelines/kpi/app.py", "pipelines/kpi/describing.py", "pipelines/kpi/pages.py"),
    "uvicorn": ("pipelines/kpi/connections.py", "pipelines/kpi/serving.py"),
}


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Parse every module of the project, by its path from the root."""
    paths = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def imports_of(tree: ast.Module) -> set[str]:
    """Name everything a module imports, in full."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@functools.cache
def product() -> dict[str, set[str]]:
    """Return the imports of each module of pipelines/ and assets/."""
    return {
        path: imports_of(tree)
        for path, tree in modules().items()
        if path.startswith(("pipelines/", "assets/"))
    }


def top(name: str) -> str:
    return name.split(".", 1)[0]


def floor_of(part: str) -> int | None:
    return next((number for number, floor in enumerate(FLOORS) if part in floor), None)


def part_of(path: str) -> str:
    """Return the room or module of pipelines/ that a path belongs to."""
    return path.removeprefix("pipelines/").split("/")[0].removesuffix(".py")


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    guilty = {
        path
        for path, names in product().items()
        if library in map(top, names) and not path.startswith(ONLY_IN[library])
    }
    assert not guilty


def test_dagster_is_imported_in_assets_and_tests_only() -> None:
    guilty = {
        path
        for path, tree in modules().items()
        if not path.startswith(("assets/", "tests/")) and "dagster" in map(top, imports_of(tree))
    }
    assert not guilty


def test_the_commands_that_drive_dagster_do_not_load_it() -> None:
    loaded: set[str] = set()
    waiting = ["assets/operate.py", "assets/watchdog.py"]
    while waiting:
        path = waiting.pop()
        if path in loaded:
            continue
        loaded.add(path)
        names = product()[path]
        assert "dagster" not in map(top, names), path
        waiting += [module for name in names if (module := f"{name.replace('.', '/')}.py") in product()]


def test_pipelines_know_nothing_of_assets() -> None:
    assert not {
        path
        for path, names in product().items()
        if path.startswith("pipelines/") and "assets" in map(top, names)
    }


def test_nothing_of_the_product_imports_tests_or_bench() -> None:
    assert not {path for path, names in product().items() if {"tests", "bench"} & set(map(top, names))}


def test_sources_do_not_know_contracts() -> None:
    guilty = {
        path
        for path, names in product().items()
        if path.startswith("pipelines/sources/")
        and any(name.startswith("pipelines.contracts") for name in names)
    }
    assert not guilty


def test_nobody_imports_from_a_higher_floor() -> None:
    guilty = []
    for path, names in product().items():
        mine = floor_of(part_of(path)) if path.startswith("pipelines/") else None
        for name in names:
            if mine is None or not name.startswith("pipelines."):
                continue
            theirs = floor_of(name.split(".")[1])
            if theirs is not None and theirs > mine:
                guilty.append(f"{path} imports {name}")
    assert not guilty


def test_every_module_has_its_floor() -> None:
    parts = {part_of(path) for path in product() if path.startswith("pipelines/")}
    assert {part for part in parts - {"__init__", "sandbox"} if floor_of(part) is None} == set()


def test_the_sandbox_stands_alone() -> None:
    for path, names in product().items():
        inside = path.startswith("pipelines/sandbox/")
        theirs = {name.split(".")[1] for name in names if name.startswith("pipelines.")}
        if inside:
            assert theirs <= SANDBOX_MAY_IMPORT, path
        elif path not in SANDBOX_IS_ASKED_BY:
            assert "sandbox" not in theirs, path


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {Path(path).stem for path in modules()} | {
        part for path in modules() for part in Path(path).parts
    }
    assert not names & FORBIDDEN_NAMES


def test_nothing_is_read_at_import() -> None:
    """No module-level statement asks the environment, the clock, the disk or the network."""
    asking = {
        "environ",
        "getenv",
        "now",
        "today",
        "open",
        "read_text",
        "read_bytes",
        "connect",
        "load_settings",
    }
    guilty = []
    for path in product():
        for statement in modules()[path].body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef | ast.If):
                continue
            for node in ast.walk(statement):
                called = node.func if isinstance(node, ast.Call) else node
                name = getattr(called, "attr", getattr(called, "id", ""))
                if isinstance(node, ast.Call | ast.Attribute) and name in asking:
                    guilty.append(f"{path}:{node.lineno} {name}")
    assert not guilty


def test_there_are_no_io_managers_and_no_components() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "assets").rglob("*.py")))
    assert "io_manager" not in text.lower().replace("iomanager", "io_manager")
    assert "dg.Component" not in text


def test_modules_stay_short_and_say_what_they_are() -> None:
    for path, tree in modules().items():
        if path.startswith(("pipelines/", "assets/")):
            assert ast.get_docstring(tree), path
            assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= 450, path


def test_every_library_that_is_imported_is_declared() -> None:
    """A library that only comes along with another may go with it."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed, wanted_for_work = told["dependencies"], told["optional-dependencies"]["dev"]
    providers = packages_distributions()
    for path, tree in modules().items():
        declared = needed if path.startswith(("pipelines/", "assets/")) else [*needed, *wanted_for_work]
        names = {canonical(re.split(r"[\[<>=; ]", one)[0]) for one in declared}
        for library in {top(name) for name in imports_of(tree)} - sys.stdlib_module_names - set(ROOMS):
            assert names & set(map(canonical, providers[library])), f"{path} imports {library}"


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
