"""The settings of late data: which days are asked for again, and what is made of it; see settings.py."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class LateSettings(BaseSettings):
    """How far each night looks back, and how much of a day a re-pull may change."""

    look_back_days: int = Field(
        3, ge=0, le=366, description="Days before yesterday that each night asks for again; 0: none."
    )
    deep_look_back_days: int = Field(
        35, ge=0, le=3660, description="The same, once a month; 0: never deeper than each night."
    )
    deep_look_back_on: int = Field(
        1, ge=1, le=28, description="Day of the month whose night looks back so far."
    )
    shrink_share: float = Field(
        0.2, ge=0, le=1, description="Share of a day's rows that may be gone when it is asked for again."
    )
    shrink_rows: int = Field(
        10, ge=1, description="Rows that may always be gone, as long as any are left: for small days."
    )
    revision_lines: int = Field(
        1000, ge=0, le=100_000, description="Rows and cells that are recorded of one revision."
    )
    source_retention_days: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {}, description="Days for which a source keeps what it tells, where you know, as JSON."
    )
