"""How data flows: sources, contracts, lake, catalogue. Knows nothing of Dagster."""
