"""What one sandbox remembers while it runs: council, centre, records, clock, keys, faults and calls.

Everything comes in: configuration, clock, and the factory of councils. Nothing is kept when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from pipelines.days import LONDON
from pipelines.demonstration import SANDBOX_ACCOUNT, SANDBOX_API_KEY, SANDBOX_SECRET, SANDBOX_XIMA_KEY
from pipelines.errors import SettingsError
from pipelines.sandbox.calls import CallLog
from pipelines.sandbox.council import ALL_REPORTS, Casework, Council
from pipelines.sandbox.icasework.auth import TokenBook
from pipelines.sandbox.icasework.dialect import Dialect
from pipelines.sandbox.orders import FaultBook
from pipelines.sandbox.tascomi.dialect import TascomiDialect
from pipelines.sandbox.tascomi.keys import ApiKey, demonstration_keys
from pipelines.sandbox.tascomi.office import Office
from pipelines.sandbox.tascomi.records import opening_records
from pipelines.sandbox.xima.centre import Centre
from pipelines.sandbox.xima.dialect import XimaDialect
from pipelines.sandbox.xima.service_user import Runs, ServiceUser

if TYPE_CHECKING:
    from pipelines.sandbox.council import Report

Clock = Callable[[], datetime]
Environment = Literal["uat", "production"]
TEN_YEARS = 315_360_000  # seconds


@dataclass(frozen=True)
class Key:
    """An API key's secret, and whether the key may write."""

    secret: str = field(repr=False)
    may_write: bool = True


def demonstration_accounts() -> Mapping[str, Mapping[str, Key]]:
    """Return the one published account: by db name, then by API key."""
    return MappingProxyType({SANDBOX_ACCOUNT: MappingProxyType({SANDBOX_API_KEY: Key(SANDBOX_SECRET)})})


class Dials(BaseModel):
    """What may be turned while the sandbox runs; the council starts anew when seed or size change.

    What was written to the council goes with it.
    `clock_offset_seconds` puts the server's clock forward or back, to show what a wrong clock does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 2026
    cases_per_day: int = Field(default=40, ge=10, le=50_000)
    clock_offset_seconds: float = Field(default=0, ge=-TEN_YEARS, le=TEN_YEARS, allow_inf_nan=False)


@dataclass(frozen=True)
class SandboxConfig:
    """How a sandbox is set up: `uat` wants `db` and answers everything on one host, `production` does not.

    `reports` are further ReportIds, each an alias of the report named: a council's own numbers, to try them.
    """

    dials: Dials = field(default_factory=Dials)
    opened: date = date(2025, 1, 1)
    environment: Environment = "uat"
    reports: Mapping[int, str] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, Key]] = field(default_factory=demonstration_accounts)
    dialect: Dialect = field(default_factory=Dialect)
    xima_key: str = field(default=SANDBOX_XIMA_KEY, repr=False)
    xima_dialect: XimaDialect = field(default_factory=XimaDialect)
    tascomi_keys: Mapping[str, ApiKey] = field(default_factory=demonstration_keys)
    tascomi_dialect: TascomiDialect = field(default_factory=TascomiDialect)


CouncilFactory = Callable[[SandboxConfig, Dials], "Council"]


def system_clock() -> datetime:
    """Return this machine's time, aware, in UTC."""
    return datetime.now(UTC)


def open_council(config: SandboxConfig, dials: Dials) -> Council:
    """Return the invented council of these dials."""
    return Council(seed=dials.seed, cases_per_day=dials.cases_per_day, opened=config.opened)


class Sandbox:
    """One running stand-in: what every room shares. Raises SettingsError for an alias of no report."""

    def __init__(
        self,
        config: SandboxConfig,
        *,
        clock: Clock = system_clock,
        council_factory: CouncilFactory = open_council,
    ) -> None:
        self.config = config
        self.dialect = config.dialect
        self.dials = config.dials
        self.reports: Mapping[int, Report] = {**ALL_REPORTS, **_aliases(config.reports)}
        self.faults = FaultBook()
        self.calls = CallLog()
        self.tokens = TokenBook()
        self.service_user = ServiceUser(config.xima_key)
        self.runs = Runs(config.xima_dialect)
        self._clock = clock
        self._council_factory = council_factory
        self._casework: Casework | None = None
        self._centre: Centre | None = None
        self._office: Office | None = None

    @property
    def council(self) -> Casework:
        """The council of the present dials with all that was written to it, made when first asked for."""
        if self._casework is None:
            council = self._council_factory(self.config, self.dials)
            self._casework = Casework(council, self.config.opened.year)
        return self._casework

    @property
    def centre(self) -> Centre:
        """The contact centre that the present council's customers ring, made when first asked for."""
        if self._centre is None:
            dials = self.dials
            self._centre = Centre(dials.seed, dials.cases_per_day, self.config.opened, self.council.invented)
        return self._centre

    @property
    def office(self) -> Office:
        """What stands in Tascomi's tables, made when first asked for; it remembers what is written."""
        if self._office is None:
            dials, opened = self.dials, self.config.opened
            today = max(self.tascomi_now().date(), opened)
            self._office = Office(opening_records(dials.seed, dials.cases_per_day, opened, today))
        return self._office

    def now(self) -> datetime:
        """Return the server's time, aware, in UTC."""
        return self._clock().astimezone(UTC) + timedelta(seconds=self.dials.clock_offset_seconds)

    def london_now(self) -> datetime:
        """Return the server's time as London wall-clock time without a zone."""
        return self.now().astimezone(LONDON).replace(tzinfo=None)

    def tascomi_now(self) -> datetime:
        """Return the server's time as the wall clock of Tascomi's site shows it, without a zone."""
        zone = ZoneInfo(self.config.tascomi_dialect.zone)
        return self.now().astimezone(zone).replace(tzinfo=None)

    def turn(self, wish: object) -> Dials:
        """Turn the dials named in the mapping `wish`; raise pydantic.ValidationError for a wrong one."""
        asked = Dials.model_validate(wish)
        before, self.dials = self.dials, self.dials.model_copy(update=asked.model_dump(exclude_unset=True))
        if (before.seed, before.cases_per_day) != (self.dials.seed, self.dials.cases_per_day):
            self._casework = self._centre = self._office = None
        return self.dials

    def forget_written(self) -> None:
        """Let the council be as it was before anything was written to it."""
        if self._casework is not None:
            self._casework = Casework(self._casework.invented, self.config.opened.year)

    def secret_of(self, account: str) -> Callable[[str], str | None]:
        """Return the look-up of an account's secrets by API key."""
        keys = self.config.accounts.get(account, {})

        def secret(key: str) -> str | None:
            return keys[key].secret if key in keys else None

        return secret


def _aliases(reports: Mapping[int, str]) -> dict[int, Report]:
    known = {report.name: report for report in ALL_REPORTS.values()}
    unknown = sorted(set(reports.values()) - set(known))
    if unknown:
        raise SettingsError(
            f"there is no report {unknown[0]!r} to give a number to",
            todo=f"name one of {', '.join(known)}",
        )
    return {number: known[name] for number, name in reports.items()}
