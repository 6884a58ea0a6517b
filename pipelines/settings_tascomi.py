"""The settings of Tascomi's API, which are part of all settings; see settings.py."""

from __future__ import annotations

import re
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from pipelines.demonstration import SANDBOX_ACCOUNT, SANDBOX_TASCOMI_PRIVATE_KEY, SANDBOX_TASCOMI_PUBLIC_KEY

_COLUMN = re.compile(r"[a-z][a-z0-9_]*")


class TascomiSettings(BaseSettings):
    """Which site, by which key and clock, and how the site calls the columns that differ."""

    tascomi_environment: Literal["sandbox", "production"] = Field(
        "sandbox", description="sandbox or production."
    )
    tascomi_site: str = Field(SANDBOX_ACCOUNT, description="Name of the site; the first part of its host.")
    tascomi_base_url: str | None = Field(
        None, description="Overrides the address of the API, without its version."
    )
    tascomi_public_key: str = Field(SANDBOX_TASCOMI_PUBLIC_KEY, description="The API key's public part.")
    tascomi_private_key: SecretStr = Field(
        SecretStr(SANDBOX_TASCOMI_PRIVATE_KEY), description="The API key's private part; it signs."
    )
    tascomi_time_zone: str = Field("Europe/London", description="Time zone of the site's clock.")
    tascomi_guard_seconds: float = Field(
        2, ge=0, le=20, description="Seconds on either side of a full minute in which nothing is signed."
    )
    tascomi_connect_seconds: float = Field(10, gt=0, description="Time-out to connect.")
    tascomi_read_seconds: float = Field(60, gt=0, description="Time-out between bytes of an answer.")
    tascomi_attempts: int = Field(5, ge=1, le=20, description="Tries of a call that only reads.")
    tascomi_max_wait_seconds: float = Field(60, ge=0, description="Longest wait between two tries.")
    tascomi_street_text: str = Field(
        "STREET RECORD", min_length=1, description="What a location's text says when it is a street."
    )
    tascomi_contact_reference_column: str = Field(
        "code", description="Column of contacts that holds the customer's reference."
    )
    tascomi_request_reference_column: str = Field(
        "external_reference", description="Column of complaints that holds our reference."
    )
    tascomi_number_column: str = Field(
        "complaint_number", description="Column of complaints that holds the number people quote."
    )
    tascomi_officer_column: str = Field(
        "username", description="Column of users by which an investigating officer is named."
    )

    @field_validator("tascomi_time_zone")
    @classmethod
    def _is_time_zone(cls, name: str) -> str:
        """Refuse what is no zone of this machine's zone data."""
        try:
            return ZoneInfo(name).key
        except (ValueError, OSError):
            raise ValueError("it must be a time zone such as Europe/London") from None

    @field_validator(
        "tascomi_contact_reference_column",
        "tascomi_request_reference_column",
        "tascomi_number_column",
        "tascomi_officer_column",
    )
    @classmethod
    def _is_column(cls, name: str) -> str:
        """Refuse what is no column's name."""
        if not _COLUMN.fullmatch(name):
            raise ValueError("it must hold small letters, digits and underscores, at least one")
        return name
