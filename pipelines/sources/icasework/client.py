"""iCasework's report feeds: one report of one day, asked for, streamed to a file, opened as a raw frame.

What a body means stands in reports.py, who we are in auth.py, tries and time-outs in transport.py.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.calls import CallBook, concerning
from pipelines.errors import CasehouseError, SettingsError
from pipelines.sources.advice import Advice
from pipelines.sources.exchange import Call, Refused, utc_now
from pipelines.sources.icasework.auth import TokenSource, is_stale_token
from pipelines.sources.icasework.dialect import (
    ACCOUNT_PARAMETER,
    FIELD_SEPARATOR,
    GETREPORT,
    WINDOW_FROM,
    WINDOW_UNTIL,
    YES,
)
from pipelines.sources.icasework.error_page import error_code, read_reason
from pipelines.sources.icasework.reports import check_answer, opener
from pipelines.sources.patience import Patience
from pipelines.sources.report import Body, RawReport, ReportRequest
from pipelines.sources.transport import Transport

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.settings import Settings
    from pipelines.sources.exchange import Clock, Download
    from pipelines.sources.icasework.auth import Token


class IcaseworkReports:
    """The source of the iCasework feeds, for use from several threads; see ReportSource."""

    def __init__(self, settings: Settings, transport: Transport, clock: Clock) -> None:
        self._settings = settings
        self._transport = transport
        self._tokens = TokenSource(
            transport,
            base=settings.icasework_base,
            account=settings.icasework_db,
            key=settings.icasework_api_key,
            secret=settings.icasework_secret,
            clock=clock,
        )

    @classmethod
    def from_settings(cls, settings: Settings, clock: Clock = utc_now) -> IcaseworkReports:
        """Open the client that the settings describe; nothing is sent yet."""
        patience = Patience(
            attempts=settings.icasework_attempts, longest_wait=settings.icasework_max_wait_seconds
        )
        transport = Transport(
            connect_seconds=settings.icasework_connect_seconds,
            read_seconds=settings.icasework_read_seconds,
            patience=patience,
            clock=clock,
            explain=read_reason,
            code=error_code,
            book=CallBook(settings.data_dir, "icasework", keep_days=settings.calls_days),
        )
        return cls(settings, transport, clock)

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        """Stream the day's report to `into`.

        Raises Transient when the last try failed, Permanent when the call was refused, Unverified when a good
        status came with nothing or with a page.
        """
        try:
            with concerning(request.feed, str(request.day)):
                download = self._download(request, into)
            check_answer(download, self._settings.icasework_format)
        except CasehouseError as error:
            self._advise(error).about(request.feed, str(request.day))
            raise
        return Body(
            into, self._settings.icasework_format, download.sha256, download.size, framed=download.framed
        )

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        """Read the body as a raw frame; it is consumed. Raises Unverified or Permanent, see open_report."""
        try:
            return opener(self._settings)(request, body)
        except CasehouseError as error:
            error.about(request.feed, str(request.day))
            raise

    def close(self) -> None:
        """Give back connections, from any thread; calls under way end at once, raising Transient."""
        self._transport.close()

    def window(self, day: ReportDay) -> tuple[str, str]:
        """Say the day's first and last millisecond as local civil times, without a zone."""
        return day.civil_bounds

    @property
    def origin(self) -> str:
        """Which account answers, for receipts."""
        return self._settings.icasework_origin

    @property
    def hosts(self) -> tuple[str, ...]:
        """The base URLs that are spoken to, each once."""
        return tuple(dict.fromkeys((self._settings.icasework_base, self._settings.icasework_reports_base)))

    def prove_access(self) -> str:
        """Buy a token and say so, or raise what keeps us from one; what `casehouse doctor` asks."""
        try:
            self._tokens.current()
        except CasehouseError as error:
            self._advise(error)
            raise
        return "a token was obtained"

    def server_clock(self, host: str) -> float | None:
        """Reach a host; return by how many seconds its clock is ahead of ours, None when it tells no time.

        Any status will do. Raises Transient or Permanent when the host cannot be reached.
        """
        try:
            return self._transport.clock_ahead(Call(what="icasework", url=f"{host}/"))
        except CasehouseError as error:
            self._advise(error)
            raise

    def _download(self, request: ReportRequest, into: Path) -> Download:
        token = self._tokens.current()
        try:
            return self._transport.download(self._call(request, token), into)
        except Refused as refusal:
            if not is_stale_token(refusal.answer):
                raise
        token = self._tokens.renew(token)
        return self._transport.download(self._call(request, token), into)

    def _call(self, request: ReportRequest, token: Token) -> Call:
        account = self._settings.icasework_db
        fields = self._form(request)
        is_post = self._settings.icasework_method == "POST"
        query = {ACCOUNT_PARAMETER: account} if account else {}
        return Call(
            what="icasework getreport",
            url=f"{self._settings.icasework_reports_base}/{GETREPORT}",
            method=self._settings.icasework_method,
            query=query if is_post else query | fields,
            form=fields if is_post else {},
            bearer=token.text,
        )

    def _form(self, request: ReportRequest) -> dict[str, str]:
        """Return getreport's parameters; the CSV ones are sent with every format."""
        window_from, window_until = self.window(request.day)
        return {
            "ReportId": str(self._report_id(request.feed)),
            WINDOW_FROM: window_from,
            WINDOW_UNTIL: window_until,
            "Format": self._settings.icasework_format,
            "CSVHeader": YES,
            "CSVFooter": YES,
            "CSVFields": FIELD_SEPARATOR.join(request.fields),
        }

    def _report_id(self, feed: str) -> int:
        name = feed.rpartition("/")[2]
        try:
            return self._settings.icasework_reports[name]
        except KeyError:
            raise SettingsError(
                f"no report id is set for {name!r}",
                todo="name it in CASEHOUSE_ICASEWORK_REPORTS; it is the id in the report's permalink",
            ) from None

    def _advise(self, error: CasehouseError) -> CasehouseError:
        """Say what to do where the transport, which knows no vendor, could not."""
        is_stale = isinstance(error, Refused) and is_stale_token(error.answer)
        status = HTTPStatus.UNAUTHORIZED if is_stale else None
        return _ADVICE.give(error, self._settings.icasework_environment, status)


_ADVICE = Advice(
    "icasework",
    refused={
        HTTPStatus.UNAUTHORIZED: "have the API key's right to reports checked in iCasework",
        HTTPStatus.FORBIDDEN: "have the API key's rights and allowed addresses checked in iCasework",
        HTTPStatus.NOT_FOUND: "check CASEHOUSE_ICASEWORK_REPORTS_URL and CASEHOUSE_ICASEWORK_ENVIRONMENT",
        HTTPStatus.METHOD_NOT_ALLOWED: "set CASEHOUSE_ICASEWORK_METHOD to the other of POST and GET",
    },
    refused_else="check the report's id in CASEHOUSE_ICASEWORK_REPORTS, and in iCasework that the report is"
    " set up for the REST API",
    unsendable="correct CASEHOUSE_ICASEWORK_BASE_URL or CASEHOUSE_ICASEWORK_REPORTS_URL where they are set,"
    " else CASEHOUSE_ICASEWORK_ACCOUNT and CASEHOUSE_ICASEWORK_API_KEY",
)
