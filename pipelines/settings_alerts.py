"""The settings of alerts and the daily digest, which are part of all settings; see settings.py."""

from __future__ import annotations

from datetime import date

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class AlertSettings(BaseSettings):
    """Who is told, how patiently, from which bounds on, and when keys end."""

    alert_urls: list[SecretStr] = Field(
        [],
        description="Where alerts go, as JSON: URLs of apprise, such as workflows://, slack://, mailtos://.",
    )
    runbook_base: str = Field(
        "docs/runbooks", description="What stands before the page's name in the link to a runbook."
    )
    digest_hour: int = Field(7, ge=0, le=23, description="London hour of the daily digest.")
    alert_settle_minutes: float = Field(
        5, ge=0, le=1440, description="Minutes a fault must last to be told, and be gone to be over."
    )
    alert_transient_minutes: float = Field(
        60, ge=0, le=10_080, description="As before, of a source that could not answer: it heals by itself."
    )
    alert_freshness_hour: int = Field(
        7, ge=0, le=23, description="London hour by which yesterday should have been asked for."
    )
    alert_volume_factor: float = Field(
        6, ge=1, le=100, description="How many spreads a day's rows may be off those of the same weekday."
    )
    alert_disk_gib: float = Field(2, ge=0, description="GiB that should be free where the data live.")
    alert_expiry_days: int = Field(
        14, ge=0, le=365, description="Days before a key ends from which it is told."
    )
    alert_daemon_minutes: float = Field(
        10, gt=0, le=1440, description="Minutes without a beat after which Dagster's daemon counts as dead."
    )
    alert_clock_hours: float = Field(
        6, gt=0, le=168, description="Hours between two comparisons of clocks with the sources."
    )
    alert_history_days: int = Field(
        90, ge=1, le=3650, description="Days for which incidents that are over are kept."
    )
    icasework_key_expires: date | None = Field(
        None, description="Day on which iCasework's key ends, where it does."
    )
    xima_key_expires: date | None = Field(None, description="Day on which Xima's key ends, where it does.")
    tascomi_key_expires: date | None = Field(
        None, description="Day on which Tascomi's key ends, where it does."
    )
    kpi_tokens_expire: dict[str, date] = Field(
        {}, description="Day on which a token of the card service is to be replaced, as JSON, by its name."
    )

    @field_validator("alert_urls")
    @classmethod
    def _have_schemas(cls, urls: list[SecretStr]) -> list[SecretStr]:
        """Refuse what cannot be a URL of apprise; whether apprise knows it, `casehouse doctor` tells."""
        if not all("://" in url.get_secret_value() for url in urls):
            raise ValueError("each must be a URL of apprise, with ://")
        return urls

    @field_validator("icasework_key_expires", "xima_key_expires", "tascomi_key_expires", mode="before")
    @classmethod
    def _may_be_empty(cls, day: object) -> object:
        """Take an empty one for none."""
        return day or None

    @field_validator("runbook_base")
    @classmethod
    def _ends_plainly(cls, base: str) -> str:
        """Take a slash at the end for none."""
        return base.rstrip("/")
