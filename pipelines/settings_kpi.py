"""The settings of the customer card, which are part of all settings; see settings.py."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from pipelines.demonstration import SANDBOX_KPI_HASH_KEY, SANDBOX_KPI_TOKENS

IdentifierKind = Literal["customer_number", "external_id", "primary_key", "entity_id", "phone"]
CustomerId = Literal["auto", "customer_number", "external_id", "primary_key", "entity_id", "phone"]

_TOKEN_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,512}")  # needs no encoding in a URL
_SHORTEST_KEY = 16


class KpiSettings(BaseSettings):
    """Who a customerId is, who may ask, and how old a card may be."""

    kpi_customer_id: CustomerId = Field(
        "auto", description="What ITX sends as customerId; auto: any of these, in this order."
    )
    kpi_households: bool = Field(
        False, description="Show the cards of all customers who share a telephone number, merged."
    )
    kpi_identifiers: Path | None = Field(
        None, description="CSV of kind, identifier, customer_id: what other systems call the customers."
    )
    kpi_host: str = Field("127.0.0.1", description="Where the card service listens.")
    kpi_port: int = Field(8780, ge=1, le=65535, description="Port of the card service.")
    kpi_tokens: dict[str, SecretStr] = Field(
        {name: SecretStr(token) for name, token in SANDBOX_KPI_TOKENS.items()},
        description="Tokens that open the card service, as JSON: a name for the records, and the token.",
    )
    kpi_hash_key: SecretStr = Field(
        SecretStr(SANDBOX_KPI_HASH_KEY),
        description="Key of the hashes that stand for customers in the records of accesses.",
    )
    kpi_max_age_hours: float = Field(
        36, gt=0, description="Hours after the last day of cases from which cards say that they are old."
    )
    kpi_access_days: int = Field(
        365, ge=1, le=3650, description="Days for which it is kept who asked for whom."
    )
    kpi_preview: bool = Field(False, description="Show /preview, the card as an agent sees it.")

    @field_validator("kpi_tokens")
    @classmethod
    def _are_tokens(cls, tokens: dict[str, SecretStr]) -> dict[str, SecretStr]:
        """Refuse what is guessed easily, would not survive a URL, or is the same under two names."""
        texts = [token.get_secret_value() for token in tokens.values()]
        if not tokens or not all(map(_TOKEN_NAME.fullmatch, tokens)):
            raise ValueError(
                "it needs a token at least; each name holds letters, digits, _ and -, 40 at most"
            )
        if not all(map(_TOKEN.fullmatch, texts)):
            raise ValueError("each token must have 16 to 512 letters, digits, dots, hyphens, _ and ~")
        if len(set(texts)) < len(texts):
            raise ValueError("two names have the same token")
        return tokens

    @field_validator("kpi_hash_key")
    @classmethod
    def _is_long(cls, key: SecretStr) -> SecretStr:
        """Refuse a key with which the hashes could be guessed back."""
        if len(key.get_secret_value()) < _SHORTEST_KEY:
            raise ValueError(f"it must have {_SHORTEST_KEY} characters at least")
        return key
