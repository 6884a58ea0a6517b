"""The settings of dispatching to Tascomi, which are part of all settings; see settings.py."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class OutboundSettings(BaseSettings):
    """What is written to Tascomi, how patiently, and whether at all."""

    outbound_enabled: bool = Field(
        False, description="Whether cases that are due are written to Tascomi at all."
    )
    outbound_templates: Path = Field(
        Path("outbound"),
        validate_default=True,
        description="Folder of the templates that say what is written.",
    )
    outbound_reference: str = Field(
        "casehouse/{account}/{case_id}", description="Our reference in a service request."
    )
    outbound_minutes: int = Field(15, ge=1, le=59, description="Minutes between two dispatches in Dagster.")
    outbound_settle_seconds: float = Field(
        300, ge=0.1, le=86_400, description="How long a request without an answer may be on its way."
    )
    outbound_tries: int = Field(10, ge=1, le=100, description="Tries of a step whose connection fails.")
    outbound_wait_seconds: float = Field(
        60, ge=0, le=86_400, description="Wait after the first failed try; it doubles, to four hours."
    )
    outbound_log_days: int = Field(
        730, ge=1, le=36_500, description="Days for which the log of steps that are done is kept."
    )

    @field_validator("outbound_reference")
    @classmethod
    def _names_case(cls, pattern: str) -> str:
        """Refuse a reference that two cases could share, or that a server could keep as another text."""
        try:
            told = list(Formatter().parse(pattern))
        except ValueError:
            raise ValueError("only {account} and {case_id} can stand in it") from None
        names = [name for _, name, _, _ in told if name is not None]
        if not set(names) <= {"account", "case_id"} or any(form or turned for _, _, form, turned in told):
            raise ValueError("only {account} and {case_id} can stand in it")
        if "case_id" not in names:
            raise ValueError("it must hold {case_id}, or cases could not be told apart")
        if not re.fullmatch(r"[A-Za-z0-9/_.:-]*", "".join(text for text, *_ in told)):
            raise ValueError("only letters, digits and /_.:- can stand in it: a server may change others")
        return pattern
