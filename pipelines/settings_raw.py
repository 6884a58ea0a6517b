"""The settings of kept bodies, which are part of all settings; see settings.py."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class RawSettings(BaseSettings):
    """How long what a source answered is kept."""

    raw_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days for which received bodies are kept to derive days from them again; 0 keeps none.",
    )
