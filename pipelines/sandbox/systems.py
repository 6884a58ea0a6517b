"""The systems that the sandbox plays: their operations, and the reports that each publishes by name.

Faults, the log and the control page ask here what there is; how a system answers, its own room knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.sandbox.council import ALL_REPORTS
from pipelines.sandbox.icasework.dialect import PREFIXES
from pipelines.sandbox.xima.reports import REPORTS as XIMA_REPORTS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True)
class System:
    """One system: `reporting` is the operation that has feeds, `dated` are those that have a window.

    `feeds` are the columns of each report by the report's name; no two systems share a name.
    """

    name: str
    operations: frozenset[str]
    reporting: str
    dated: frozenset[str]
    feeds: Mapping[str, tuple[str, ...]]


SYSTEMS: tuple[System, ...] = (
    System(
        "icasework",
        operations=frozenset(PREFIXES),
        reporting="getreport",
        dated=frozenset({"getreport", "getcases"}),
        feeds={report.name: report.columns for report in ALL_REPORTS.values()},
    ),
    System(
        "xima",
        operations=frozenset({"historic-data"}),
        reporting="historic-data",
        dated=frozenset({"historic-data"}),
        feeds={report.name: tuple(title for title, _ in report.columns) for report in XIMA_REPORTS},
    ),
    System(
        "tascomi",
        operations=frozenset({"list", "read", "create", "update"}),
        reporting="list",
        dated=frozenset({"list"}),
        feeds={},
    ),
)
BY_SYSTEM: Mapping[str, System] = {system.name: system for system in SYSTEMS}
FEEDS: Mapping[str, System] = {feed: system for system in SYSTEMS for feed in system.feeds}
OPERATIONS = frozenset(operation for system in SYSTEMS for operation in system.operations)
REPORTING = frozenset(system.reporting for system in SYSTEMS if system.feeds)
DATED = frozenset(operation for system in SYSTEMS for operation in system.dated)


def columns(operations: Collection[str], feed: str | None) -> frozenset[str]:
    """Name the columns of a report, without a feed those of every report that the operations have."""
    return frozenset(
        column
        for name, system in FEEDS.items()
        if system.reporting in operations and feed in (None, name)
        for column in system.feeds[name]
    )
