"""Whether alerts reach anybody: what `casehouse doctor` tells of them. Nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.alerts.record import RecordFile
from pipelines.alerts.sending import addresses, unknown_addresses
from pipelines.feeds import has_production_account
from pipelines.looked import Looked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.settings import Settings


def alerting(settings: Settings) -> Iterator[Looked]:
    """Yield what was found of the addresses and of messages that wait.

    Nobody to tell is a fault where an account is a production one: what fails by night would be seen by day.
    """
    named = addresses(settings.alert_urls)
    if not named:
        told, is_real = "nobody is told: CASEHOUSE_ALERT_URLS is empty", has_production_account(settings)
        yield Looked(
            "alerts", not is_real, told, "set it, then run `casehouse alerts test`" if is_real else ""
        )
        return
    if unknown := unknown_addresses(settings.alert_urls):
        told = f"apprise cannot read {', '.join(unknown)}"
        yield Looked("alerts", False, told, "correct CASEHOUSE_ALERT_URLS, then run `casehouse alerts test`")
        return
    stuck = [note for note in RecordFile.of(settings.data_dir).read().notes if note.waiting and note.tries]
    if stuck:
        reasons = "; ".join(sorted({f"{name}: {why}" for note in stuck for name, why in note.failed.items()}))
        told = f"{len(stuck)} messages could not be delivered ({reasons})"
        yield Looked("alerts", False, told, "run `casehouse alerts test`; see the runbook sending.md")
        return
    yield Looked("alerts", True, f"they go to {', '.join(named)}")
