"""Settings: one place for everything a council sets, read from the environment and `.env`.

CASEHOUSE_ENV_FILE names another file to read instead of the project's `.env`; set to nothing, none is read.

Nothing is read at import; call `load_settings()`. Secrets are SecretStr and print as stars. With nothing set
the product talks to the sandbox's default address with the sandbox's published demonstration key.
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pydantic_settings
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from pipelines.days import ReportDay
from pipelines.demonstration import (
    ICASEWORK_NOTES_REPORT,
    ICASEWORK_REPORTS,
    SANDBOX_ACCOUNT,
    SANDBOX_API_KEY,
    SANDBOX_SECRET,
    SANDBOX_XIMA_KEY,
    XIMA_AGENTS,
    XIMA_REPORTS,
)
from pipelines.errors import SettingsError
from pipelines.settings_alerts import AlertSettings
from pipelines.settings_calls import CallSettings
from pipelines.settings_kpi import KpiSettings
from pipelines.settings_late import LateSettings
from pipelines.settings_nights import NightSettings
from pipelines.settings_outbound import OutboundSettings
from pipelines.settings_raw import RawSettings
from pipelines.settings_tascomi import TascomiSettings

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "CASEHOUSE_"
ENV_FILE = "CASEHOUSE_ENV_FILE"  # in the environment only
CONTACT_WINDOW_DAYS = 28
CASE_MARK = "{case_id}"

_ACCOUNT = re.compile(r"[A-Za-z0-9-]+")
_REPORT_KEY = re.compile(r"[A-Za-z0-9_-]+")
_FIELD = re.compile(r'field "(\w+)"')

Environment = Literal["sandbox", "uat", "production"]
ReportFormat = Literal["csv", "xml", "json"]
Reconcile = Literal["total", "none"]
# What a customerId may be, the first before the last where several are allowed.
# One parameter of a Xima report, as the vendor's "Show Request Details" writes it: name, valueType, value.
Parameter = dict[str, Any]


def _sandbox_parameters() -> dict[str, list[Parameter]]:
    """Return what each of the sandbox's reports needs; the client puts the day into the timeframe."""
    timeframe: Parameter = {
        "name": "Report Timeframe",
        "valueType": "REPORT_TIMEFRAME",
        "value": {"type": "REPORT_TIMEFRAME"},
    }
    agents: Parameter = {
        "name": "Rows (Agent)",
        "valueType": "PBX_USERS",
        "value": {"type": "PBX_USERS", "pbxUsers": [{"key": agent} for agent in XIMA_AGENTS]},
    }
    return {name: [timeframe, agents] if name == "agent_summary" else [timeframe] for name in XIMA_REPORTS}


