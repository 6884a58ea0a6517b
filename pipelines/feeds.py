"""The registry: every feed, declared once, how its source is reached, and what the council lets pass.

A feed of a new source costs a client (in sources/), a dialect, a contract, and its lines here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pipelines.contracts.icasework import ICASEWORK_CONTRACTS
from pipelines.contracts.tascomi import TASCOMI_CONTRACTS
from pipelines.contracts.xima import XIMA_CONTRACTS
from pipelines.decode import Decoder, decoder_for
from pipelines.errors import Permanent
from pipelines.repulls import MOST_LINES, USUAL_GUARD, ShrinkGuard
from pipelines.sources import dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipelines.contracts.contract import Contract
    from pipelines.settings import Settings
    from pipelines.sources.dialect import Dialect
    from pipelines.sources.report import Opener, ReportSource


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
    """What a council may choose for a feed: bad rows, days without a total, reports asked for at once.

    Of a day that is asked for again: how much of it may go, and how much of what changed is recorded.
    `raw_days` is for how many days received bodies are kept, 0 for none.
    """

    bad_row_share: float = 0.01
    reconcile: Literal["total", "none"] = "total"
    concurrency: int = 4
    shrink_guard: ShrinkGuard | None = USUAL_GUARD
    revision_lines: int = MOST_LINES
    raw_days: int = 0

    @property
    def may_lack_total(self) -> bool:
        """Days whose source does not tell every total are accepted and shown as unverified."""
        return self.reconcile == "none"


@dataclass(frozen=True)
class Source:
    """One external system, by the settings: how it is reached, what its feeds are allowed, who answers.

    `opener` opens received bodies and reaches nobody. `policy` takes a feed's name, `origin` is what receipts
    name; `environment` is "sandbox" where the stand-in answers; `address` says where reports come from, and
    `is_moved` whether a setting leads elsewhere than the environment would.
    """

    connect: Callable[[Settings], ReportSource]
    opener: Callable[[Settings], Opener]
    origin: Callable[[Settings], str]
    policy: Callable[[str, Settings], Policy]
    environment: Callable[[Settings], str]
    address: Callable[[Settings], str]
    is_moved: Callable[[Settings], bool]


def _connect_icasework(settings: Settings) -> ReportSource:
    # Whoever only reads the lake should not wait for an HTTP library.
    from pipelines.sources.icasework.client import IcaseworkReports  # noqa: PLC0415

    return IcaseworkReports.from_settings(settings)


def _icasework_opener(settings: Settings) -> Opener:
    from pipelines.sources.icasework.reports import opener  # noqa: PLC0415 - as for connecting

    return opener(settings)


def _icasework_policy(_name: str, settings: Settings) -> Policy:
    return Policy(settings.bad_row_share, settings.icasework_reconcile, settings.icasework_concurrency)


def _connect_xima(settings: Settings) -> ReportSource:
    from pipelines.sources.xima.client import XimaReports  # noqa: PLC0415 - as for iCasework

    return XimaReports.from_settings(settings)


def _xima_opener(settings: Settings) -> Opener:
    from pipelines.sources.xima.body import opener  # noqa: PLC0415 - as for connecting

    return opener(settings)


def _xima_policy(name: str, settings: Settings) -> Policy:
    reconcile = settings.xima_reconcile.get(name, "total")
    return Policy(settings.bad_row_share, reconcile, settings.xima_concurrency)


def _connect_tascomi(settings: Settings) -> ReportSource:
    from pipelines.sources.tascomi.reports import TascomiReports  # noqa: PLC0415 - as for iCasework

    return TascomiReports.from_settings(settings)


def _tascomi_opener(settings: Settings) -> Opener:
    from pipelines.sources.tascomi.day_body import opener  # noqa: PLC0415 - as for connecting

    return opener(settings)


def _tascomi_policy(_name: str, settings: Settings) -> Policy:
    """Let no day lack its total, which every list tells; one list at a time, since each moves meanwhile."""
    return Policy(settings.bad_row_share, "total", concurrency=1)


SOURCES: Mapping[str, Source] = {
    "icasework": Source(
        connect=_connect_icasework,
        opener=_icasework_opener,
        origin=lambda settings: settings.icasework_origin,
        policy=_icasework_policy,
        environment=lambda settings: settings.icasework_environment,
        address=lambda settings: settings.icasework_reports_base,
        is_moved=lambda settings: bool(settings.icasework_base_url or settings.icasework_reports_url),
    ),
    "xima": Source(
        connect=_connect_xima,
        opener=_xima_opener,
        origin=lambda settings: settings.xima_origin,
        policy=_xima_policy,
        environment=lambda settings: settings.xima_environment,
        address=lambda settings: settings.xima_base,
        is_moved=lambda settings: bool(settings.xima_base_url),
    ),
    "tascomi": Source(
        connect=_connect_tascomi,
        opener=_tascomi_opener,
        origin=lambda settings: settings.tascomi_origin,
        policy=_tascomi_policy,
        environment=lambda settings: settings.tascomi_environment,
        address=lambda settings: settings.tascomi_base,
        is_moved=lambda settings: bool(settings.tascomi_base_url),
    ),
}
_DIALECTS = (
    (ICASEWORK_CONTRACTS, dialect.ICASEWORK),
    (XIMA_CONTRACTS, dialect.XIMA),
    (TASCOMI_CONTRACTS, dialect.TASCOMI),
)
FEEDS: Mapping[str, Feed] = {
    contract.feed: Feed(contract, spoken) for contracts, spoken in _DIALECTS for contract in contracts
}


def has_production_account(settings: Settings) -> bool:
    """Say whether any source answers from a council's own live account."""
    return any(source.environment(settings) == "production" for source in SOURCES.values())


def expected(feeds: Mapping[str, Feed], settings: Settings) -> list[Feed]:
    """Return the feeds that are loaded without a person: of real accounts once there is one, else all.

    Once one source has a real account, those still left to the sandbox are left out: a council without the
    other system would have a failure each morning, or invented days among its real ones.
    """
    invented = {name for name, source in SOURCES.items() if source.environment(settings) == "sandbox"}
    return [feed for feed in feeds.values() if feed.source not in invented] or list(feeds.values())


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


def policy_for(feed: str, settings: Settings) -> Policy:
    """Return what the council allows the feed of this key."""
    source, _, name = feed.partition("/")
    guard = ShrinkGuard(
        settings.shrink_share, settings.shrink_rows, settings.source_retention_days.get(source)
    )
    policy = SOURCES[source].policy(name, settings)
    return replace(
        policy,
        shrink_guard=guard,
        revision_lines=settings.revision_lines,
        raw_days=settings.raw_days,
    )
