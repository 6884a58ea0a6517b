"""Names that the definitions give and that whoever asks Dagster over GraphQL must know.

They stand apart so that the side that asks need not import Dagster.
"""

LOCATION = "casehouse"  # also in pyproject.toml, [tool.dg.project]
NIGHTLY = "nightly"
MISSED = "missed_days"
FORGET = "forget_old_runs"
REBUILD = "rebuild_catalogue"
ALERTS = "alerts"
CARDS_STEP = "kpi__cards"  # Dagster's name of the step that makes the asset kpi/cards
DISPATCH = "dispatch_service_requests"
FAILED_DAYS = "failed_days"  # metadata of a failure: each failed day and why
FILES = "files"  # metadata of a feed's asset: the pattern of its files in the lake
