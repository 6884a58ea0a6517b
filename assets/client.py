"""A running Dagster, asked over GraphQL: what is loaded, what is materialised, launch, follow, stop.

What is asked is in queries.py; here are the calls and the small records that answers become. Which partitions
are wanted is not decided here (see backfill.py), nor how a Dagster comes to run (see services.py).
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gql import Client, gql
from gql.transport.exceptions import TransportError
from gql.transport.requests import RequestsHTTPTransport

from assets import queries
from assets.names import FAILED_DAYS, FILES, LOCATION
from pipelines.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

REPOSITORY = "__repository__"  # Dagster's name for the only one a module of definitions makes
BACKFILL_TAG = "dagster/backfill"
_TIMEOUT_SECONDS = 60
_CONNECT_SECONDS = 5.0
# A daemon tells every 30 seconds that it lives; Dagster itself calls it dead after half an hour.
HEARTBEAT_SECONDS = 90.0
_LOG_PAGE = 1000

UNFINISHED = frozenset({"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING", "MANAGED"})


@dataclass(frozen=True)
class Run:
    """One run: its assets, its days (both ends, as partition keys), and how it stands."""

    id: str
    status: str
    feeds: tuple[str, ...]
    first: str
    last: str
    will_retry: bool | None  # None until Dagster has decided
    parent: str | None

    @property
    def is_finished(self) -> bool:
        """Say whether nothing more will come of this run."""
        return self.status not in UNFINISHED

    @property
    def may_retry(self) -> bool:
        """Say whether Dagster launches the same days again, or has not decided yet."""
        return self.status == "FAILURE" and self.will_retry is not False


@dataclass(frozen=True)
class Happened:
    """What a run's log added: partitions materialised, steps that failed and why, the run's own failure.

    `processes` are the ids of those that worked on it, each with the time in seconds when it said so.
    """

    cursor: str | None
    materialised: tuple[tuple[str, str], ...]
    step_failures: tuple[tuple[str, Mapping[str, str], str], ...]
    run_failure: str
    processes: tuple[tuple[int, float], ...]


class _Direct(RequestsHTTPTransport):
    """Heeds no proxy and no .netrc of the environment: they are for the vendor's server."""

    def connect(self) -> None:
        super().connect()  # type: ignore[no-untyped-call]  # gql gives no types here
        if self.session is not None:
            self.session.trust_env = False


