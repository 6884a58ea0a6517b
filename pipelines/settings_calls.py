"""The settings of vendor calls: how long they stay on record, and how a run asks again; see settings.py."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class CallSettings(BaseSettings):
    """What is kept of calls, and what a run does about days that failed in passing."""

    calls_days: int = Field(
        90, ge=0, le=3650, description="Days for which calls to vendors stay on record; 0 records none."
    )
    day_retries: int = Field(
        1, ge=0, le=10, description="How often a run asks again for days whose failure may pass."
    )
    day_retry_wait_seconds: float = Field(
        30, ge=0, le=3600, description="Wait before a run asks again for such days."
    )
    retry_budget_seconds: float = Field(
        900, ge=0, le=86_400, description="Most seconds a run spends on asking again for one feed's days."
    )
