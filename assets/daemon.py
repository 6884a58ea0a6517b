"""Dagster's daemon without its clocks: it takes up backfills, launches queued runs, and ticks nothing.

A command's own Dagster lives for minutes. Were it to tick schedules and sensors, it would start what it then
kills, and the night's tick would be used up. `dagster-daemon` cannot be told to leave them out.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dagster import DagsterInstance
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.controller import create_daemons_from_instance, daemon_controller_from_instance
from dagster._utils.interrupts import capture_interrupts, setup_interrupt_handlers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster._core.workspace.context import IWorkspaceProcessContext
    from dagster._daemon.daemon import DagsterDaemon

TICKING = {"SCHEDULER", "SENSOR", "ASSET", "FRESHNESS_DAEMON"}


def working(instance: DagsterInstance) -> Sequence[DagsterDaemon[IWorkspaceProcessContext[Any]]]:
    """Return the daemons of an instance that work on what is there already."""
    return [one for one in create_daemons_from_instance(instance) if one.daemon_type() not in TICKING]


def run() -> None:
    """Run them until this process is told to end; the one argument is the workspace's file."""
    setup_interrupt_handlers()
    target = WorkspaceFileTarget([sys.argv[1]])
    try:
        with (
            capture_interrupts(),
            DagsterInstance.get() as instance,
            daemon_controller_from_instance(instance, target, gen_daemons=working) as controller,
        ):
            controller.check_daemon_loop()
    except KeyboardInterrupt:
        return