def address(host: str, port: int) -> str:
    """Return the web address of a host, which may be an IPv6 number."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class DagsterClient:
    """Asks one Dagster webserver. Raises Transient when it does not answer, Permanent when it refuses."""

    def __init__(self, url: str, *, timeout: int = _TIMEOUT_SECONDS) -> None:
        self.url = url
        self._client = Client(transport=_Direct(f"{url}/graphql", timeout=timeout))

    def is_there(self) -> bool:
        """Say whether anything listens at the address; raise Transient when that cannot be found out."""
        parts = urlsplit(self.url)
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=_CONNECT_SECONDS).close()
        except ConnectionRefusedError:
            return False
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Transient(f"nothing can be learnt of a Dagster at {self.url}", why=why) from None
        return True

    def version(self) -> str:
        """Return Dagster's version; raise when nobody answers or it is no Dagster."""
        return str(self._ask("query { version }")["version"])

    def load_errors(self) -> dict[str, str | None]:
        """Return each code location that has loaded, with the error where it could not."""
        found = self._ask(queries.LOCATIONS)["workspaceOrError"]
        if "locationEntries" not in found:
            raise Permanent("Dagster cannot load its workspace", why=_brief(found.get("message")))
        return {
            entry["name"]: _brief(entry["locationOrLoadError"].get("message")) or None
            for entry in found["locationEntries"]
            if entry["loadStatus"] == "LOADED" and entry["locationOrLoadError"]
        }

    def asset_files(self) -> dict[str, str]:
        """Return each feed's asset with the place of its files, as its definition tells it."""
        found: dict[str, str] = {}
        for node in self._ask(queries.ASSETS)["assetNodes"]:
            for entry in node["metadataEntries"]:
                if entry["label"] == FILES:
                    found["/".join(node["assetKey"]["path"])] = entry["path"]
        return found

    def silent_daemons(self) -> list[str]:
        """Name the daemons that a backfill needs and that have not told for a while that they live."""
        beats = self.heartbeats()
        needed = ("BACKFILL", "QUEUED_RUN_COORDINATOR")
        return [name for name in needed if time.time() - beats.get(name, 0.0) > HEARTBEAT_SECONDS]

    def heartbeats(self) -> dict[str, float]:
        """Return when each daemon last told that it lives, in seconds since the epoch."""
        statuses = self._ask(queries.DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return {one["daemonType"]: float(one["lastHeartbeatTime"] or 0) for one in statuses}

    def partition_ranges(self, feeds: Iterable[str]) -> dict[str, list[tuple[str, str, str]]]:
        """Return for each feed the ranges (status, first key, last key) that are not simply missing."""
        nodes = self._ask(queries.RANGES, keys=[_key(feed) for feed in feeds])["assetNodes"]
        return {
            "/".join(node["assetKey"]["path"]): [
                (one["status"], one["startKey"], one["endKey"])
                for one in node["assetPartitionStatuses"]["ranges"]
            ]
            for node in nodes
        }

    def materialised(self, feed: str, days: Sequence[str]) -> set[str]:
        """Return which of these partitions have a materialisation in the event log itself."""
        (node,) = self._ask(queries.BY_PARTITION, keys=[_key(feed)], days=list(days))["assetNodes"]
        return {event["partition"] for event in node["latestMaterializationByPartition"] if event}

    def launch_backfill(
        self, wanted: Mapping[str, Sequence[tuple[str, str]]], *, title: str, tags: Mapping[str, str]
    ) -> str:
        """Launch a backfill of each feed's ranges of days (both ends included); return its id."""
        answer = self._ask(
            queries.LAUNCH_BACKFILL,
            params={
                "partitionsByAssets": [
                    {
                        "assetKey": _key(feed),
                        "partitions": {"ranges": [{"start": first, "end": last} for first, last in ranges]},
                    }
                    for feed, ranges in wanted.items()
                ],
                "title": title,
                "tags": [{"key": key, "value": value} for key, value in tags.items()],
            },
        )["launchPartitionBackfill"]
        return str(_granted(answer, "backfillId", "Dagster refused the backfill"))

    def backfill_status(self, backfill: str) -> tuple[str, str]:
        """Return the backfill's status and, where it broke, why."""
        found = self._ask(queries.BACKFILL, id=backfill)["partitionBackfillOrError"]
        if "status" not in found:
            raise Permanent(f"Dagster knows no backfill {backfill}", why=_brief(found.get("message")))
        return str(found["status"]), _brief((found["error"] or {}).get("message"))

    def cancel_backfill(self, backfill: str) -> None:
        """Ask for a backfill to be cancelled, with its runs; raise Permanent when that is refused."""
        answer = self._ask(queries.CANCEL_BACKFILL, id=backfill)["cancelPartitionBackfill"]
        _granted(answer, "backfillId", f"Dagster refused to cancel backfill {backfill}")

    def unfinished_backfills(self) -> dict[str, dict[str, str]]:
        """Return the backfills that Dagster would go on with, each with its tags."""
        found = self._ask(queries.BACKFILLS)["partitionBackfillsOrError"]
        if "results" not in found:
            raise Permanent("Dagster cannot list its backfills", why=_brief(found.get("message")))
        return {one["id"]: {tag["key"]: tag["value"] for tag in one["tags"]} for one in found["results"]}

    def launch_job(self, job: str, tags: Mapping[str, str]) -> str:
        """Launch a job without partitions; return the run's id."""
        answer = self._ask(
            queries.LAUNCH_JOB,
            params={
                "selector": {
                    "repositoryLocationName": LOCATION,
                    "repositoryName": REPOSITORY,
                    "jobName": job,
                },
                "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
            },
        )["launchRun"]
        return str(_granted(answer, "run", f"Dagster refused to run {job}")["runId"])

    def runs_of_backfill(self, backfill: str) -> list[Run]:
        """Return the runs a backfill has so far, oldest first."""
        return self._runs({"tags": [{"key": BACKFILL_TAG, "value": backfill}]})

    def runs_in_progress(self) -> list[Run]:
        """Return the runs that a process should be working on now."""
        return self._runs({"statuses": ["STARTING", "STARTED", "CANCELING"]})

    def run(self, run_id: str) -> Run:
        """Return one run."""
        found = self._runs({"runIds": [run_id]})
        if not found:
            raise Permanent(f"Dagster knows no run {run_id}")
        return found[0]

    def read_log(self, run_id: str, after: str | None = None) -> Happened:
        """Return what a run's log holds after a cursor."""
        materialised: list[tuple[str, str]] = []
        failures: list[tuple[str, Mapping[str, str], str]] = []
        processes: list[tuple[int, float]] = []
        run_failure, has_more = "", True
        while has_more:
            page = self._ask(queries.LOG, id=run_id, after=after, limit=_LOG_PAGE)["logsForRun"]
            if "events" not in page:
                raise Permanent(f"Dagster cannot read the log of run {run_id}", why=_brief(page["message"]))
            after, has_more = page["cursor"], page["hasMore"]
            for event in page["events"]:
                match event["__typename"]:
                    case "MaterializationEvent" if event["assetKey"]:
                        materialised.append(("/".join(event["assetKey"]["path"]), event["partition"] or ""))
                    case "ExecutionStepFailureEvent":
                        failures.append((event["stepKey"], _days_told(event), _reason(event)))
                    case "RunFailureEvent" | "RunCanceledEvent":
                        run_failure = _brief(event["message"])
                    case "EngineEvent":
                        processes.extend(_processes(event))
                    case _:
                        pass
        return Happened(after, tuple(materialised), tuple(failures), run_failure, tuple(processes))

    def give_up(self, run_id: str) -> None:
        """Mark a run as cancelled whose process is gone; raise Permanent when that is refused."""
        answer = self._ask(queries.GIVE_UP, id=run_id)["terminateRun"]
        _granted(answer, "run", f"Dagster refused to give up run {run_id}")

    def _runs(self, only: Mapping[str, object]) -> list[Run]:
        found = self._ask(queries.RUNS, filter=only)["runsOrError"]
        if "results" not in found:
            raise Permanent("Dagster cannot list its runs", why=_brief(found.get("message")))
        return [_run(told) for told in reversed(found["results"])]

    def _ask(self, query: str, **variables: object) -> dict[str, Any]:
        request = gql(query)
        request.variable_values = variables
        try:
            answer: dict[str, Any] = self._client.execute(request)
        except TransportError as error:
            raise Transient(
                f"Dagster at {self.url} does not answer as it should", why=_brief(str(error))
            ) from None
        return answer


def _key(feed: str) -> dict[str, list[str]]:
    return {"path": feed.split("/")}


def _brief(text: str | None) -> str:
    return " ".join((text or "").split())[:500]


def _granted(answer: Mapping[str, Any], field: str, refusal: str) -> Any:  # noqa: ANN401 - a piece of JSON
    if field in answer:
        return answer[field]
    raise Permanent(refusal, why=_brief(answer.get("message")) or answer["__typename"])


def _run(told: Mapping[str, Any]) -> Run:
    tags = {tag["key"]: tag["value"] for tag in told["tags"]}
    day = tags.get("dagster/partition", "")
    return Run(
        id=told["runId"],
        status=told["status"],
        feeds=tuple("/".join(key["path"]) for key in told["assetSelection"] or ()),
        first=tags.get("dagster/asset_partition_range_start", day),
        last=tags.get("dagster/asset_partition_range_end", day),
        will_retry={"true": True, "false": False}.get(tags.get("dagster/will_retry", "")),
        parent=told["parentRunId"],
    )


def _days_told(event: Mapping[str, Any]) -> dict[str, str]:
    for entry in (event["failureMetadata"] or {}).get("metadataEntries", ()):
        if entry["label"] == FAILED_DAYS:
            return dict(json.loads(entry["jsonString"]))
    return {}


def _reason(event: Mapping[str, Any]) -> str:
    error = event["error"] or {}
    cause = error.get("cause") or error
    return _brief(cause.get("message"))


def _processes(event: Mapping[str, Any]) -> list[tuple[int, float]]:
    return [
        (int(entry["text"]), int(event["timestamp"]) / 1000)
        for entry in event["metadataEntries"]
        if entry["label"] == "pid" and entry.get("text", "").isdecimal()
    ]
