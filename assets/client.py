"""A running Dagster, asked over GraphQL: what is loaded, what is materialised, launch, follow, stop.

Queries and the small records their answers become. Which partitions are wanted is not decided here (see
backfill.py), nor how a Dagster comes to run (see services.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gql import Client, gql
from gql.transport.exceptions import TransportError
from gql.transport.requests import RequestsHTTPTransport

from assets.names import FAILED_DAYS, FILES, LOCATION
from pipelines.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

REPOSITORY = "__repository__"  # Dagster's name for the only one a module of definitions makes
BACKFILL_TAG = "dagster/backfill"
_TIMEOUT_SECONDS = 60
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
    will_retry: bool
    parent: str | None

    @property
    def is_finished(self) -> bool:
        """Say whether nothing more will come of this run."""
        return self.status not in UNFINISHED


@dataclass(frozen=True)
class Happened:
    """What a run's log added: partitions materialised, steps that failed and why, the run's own failure."""

    cursor: str | None
    materialised: tuple[tuple[str, str], ...]
    step_failures: tuple[tuple[str, Mapping[str, str], str], ...]
    run_failure: str
    pids: tuple[int, ...]


class DagsterClient:
    """Asks one Dagster webserver. Raises Transient when it does not answer, Permanent when it refuses."""

    def __init__(self, url: str) -> None:
        self.url = url
        transport = RequestsHTTPTransport(f"{url}/graphql", timeout=_TIMEOUT_SECONDS)
        self._client = Client(transport=transport)

    def version(self) -> str:
        """Return Dagster's version; raise when nobody answers or it is no Dagster."""
        return str(self._ask("query { version }")["version"])

    def load_errors(self) -> dict[str, str | None]:
        """Return each code location that has loaded, with the error where it could not."""
        found = self._ask(_LOCATIONS)["workspaceOrError"]
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
        for node in self._ask(_ASSETS)["assetNodes"]:
            for entry in node["metadataEntries"]:
                if entry["label"] == FILES:
                    found["/".join(node["assetKey"]["path"])] = entry["path"]
        return found

    def unhealthy_daemons(self) -> list[str]:
        """Name the daemons that a backfill needs and that are not running."""
        statuses = self._ask(_DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        needed = {"BACKFILL", "QUEUED_RUN_COORDINATOR"}
        return [one["daemonType"] for one in statuses if one["daemonType"] in needed and not one["healthy"]]

    def partition_ranges(self, feeds: Iterable[str]) -> dict[str, list[tuple[str, str, str]]]:
        """Return for each feed the ranges (status, first key, last key) that are not simply missing."""
        nodes = self._ask(_RANGES, keys=[_key(feed) for feed in feeds])["assetNodes"]
        return {
            "/".join(node["assetKey"]["path"]): [
                (one["status"], one["startKey"], one["endKey"])
                for one in node["assetPartitionStatuses"]["ranges"]
            ]
            for node in nodes
        }

    def materialised(self, feed: str, days: Sequence[str]) -> set[str]:
        """Return which of these partitions have a materialisation in the event log itself."""
        (node,) = self._ask(_BY_PARTITION, keys=[_key(feed)], days=list(days))["assetNodes"]
        return {event["partition"] for event in node["latestMaterializationByPartition"] if event}

    def launch_backfill(
        self, wanted: Mapping[str, Sequence[tuple[str, str]]], *, title: str, tags: Mapping[str, str]
    ) -> str:
        """Launch a backfill of each feed's ranges of days (both ends included); return its id."""
        answer = self._ask(
            _LAUNCH_BACKFILL,
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
        found = self._ask(_BACKFILL, id=backfill)["partitionBackfillOrError"]
        if "status" not in found:
            raise Permanent(f"Dagster knows no backfill {backfill}", why=_brief(found.get("message")))
        return str(found["status"]), _brief((found["error"] or {}).get("message"))

    def cancel_backfill(self, backfill: str) -> None:
        """Ask for a backfill to be cancelled, with its runs."""
        self._ask(_CANCEL_BACKFILL, id=backfill)

    def launch_job(self, job: str, tags: Mapping[str, str]) -> str:
        """Launch a job without partitions; return the run's id."""
        answer = self._ask(
            _LAUNCH_JOB,
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
        run_failure, pids, has_more = "", [], True
        while has_more:
            page = self._ask(_LOG, id=run_id, after=after, limit=_LOG_PAGE)["logsForRun"]
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
                        pids.extend(_pids(event))
                    case _:
                        pass
        return Happened(after, tuple(materialised), tuple(failures), run_failure, tuple(pids))

    def give_up(self, run_id: str) -> None:
        """Mark a run as cancelled whose process is gone."""
        self._ask(_GIVE_UP, id=run_id)

    def _runs(self, only: Mapping[str, object]) -> list[Run]:
        found = self._ask(_RUNS, filter=only)["runsOrError"]
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
        will_retry=tags.get("dagster/will_retry") == "true",
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


def _pids(event: Mapping[str, Any]) -> list[int]:
    return [
        int(entry["text"])
        for entry in event["metadataEntries"]
        if entry["label"] == "pid" and entry.get("text", "").isdecimal()
    ]


_LOCATIONS = """
query {
  workspaceOrError {
    ... on Workspace {
      locationEntries { name loadStatus locationOrLoadError { __typename ... on PythonError { message } } }
    }
    ... on PythonError { message }
  }
}
"""
_ASSETS = """
query { assetNodes { assetKey { path } metadataEntries { label ... on PathMetadataEntry { path } } } }
"""
_DAEMONS = "query { instance { daemonHealth { allDaemonStatuses { daemonType healthy } } } }"
_RANGES = """
query($keys: [AssetKeyInput!]!) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } }
  }
}
"""
_BY_PARTITION = """
query($keys: [AssetKeyInput!]!, $days: [String!]!) {
  assetNodes(assetKeys: $keys) { latestMaterializationByPartition(partitions: $days) { partition } }
}
"""
_LAUNCH_BACKFILL = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message }
  }
}
"""
_BACKFILL = """
query($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } }
    ... on Error { message }
  }
}
"""
_CANCEL_BACKFILL = """
mutation($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename } }
"""
_LAUNCH_JOB = """
mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
  }
}
"""
_RUNS = """
query($filter: RunsFilter!) {
  runsOrError(filter: $filter) {
    ... on Runs { results { runId status parentRunId tags { key value } assetSelection { path } } }
    ... on Error { message }
  }
}
"""
_LOG = """
query($id: ID!, $after: String, $limit: Int!) {
  logsForRun(runId: $id, afterCursor: $after, limit: $limit) {
    ... on EventConnection {
      cursor
      hasMore
      events {
        __typename
        ... on MaterializationEvent { assetKey { path } partition }
        ... on ExecutionStepFailureEvent {
          stepKey
          error { message cause { message } }
          failureMetadata { metadataEntries { label ... on JsonMetadataEntry { jsonString } } }
        }
        ... on RunFailureEvent { message }
        ... on RunCanceledEvent { message }
        ... on EngineEvent { metadataEntries { label ... on TextMetadataEntry { text } } }
      }
    }
    ... on Error { message }
  }
}
"""
_GIVE_UP = """
mutation($id: String!) {
  terminateRun(runId: $id, terminatePolicy: MARK_AS_CANCELED_IMMEDIATELY) { __typename }
}
"""
