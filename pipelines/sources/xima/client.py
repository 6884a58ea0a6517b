"""Xima's report feeds: one report of one day, run by its key, streamed to a file, opened as a raw frame.

What is asked stands in request.py, what a body means in body.py, tries, polls and time-outs in transport.py.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pipelines.calls import CallBook, concerning
from pipelines.errors import CasehouseError, SettingsError, Unverified
from pipelines.sources.advice import Advice
from pipelines.sources.exchange import Call, Refused, plain_reason, utc_now
from pipelines.sources.patience import Patience
from pipelines.sources.received import kind_of
from pipelines.sources.report import Body, RawReport, ReportRequest
from pipelines.sources.transport import Transport
from pipelines.sources.xima.body import open_report
from pipelines.sources.xima.dialect import (
    FORMAT,
    GOOD,
    HISTORIC_DATA,
    MALFORMED,
    MALFORMED_IS_KNOWN,
    NOTHING,
    REASONS,
    UNFINISHED,
)
from pipelines.sources.xima.request import find_timeframe, window_of, write_request

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.days import ReportDay
    from pipelines.settings import Parameter, Settings
    from pipelines.sources.exchange import Answer, Clock, Download


class XimaReports:
    """The source of the Xima feeds, for use from several threads; see ReportSource."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport

    @classmethod
    def from_settings(cls, settings: Settings, clock: Clock = utc_now) -> XimaReports:
        """Open the client that the settings describe; nothing is sent yet."""
        longest = settings.xima_max_wait_seconds
        transport = Transport(
            connect_seconds=settings.xima_connect_seconds,
            read_seconds=settings.xima_read_seconds,
            patience=Patience(attempts=settings.xima_attempts, longest_wait=longest),
            polls=Patience(attempts=settings.xima_timeout_polls + 1, longest_wait=longest),
            clock=clock,
            explain=explain,
            book=CallBook(settings.data_dir, "xima", keep_days=settings.calls_days),
        )
        return cls(settings, transport)

    def fetch(self, request: ReportRequest, into: Path) -> Body:
        """Run the day's report and stream it to `into`.

        Raises Transient when the last try failed or the report did not finish, Permanent when it was refused,
        Unverified when a good status came with nothing or with a page.
        """
        try:
            with concerning(request.feed, str(request.day)):
                download = self._download(request, into)
            _check_answer(download)
        except CasehouseError as error:
            self._advise(error).about(request.feed, str(request.day))
            raise
        return Body(into, FORMAT, download.sha256, download.size, framed=download.framed)

    def open(self, request: ReportRequest, body: Body) -> RawReport:
        """Read the body as a raw frame; it is consumed. Raises Unverified or Permanent, see open_report."""
        try:
            return open_report(request, body)
        except CasehouseError as error:
            error.about(request.feed, str(request.day))
            raise

    def close(self) -> None:
        """Give back connections, from any thread; calls under way end at once, raising Transient."""
        self._transport.close()

    def window(self, day: ReportDay) -> tuple[str, str]:
        """Say the day's first and last millisecond, each with its own London offset."""
        return window_of(day)

    @property
    def origin(self) -> str:
        """Which tenant answers, for receipts."""
        return self._settings.xima_origin

    @property
    def hosts(self) -> tuple[str, ...]:
        """The one base URL that is spoken to."""
        return (self._settings.xima_base,)

    def prove_access(self) -> str:
        """Try the key on every report without running one, and say so, or raise what keeps us from them."""
        names = tuple(self._settings.xima_reports)
        try:
            for name in names:
                self._parameters(name)
                self._transport.call(self._call(name, MALFORMED, good=MALFORMED_IS_KNOWN))
        except CasehouseError as error:
            self._advise(error)
            raise
        if not names:
            return "no report is set, so the key was not tried"
        return f"the key was not refused for {', '.join(names)}; none of them was run"

    def server_clock(self, host: str) -> float | None:
        """Reach a host; return by how many seconds its clock is ahead of ours, None when it tells no time.

        Any status will do. Raises Transient or Permanent when the host cannot be reached.
        """
        try:
            return self._transport.clock_ahead(Call(what="xima", url=f"{host}/"))
        except CasehouseError as error:
            self._advise(error)
            raise

    def _download(self, request: ReportRequest, into: Path) -> Download:
        name = request.feed.rpartition("/")[2]
        asked = write_request(name, self._parameters(name), request.day)
        try:
            return self._transport.download(self._call(name, asked, good=GOOD), into)
        except Refused as refusal:
            if refusal.answer.status != NOTHING:
                raise
        raise _nothing(f"status {NOTHING}")

    def _call(self, name: str, asked: bytes, *, good: frozenset[int]) -> Call:
        return Call(
            what=f"xima report {name}",
            url=f"{self._settings.xima_base}/{HISTORIC_DATA}/{self._report_key(name)}",
            method="POST",
            json=asked,
            bearer=self._settings.xima_key.get_secret_value(),
            good=good,
            unfinished=UNFINISHED,
        )

    def _report_key(self, name: str) -> str:
        try:
            return self._settings.xima_reports[name]
        except KeyError:
            raise SettingsError(
                f"no report key is set for {name!r}",
                todo="name it in CASEHOUSE_XIMA_REPORTS; Xima shows it as Report UUID",
            ) from None

    def _parameters(self, name: str) -> list[Parameter]:
        try:
            parameters = self._settings.xima_parameters[name]
        except KeyError:
            raise SettingsError(
                f"no parameters are set for report {name!r}",
                todo="name them in CASEHOUSE_XIMA_PARAMETERS, as the report's Request Details show them",
            ) from None
        find_timeframe(name, parameters)
        return parameters

    def _advise(self, error: CasehouseError) -> CasehouseError:
        """Say what to do where the transport, which knows no vendor, could not."""
        return _ADVICE.give(error, self._settings.xima_environment)