class Settings(
    AlertSettings,
    CallSettings,
    KpiSettings,
    LateSettings,
    NightSettings,
    OutboundSettings,
    RawSettings,
    TascomiSettings,
):
    """Every setting, its default and its meaning; the environment name is the field's, with CASEHOUSE_."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
    )

    data_dir: Path = Field(
        ROOT / "warehouse" / "data", description="Where lake, quarantine and catalogue live."
    )
    start_date: date = Field(
        date(2026, 1, 1), description="First report day; earlier days are never asked for."
    )
    schedule_hour: int = Field(5, ge=0, le=23, description="London hour of the nightly run for yesterday.")
    days_per_run: int = Field(30, ge=1, le=366, description="Days of one feed that one backfill run takes.")
    bad_row_share: float = Field(
        0.01, ge=0, le=1, description="Share of rows that may break the contract before the day fails."
    )
    contact_window_days: int = Field(
        CONTACT_WINDOW_DAYS,
        ge=0,
        le=3650,
        description="Days for which a call may be about a closed case, or a repeat of another call.",
    )
    dagster_host: str = Field("127.0.0.1", description="Where the Dagster UI listens.")
    dagster_port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster UI.")
    sandbox_port: int = Field(8765, ge=1, le=65535, description="Port of the sandbox on loopback.")

    icasework_environment: Environment = Field("sandbox", description="sandbox, uat or production.")
    icasework_account: str = Field(SANDBOX_ACCOUNT, description="Account name; the db value in UAT.")
    icasework_api_key: str = Field(SANDBOX_API_KEY, description="API key: the token's issuer.")
    icasework_secret: SecretStr = Field(SecretStr(SANDBOX_SECRET), description="The API key's secret.")
    icasework_base_url: str | None = Field(None, description="Overrides the host of every call but reports.")
    icasework_reports_url: str | None = Field(None, description="Overrides the host of getreport.")
    icasework_reports: dict[str, int] = Field(
        ICASEWORK_REPORTS, description="ReportId of each feed, as JSON; the id in the report's permalink."
    )
    icasework_format: ReportFormat = Field(
        "csv", description="Format asked for; only csv carries a row count."
    )
    icasework_method: Literal["POST", "GET"] = Field("POST", description="How getreport is called.")
    icasework_reconcile: Reconcile = Field(
        "total", description="none: accept days without a source total and show them as unverified."
    )
    icasework_concurrency: int = Field(4, ge=1, le=16, description="Reports asked for at the same time.")
    icasework_connect_seconds: float = Field(10, gt=0, description="Time-out to connect.")
    icasework_read_seconds: float = Field(120, gt=0, description="Time-out between bytes of an answer.")
    icasework_attempts: int = Field(5, ge=1, le=20, description="Tries of one call, the first included.")
    icasework_max_wait_seconds: float = Field(60, ge=0, description="Longest wait between two tries.")
    icasework_write_auth: Literal["bearer", "signature"] = Field(
        "bearer", description="How calls that write are authorised: by token, or by key and signature."
    )
    icasework_write_format: Literal["xml", "json"] = Field(
        "xml", description="Format in which calls that write are answered."
    )
    icasework_write_api_key: str | None = Field(
        None, description="API key for writing; without it, the one for reading."
    )
    icasework_write_secret: SecretStr | None = Field(None, description="The secret of the key for writing.")
    icasework_write_read_seconds: float = Field(
        60, gt=0, description="Time-out between bytes of an answer to a call that writes."
    )
    icasework_write_notes_report: int | None = Field(
        None,
        ge=1,
        description="ReportId of a report of the notes on cases, by which lost answers are settled.",
    )

    icasework_case_url: str | None = Field(
        None, description="Where iCasework shows a case, with {case_id} in it; default of the account's host."
    )

    xima_environment: Literal["sandbox", "production"] = Field(
        "sandbox", description="sandbox or production."
    )
    xima_tenant: str = Field(SANDBOX_ACCOUNT, description="Tenant name; the first part of its host.")
    xima_base_url: str | None = Field(None, description="Overrides the host of every call.")
    xima_key: SecretStr = Field(
        SecretStr(SANDBOX_XIMA_KEY), description="The service user's key; refreshing it kills the old one."
    )
    xima_reports: dict[str, str] = Field(
        XIMA_REPORTS, description="Key of each feed's report, as JSON; shown as Report UUID."
    )
    xima_parameters: dict[str, list[Parameter]] = Field(
        default_factory=_sandbox_parameters,
        description="Parameters of each feed's report, as JSON, as in its Request Details.",
    )
    xima_reconcile: dict[str, Reconcile] = Field(
        {}, description="Feeds whose days may lack a total, as JSON: none beside the feed's name."
    )
    xima_concurrency: int = Field(2, ge=1, le=16, description="Reports asked for at the same time.")
    xima_connect_seconds: float = Field(10, gt=0, description="Time-out to connect.")
    xima_read_seconds: float = Field(120, gt=0, description="Time-out between bytes of an answer.")
    xima_attempts: int = Field(5, ge=1, le=20, description="Tries of one call, the first included.")
    xima_max_wait_seconds: float = Field(60, ge=0, description="Longest wait between two tries.")
    xima_timeout_polls: int = Field(
        10, ge=0, le=100, description="How often a report that is still running is asked for again."
    )

    @field_validator("data_dir", "outbound_templates")
    @classmethod
    def _below_root(cls, path: Path) -> Path:
        """Take a relative directory from the project's root, wherever the command was started."""
        try:
            return ROOT / path.expanduser()
        except RuntimeError:
            raise ValueError("its ~ stands for no home directory of this machine") from None

    @field_validator("kpi_identifiers", mode="before")
    @classmethod
    def _is_given(cls, path: object) -> object:
        """Take an empty one for none, a relative one from the project's root."""
        return ROOT / Path(path).expanduser() if isinstance(path, str) and path else path or None

    @field_validator("icasework_case_url")
    @classmethod
    def _shows_a_case(cls, url: str | None) -> str | None:
        """Refuse what leads to no case; an empty one is as good as none."""
        if url and not (CASE_MARK in url and _is_link(url)):
            raise ValueError(f"it must be http:// or https:// with a host, and hold {CASE_MARK}")
        return url or None

    @field_validator("icasework_account", "xima_tenant", "tascomi_site")
    @classmethod
    def _is_account(cls, account: str) -> str:
        """Refuse what could lead a host name made of the account elsewhere."""
        if not _ACCOUNT.fullmatch(account):
            raise ValueError("it must hold letters, digits and hyphens, at least one")
        return account

    @field_validator("icasework_base_url", "icasework_reports_url", "xima_base_url", "tascomi_base_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        """Refuse what is no address to call; an empty one is as good as none."""
        if url and not _is_web_address(url):
            raise ValueError("it must be http:// or https:// with a host, without a name, password, ? or #")
        return url or None

    @field_validator("xima_reports")
    @classmethod
    def _are_keys(cls, reports: dict[str, str]) -> dict[str, str]:
        """Refuse what could lead the path of a call elsewhere."""
        if not all(map(_REPORT_KEY.fullmatch, reports.values())):
            raise ValueError("each key must hold letters, digits, hyphens and underscores, at least one")
        return reports

    @property
    def first_day(self) -> ReportDay:
        """The first report day there is."""
        return ReportDay(self.start_date)

    def last_day(self, now: datetime) -> ReportDay:
        """Return the last report day that is over at `now`, an aware instant."""
        return ReportDay.yesterday(now)

    def sandbox_url(self, source: str) -> str:
        """Address of the sandbox's stand-in for a source, on loopback."""
        return f"http://127.0.0.1:{self.sandbox_port}/{source}"

    @property
    def icasework_base(self) -> str:
        """Base URL of token and case calls (hosts: protocol notes from the vendor's own pages)."""
        if self.icasework_base_url:
            return self.icasework_base_url.rstrip("/")
        return {
            "sandbox": self.sandbox_url("icasework"),
            "uat": "https://uat.icasework.com",
            "production": f"https://{self.icasework_account}.icasework.com",
        }[self.icasework_environment]

    @property
    def icasework_reports_base(self) -> str:
        """Base URL of getreport: in production and UAT the account's own report host."""
        if self.icasework_reports_url:
            return self.icasework_reports_url.rstrip("/")
        if self.icasework_base_url:
            return self.icasework_base
        return {
            "sandbox": self.sandbox_url("icasework"),
            "uat": "https://uat.icasework.com",
            "production": f"https://{self.icasework_account}reports.icasework.com",
        }[self.icasework_environment]

    @property
    def icasework_writing_key(self) -> tuple[str, SecretStr]:
        """API key and secret of calls that write: their own, else those of reading; both or neither."""
        key, secret = self.icasework_write_api_key, self.icasework_write_secret
        if bool(key) != bool(secret and secret.get_secret_value()):
            raise SettingsError(
                "a key for writing is half set",
                todo="set CASEHOUSE_ICASEWORK_WRITE_API_KEY and CASEHOUSE_ICASEWORK_WRITE_SECRET, or neither",
            )
        return (key, secret) if key and secret else (self.icasework_api_key, self.icasework_secret)

    @property
    def icasework_notes_report(self) -> int | None:
        """ReportId of the report of notes: as set, in the sandbox its own, else None."""
        if self.icasework_write_notes_report is None and self.icasework_environment == "sandbox":
            return ICASEWORK_NOTES_REPORT
        return self.icasework_write_notes_report

    @property
    def icasework_origin(self) -> str:
        """Say which system answers, for receipts: environment, account, and hosts that are overridden."""
        told = f"{self.icasework_environment} {self.icasework_account}"
        if not (self.icasework_base_url or self.icasework_reports_url):
            return told
        return f"{told} at {_hosts(self.icasework_base, self.icasework_reports_base)}"

    @property
    def icasework_case_pattern(self) -> str:
        """Where a browser sees a case, {case_id} for its number (GUESS: no page of the vendor tells it)."""
        if self.icasework_case_url:
            return self.icasework_case_url
        account = f"&db={self.icasework_db}" if self.icasework_db else ""
        return f"{self.icasework_base}/case?CaseId={CASE_MARK}{account}"

    @property
    def icasework_db(self) -> str | None:
        """The `db` parameter, which only UAT (and the sandbox, which plays UAT) wants."""
        return None if self.icasework_environment == "production" else self.icasework_account

    @property
    def xima_base(self) -> str:
        """Base URL of every call (host: the vendor's own example)."""
        if self.xima_base_url:
            return self.xima_base_url.rstrip("/")
        if self.xima_environment == "sandbox":
            return self.sandbox_url("xima")
        return f"https://{self.xima_tenant}.xima.cloud"

    @property
    def xima_origin(self) -> str:
        """Say which system answers, for receipts: environment, tenant, and a host that is overridden."""
        told = f"{self.xima_environment} {self.xima_tenant}"
        return f"{told} at {_hosts(self.xima_base)}" if self.xima_base_url else told

    @property
    def tascomi_base(self) -> str:
        """Address of the API without its version (SEED; that the host ends in tascomi.com is CODE)."""
        if self.tascomi_base_url:
            return self.tascomi_base_url.rstrip("/")
        if self.tascomi_environment == "sandbox":
            return f"{self.sandbox_url('tascomi')}/rest"
        return f"https://{self.tascomi_site}.tascomi.com/rest"

    @property
    def tascomi_origin(self) -> str:
        """Say which system answers, for receipts and records: environment, site, and a host overridden."""
        told = f"{self.tascomi_environment} {self.tascomi_site}"
        return f"{told} at {_hosts(self.tascomi_base)}" if self.tascomi_base_url else told


def env_file() -> Path | None:
    """Return the file that settings are read from beside the environment, None for no file.

    Raises SettingsError when CASEHOUSE_ENV_FILE names one that is not there: without its settings everything
    would point at the sandbox.
    """
    chosen = os.environ.get(ENV_FILE)
    if chosen is None:
        return ROOT / ".env"
    if not chosen:
        return None
    path = ROOT / chosen
    if not path.is_file():
        raise SettingsError(f"{path} is no file", todo=f"correct {ENV_FILE}")
    return path


def file_changed_at() -> datetime | None:
    """Return when the file of settings was last written, None where there is none."""
    path = env_file()
    if path is None or not path.is_file():
        return None
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def load_settings(**overrides: object) -> Settings:
    """Read the environment and `.env`; raise SettingsError naming each bad setting, never its value."""
    path = env_file()
    try:
        return Settings(_env_file=path, **overrides)  # type: ignore[call-arg, arg-type]  # pydantic checks them
    except ValidationError as error:
        faults = "; ".join(
            f"{_variable('.'.join(str(part) for part in fault['loc']))}:"
            f" {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise _unreadable(faults) from None
    except pydantic_settings.SettingsError as error:
        raise _unreadable(_told_json(error)) from None
    except UnicodeDecodeError as error:
        raise _unreadable(f"{path} is not UTF-8 text from byte {error.start} on") from None
    except OSError as error:
        why = f"{error.filename or path}: {error.strerror or type(error).__name__}"
        raise _unreadable(why) from None


def unknown_settings() -> list[str]:
    """Name what the environment and `.env` set with our prefix and no setting knows: misspelled, mostly."""
    known = {_variable(name) for name in Settings.model_fields}
    sources = (EnvSettingsSource(Settings), DotEnvSettingsSource(Settings, env_file=env_file()))
    named = {name.upper() for source in sources for name in source.env_vars}
    return sorted(name for name in named - known - {ENV_FILE} if name.startswith(PREFIX))


def _variable(name: str) -> str:
    return f"{PREFIX}{name}".upper()


def _hosts(*bases: str) -> str:
    return ", ".join(dict.fromkeys(urlsplit(base).netloc.lower() for base in bases))


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    secret = parts.username is not None or parts.password is not None
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and port != 0
        and not (secret or parts.query or parts.fragment)
        and not any(character.isspace() for character in url)
    )


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_whole and not any(character.isspace() for character in url)


def _told_json(error: pydantic_settings.SettingsError) -> str:
    """Tell the one error that pydantic-settings itself raises: a setting that is JSON and cannot be read."""
    field, cause = _FIELD.search(str(error)), error.__cause__
    name = _variable(field[1]) if field else "a setting"
    at = f" from character {cause.pos} on" if isinstance(cause, json.JSONDecodeError) else ""
    return f"{name}: it is not JSON{at}"


def _unreadable(why: str) -> SettingsError:
    return SettingsError("settings cannot be read", why=why, todo="correct them in the environment or .env")
