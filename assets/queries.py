"""What client.py asks a Dagster, in GraphQL. Every mutation selects its refusal's message."""

LOCATIONS = """
query {
  workspaceOrError {
    ... on Workspace {
      locationEntries { name loadStatus locationOrLoadError { __typename ... on PythonError { message } } }
    }
    ... on PythonError { message }
  }
}
"""
ASSETS = """
query { assetNodes { assetKey { path } metadataEntries { label ... on PathMetadataEntry { path } } } }
"""
DAEMONS = "query { instance { daemonHealth { allDaemonStatuses { daemonType lastHeartbeatTime } } } }"
RANGES = """
query($keys: [AssetKeyInput!]!) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } }
  }
}
"""
BY_PARTITION = """
query($keys: [AssetKeyInput!]!, $days: [String!]!) {
  assetNodes(assetKeys: $keys) { latestMaterializationByPartition(partitions: $days) { partition } }
}
"""
LAUNCH_BACKFILL = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message }
  }
}
"""
BACKFILL = """
query($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } }
    ... on Error { message }
  }
}
"""
CANCEL_BACKFILL = """
mutation($id: String!) {
  cancelPartitionBackfill(backfillId: $id) {
    __typename
    ... on CancelBackfillSuccess { backfillId }
    ... on Error { message }
  }
}
"""
BACKFILLS = """
query {
  partitionBackfillsOrError(filters: { statuses: [REQUESTED] }) {
    ... on PartitionBackfills { results { id tags { key value } } }
    ... on Error { message }
  }
}
"""
LAUNCH_JOB = """
mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
  }
}
"""
RUNS = """
query($filter: RunsFilter!) {
  runsOrError(filter: $filter) {
    ... on Runs { results { runId status parentRunId tags { key value } assetSelection { path } } }
    ... on Error { message }
  }
}
"""
LOG = """
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
        ... on EngineEvent { timestamp metadataEntries { label ... on TextMetadataEntry { text } } }
      }
    }
    ... on Error { message }
  }
}
"""
GIVE_UP = """
mutation($id: String!) {
  terminateRun(runId: $id, terminatePolicy: MARK_AS_CANCELED_IMMEDIATELY) {
    __typename
    ... on TerminateRunSuccess { run { runId } }
    ... on TerminateRunFailure { message }
    ... on Error { message }
  }
}
"""
