"""What each night forgets: runs that ended long ago, with their logs. What is loaded stays green.

Dagster itself keeps runs for ever. Deleting one takes its materialisations along, and a day whose newest
materialisation goes is shown as missing as soon as its status is worked out anew (dagster 1.13). So a run
that holds the newest one of anything is only thinned: its log is emptied but for what partitions and checks
go by. All other runs are deleted, with their output and, in SQLite, their files, which Dagster leaves behind.
Received bodies and calls whose time is over go the same night, whether their feed is still loaded or not.
"""

# No `from __future__ import annotations` here: Dagster refuses a context whose annotation is a string.
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import dagster as dg
from dagster._core.event_api import AssetRecordsFilter
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import SqlEventLogStorage, SqlEventLogStorageTable, SqliteEventLogStorage

from assets.names import FORGET
from assets.resources import Workplace
from pipelines.calls.book import forget_calls
from pipelines.dagster_files import MEGABYTE, STORAGE, home, sqlite_bytes
from pipelines.days import LONDON
from pipelines.raw.shelf import sweep_all

log = logging.getLogger("casehouse.assets")

BATCH = 100
MOST = 5000  # runs looked at in one night; the rest waits for the next
THINNED = {"casehouse/log": "thinned"}
KEPT = tuple(
    kind.value
    for kind in (
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_OBSERVATION,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    )
)
FREE_SHARE = 0.2  # of a SQLite file, from which it is written anew without its holes
LOCK_SECONDS = 10.0


@dataclass
class Forgotten:
    """What one night forgot: runs deleted, runs thinned, files compacted, files that were in use."""

    deleted: int = 0
    thinned: int = 0
    compacted: int = 0
    in_use: int = 0


def forget_runs(instance: dg.DagsterInstance, before: datetime) -> Forgotten:
    """Delete or thin every run that ended and was created before an instant, oldest first."""
    told = Forgotten()
    for run in _ended(instance, before):
        if THINNED.items() <= run.tags.items():
            continue
        if told.deleted + told.thinned >= MOST:
            break
        instance.compute_log_manager.delete_logs(prefix=[run.run_id])
        if _holds_newest(instance, run.run_id):
            # The mark first: a thinned log without it would look like one that holds nothing.
            instance.add_run_tags(run.run_id, THINNED)
            _thin(instance, run.run_id)
            told.thinned += 1
        else:
            instance.delete_run(run.run_id)
            _remove_files(instance, run.run_id)
            told.deleted += 1
    return told


def _ended(instance: dg.DagsterInstance, before: datetime) -> Iterator[dg.DagsterRun]:
    filters = dg.RunsFilter(statuses=list(FINISHED_STATUSES), created_before=before)
    cursor = None
    while runs := instance.get_run_records(filters, limit=BATCH, cursor=cursor, ascending=True):
        yield from (record.dagster_run for record in runs)
        last = runs[-1].dagster_run.run_id
        # A cursor must be a run that is there. Where it is deleted by now, what is left is walked again.
        cursor = last if instance.has_run(last) else None
        if cursor and len(runs) < BATCH:
            return


