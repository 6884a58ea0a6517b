"""One room per outside system: wire protocol only, nothing of contracts, lake or Dagster."""
