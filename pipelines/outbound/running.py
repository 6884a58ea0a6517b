"""One run as the command and Dagster start it: switched on, proved ready, alone."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from pipelines.doctor import examine_outbound
from pipelines.errors import SettingsError
from pipelines.outbound.dispatch import alone, dispatch
from pipelines.outbound.opening import open_desk

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pipelines.lake import Lake
    from pipelines.outbound.dispatch import Summary
    from pipelines.outbound.ledger import Ledger
    from pipelines.settings import Settings

HOW_TO_SWITCH_ON = (
    "look at `casehouse outbound plan`, then set CASEHOUSE_OUTBOUND_ENABLED=true and run `casehouse doctor`"
)
PROVED = "proved ready with"


def run(settings: Settings, lake: Lake, now: Callable[[], datetime]) -> Summary:
    """Dispatch once; raise SettingsError when it is switched off or not ready, Busy when another is at it."""
    if not settings.outbound_enabled:
        raise SettingsError(
            "nothing was sent: writing to Tascomi is switched off",
            why="CASEHOUSE_OUTBOUND_ENABLED is false",
            todo=HOW_TO_SWITCH_ON,
        )
    with alone(settings.data_dir), open_desk(settings, lake, now) as desk:
        _require_ready(settings, desk.ledger)
        return dispatch(desk, keep_log=timedelta(days=settings.outbound_log_days))


def _require_ready(settings: Settings, ledger: Ledger) -> None:
    """Have the doctor look before the first run with these settings; later runs rely on it."""
    with_these = _digest(settings)
    if ledger.fact(PROVED) == with_these:
        return
    wrong = [finding for finding in examine_outbound(settings) if not finding.ok]
    if wrong:
        raise SettingsError(
            f"nothing was sent: {len(wrong)} things are not ready, the first is {wrong[0].name}",
            why=wrong[0].detail,
            todo=f"{wrong[0].todo or 'correct it'}; `casehouse doctor` lists all",
        )
    ledger.remember(PROVED, with_these)


def _digest(settings: Settings) -> str:
    """Digest of the settings that what was proved rests on, keys included, and of the templates."""
    told = [
        (name, value.get_secret_value() if hasattr(value, "get_secret_value") else str(value))
        for name in sorted(type(settings).model_fields)
        if name.startswith(("tascomi_", "icasework_", "outbound_"))
        for value in [getattr(settings, name)]
    ]
    files = [file.read_bytes() for file in sorted(settings.outbound_templates.glob("*.toml"))]
    return hashlib.sha256(repr((told, files)).encode()).hexdigest()
