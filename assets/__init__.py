"""What Dagster sees: assets, checks, schedules. Knows nothing of wire protocols."""
