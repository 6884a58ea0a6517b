"""Tests of what Dagster sees, and of the commands that drive it."""