_REFUSED: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "compare this report's CASEHOUSE_XIMA_PARAMETERS with its Request Details in"
    " Xima: names, value types and values",
    HTTPStatus.UNAUTHORIZED: "set CASEHOUSE_XIMA_KEY to the service user's present key: refreshing it in"
    " Xima kills the old one at once",
    HTTPStatus.FORBIDDEN: "an agent or group in this report's CASEHOUSE_XIMA_PARAMETERS is outside the"
    " service user's rights: take it out, or have the right given in Xima",
    HTTPStatus.NOT_FOUND: "check the report's key in CASEHOUSE_XIMA_REPORTS, and in Xima that the report is"
    " API-enabled",
}
_ADVICE = Advice(
    "xima",
    refused=_REFUSED,
    refused_else="check CASEHOUSE_XIMA_BASE_URL, CASEHOUSE_XIMA_TENANT and CASEHOUSE_XIMA_ENVIRONMENT",
    unsendable="correct CASEHOUSE_XIMA_BASE_URL where it is set, else CASEHOUSE_XIMA_TENANT;"
    " and CASEHOUSE_XIMA_KEY",
)


def explain(answer: Answer) -> str:
    """Tell a refusal by its status alone: what else it says was never seen, and may name an agent."""
    return REASONS.get(answer.status) or plain_reason(answer)


def _check_answer(download: Download) -> None:
    """Raise Unverified when a good status came with what cannot be a report."""
    kind = kind_of(download.head)
    if kind == "nothing":
        raise _nothing(f"status 200, {download.size} bytes")
    if kind != "json":
        raise Unverified(
            f"Xima answered with {'a web page' if kind == 'page' else 'something else'} in place of a report",
            why=f"{download.size} bytes that are not JSON",
            todo="ingest the day again; if it stays so, check CASEHOUSE_XIMA_BASE_URL",
        )


def _nothing(why: str) -> Unverified:
    return Unverified(
        "Xima answered with nothing, which says neither that there are rows nor that there are none",
        why=why,
        todo="ingest the day again; if it stays so, run the report in Xima itself",
    )