def _holds_newest(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Say whether a run made the newest materialisation of an asset, or of one of its partitions."""
    made = _materialised(instance, run_id)
    return any(_is_newest(instance, run_id, key, partitions) for key, partitions in made.items())


def _materialised(instance: dg.DagsterInstance, run_id: str) -> dict[dg.AssetKey, set[str | None]]:
    found: dict[dg.AssetKey, set[str | None]] = {}
    cursor, has_more = None, True
    while has_more:
        page = instance.get_records_for_run(
            run_id, cursor, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, limit=1000
        )
        for record in page.records:
            if record.asset_key is not None:
                found.setdefault(record.asset_key, set()).add(record.partition_key)
        cursor, has_more = page.cursor, page.has_more
    return found


def _is_newest(
    instance: dg.DagsterInstance, run_id: str, key: dg.AssetKey, partitions: set[str | None]
) -> bool:
    newest = instance.get_latest_materialization_event(key)
    if newest is None or newest.run_id == run_id:
        return newest is not None
    days = {day for day in partitions if day is not None}
    if not days:
        return False
    latest = instance.event_log_storage.get_latest_storage_id_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION, days
    )
    wanted = AssetRecordsFilter(asset_key=key, storage_ids=list(latest.values()))
    records = instance.fetch_materializations(wanted, limit=len(latest)).records if latest else []
    return any(record.run_id == run_id for record in records)


def _thin(instance: dg.DagsterInstance, run_id: str) -> None:
    """Empty a run's log but for the kinds of events that are kept."""
    storage, table = _sql(instance), SqlEventLogStorageTable
    is_other = table.c.dagster_event_type.is_(None) | table.c.dagster_event_type.notin_(KEPT)
    # In SQLite these are two files, in PostgreSQL the same table.
    for connect in (storage.index_connection(), storage.run_connection(run_id)):
        with connect as connection:
            connection.execute(table.delete().where((table.c.run_id == run_id) & is_other))
    if isinstance(storage, SqliteEventLogStorage):
        _compact(Path(storage.path_for_shard(run_id)))


def _remove_files(instance: dg.DagsterInstance, run_id: str) -> None:
    storage = _sql(instance)
    if isinstance(storage, SqliteEventLogStorage):
        path = Path(storage.path_for_shard(run_id))
        for one in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            one.unlink(missing_ok=True)


def _sql(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    """Return where events are kept; both of the product's storages are of this kind."""
    return cast("SqlEventLogStorage", instance.event_log_storage)


def compact_files(storage: Path, told: Forgotten) -> None:
    """Write SQLite files anew that hold much free room; one that is in use waits for another night."""
    for path in (storage / "history" / "runs" / "index.db", *storage.glob("*/*.db")):
        if path.is_file():
            try:
                told.compacted += _compact(path)
            except sqlite3.OperationalError as error:
                log.warning("%s is in use and was not compacted (%s)", path.name, error)
                told.in_use += 1


def _compact(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as connection:
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        if free <= pages * FREE_SHARE:
            return False
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return True


def forget_received(place: Workplace) -> None:
    """Remove received bodies and calls whose time is over, also of feeds that nobody loads any more.

    Loading sweeps what is its own; what killed writers left staged holds received bodies too.
    """
    now, settings = place.now(), place.settings
    place.lake.sweep()
    sweep_all(place.lake.root, now, settings.raw_days)
    forget_calls(place.lake.root, now.astimezone(LONDON).date(), settings.calls_days)


def forget_job(place: Workplace) -> dg.JobDefinition:
    """Return the job that forgets runs older than the settings say, and what was received too long ago."""

    @dg.op(description="Deletes runs that ended long ago and their logs; what is loaded stays green.")
    def forget(context: dg.OpExecutionContext) -> None:
        settings, storage = place.settings, home() / STORAGE
        before = place.now() - timedelta(days=settings.runs_keep_days)
        is_sqlite = isinstance(context.instance.event_log_storage, SqliteEventLogStorage)
        was = sqlite_bytes(storage) if is_sqlite else 0
        forget_received(place)
        told = forget_runs(context.instance, before)
        metadata = {"runs_deleted": told.deleted, "runs_thinned": told.thinned}
        if is_sqlite:
            compact_files(storage, told)
            metadata |= {
                "files_compacted": told.compacted,
                "files_in_use": told.in_use,
                "megabytes_before": round(was / MEGABYTE),
                "megabytes": round(sqlite_bytes(storage) / MEGABYTE),
            }
        context.add_output_metadata(metadata)
        context.log.info(", ".join(f"{name} {value}" for name, value in metadata.items()))

    @dg.job(
        name=FORGET, description="Forgets old runs, bodies and calls.", executor_def=dg.in_process_executor
    )
    def forget_old_runs() -> None:
        forget()

    return forget_old_runs


def forget_schedule(job: dg.JobDefinition, place: Workplace) -> dg.ScheduleDefinition:
    """Return the schedule that forgets each night, an hour before the feeds are loaded; on everywhere."""
    return dg.ScheduleDefinition(
        name=FORGET,
        job=job,
        cron_schedule=f"30 {(place.settings.schedule_hour - 2) % 24} * * *",
        execution_timezone=LONDON.key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Keeps Dagster's storage small and bodies no longer than wanted; touches nothing loaded.",
    )
