"""The registry: every feed, declared once, how its source is reached, and what the council lets pass.

A feed of a new source costs a client (in sources/), a dialect, a contract, and its lines here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pipelines.contracts.icasework import ICASEWORK_CONTRACTS
from pipelines.decode import Decoder, decoder_for
from pipelines.errors import Permanent
from pipelines.sources import dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipelines.contracts.contract import Contract
    from pipelines.settings import Settings
    from pipelines.sources.dialect import Dialect
    from pipelines.sources.report import ReportSource


@dataclass(frozen=True, eq=False)
class Feed:
    """One report of one source, by day. Its key is its identity everywhere."""

    contract: Contract
    dialect: Dialect

    @property
    def key(self) -> str:
        """Such as `icasework/cases`: asset key, lake path, contract name and, with a dot, view name."""
        return self.contract.feed

    @property
    def source(self) -> str:
        """The external system, the first part of the key."""
        return self.key.partition("/")[0]

    @property
    def name(self) -> str:
        """The report, the last part of the key."""
        return self.key.partition("/")[2]

    @property
    def description(self) -> str:
        """What one row is."""
        return self.contract.description

    @cached_property
    def decoder(self) -> Decoder:
        """The expressions that type and judge this feed's rows, made once."""
        return decoder_for(self.contract, self.dialect)


@dataclass(frozen=True)
class Policy:
    """What a council may choose: bad rows allowed, days without a total, reports asked for at once."""

    bad_row_share: float = 0.01
    reconcile: Literal["total", "none"] = "total"
    concurrency: int = 4

    @property
    def may_lack_total(self) -> bool:
        """Days without a source total are accepted and shown as unverified."""
        return self.reconcile == "none"


@dataclass(frozen=True)
class Source:
    """How one external system is opened and what it is allowed, from the settings."""

    connect: Callable[[Settings], ReportSource]
    policy: Callable[[Settings], Policy]


def _connect_icasework(settings: Settings) -> ReportSource:
    # Whoever only reads the lake should not wait for an HTTP library.
    from pipelines.sources.icasework.client import IcaseworkReports  # noqa: PLC0415

    return IcaseworkReports.from_settings(settings)


def _icasework_policy(settings: Settings) -> Policy:
    return Policy(settings.bad_row_share, settings.icasework_reconcile, settings.icasework_concurrency)


SOURCES: Mapping[str, Source] = {
    "icasework": Source(_connect_icasework, _icasework_policy),
}
FEEDS: Mapping[str, Feed] = {
    contract.feed: Feed(contract, dialect.ICASEWORK) for contract in ICASEWORK_CONTRACTS
}


def find_feed(key: str) -> Feed:
    """Return the feed of this key; raise Permanent listing the keys there are."""
    try:
        return FEEDS[key]
    except KeyError:
        raise Permanent(f"{key!r} is not a feed", todo=f"use one of {', '.join(FEEDS)}") from None


def feeds_of(keys: Iterable[str]) -> list[Feed]:
    """Return the named feeds, or all of them when none is named."""
    return [find_feed(key) for key in keys] or list(FEEDS.values())


def connect(source: str, settings: Settings) -> ReportSource:
    """Open the client of a source."""
    return SOURCES[source].connect(settings)


def policy_for(source: str, settings: Settings) -> Policy:
    """Return what the council allows a source."""
    return SOURCES[source].policy(settings)
