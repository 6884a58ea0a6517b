"""Tascomi's records: made, changed, read one by one and listed, by calls that are signed for their minute.

A call that only reads is tried again as often as the settings say. One that writes is tried again only when
it certainly was not carried out; what may have become of it otherwise is told by the errors of writing.py.
How a moment to sign is found stands in signing.py, how a list is read whole in paging.py.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from pipelines.calls import CallBook, concerning_no_day
from pipelines.errors import CasehouseError, Transient, Unverified
from pipelines.sources import exchange
from pipelines.sources.advice import Advice
from pipelines.sources.exchange import (
    ANY_STATUS,
    Call,
    Unreachable,
    Unsendable,
    Untrusted,
    http_date,
    utc_now,
)
from pipelines.sources.patience import Patience, Setback, retrying
from pipelines.sources.tascomi import dialect
from pipelines.sources.tascomi.bodies import Unreadable, read_page, read_record
from pipelines.sources.tascomi.matching import check_matches, is_match
from pipelines.sources.tascomi.outcomes import (
    LATER,
    is_unsigned,
    judge,
    judge_write,
    reason_of,
    unknown,
    written,
)
from pipelines.sources.tascomi.paging import Whole, read_whole, sort_by
from pipelines.sources.tascomi.signing import Credentials, ServerClock
from pipelines.sources.transport import Transport
from pipelines.sources.writing import NotIdentified, NotSent, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from pipelines.settings import Settings
    from pipelines.sources.exchange import Answer, Clock
    from pipelines.sources.tascomi.bodies import Page
    from pipelines.sources.tascomi.signing import Sleep
    from pipelines.sources.writing import Record

# How often a call is signed anew when its signature was refused: the first refusal may have set the clock.
_SIGNATURES = 3
_READ = dialect.FOUND | dialect.NOTHING | {int(HTTPStatus.UNAUTHORIZED)}
_RECORD_READ = _READ | {int(HTTPStatus.NOT_FOUND)}


class TascomiClient:
    """Calls one site; a context manager. For one thread, but `close` may be called from any."""

    def __init__(
        self, settings: Settings, transport: Transport, server_clock: ServerClock, clock: Clock
    ) -> None:
        self.settings = settings
        self._transport = transport
        self._server_clock = server_clock
        self._clock = clock
        self._key = Credentials(settings.tascomi_public_key, settings.tascomi_private_key.get_secret_value())
        self._patience = _patience(settings)
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections; calls under way end at once."""
        self._closed.set()
        self._transport.close()

    def create(self, table: str, fields: Record) -> Record:
        """Make a record and return it as the server keeps it.

        Raises OutcomeUnknown, NotSent, Refused or NotAllowed; Permanent when the call cannot even be sent.
        """
        call = self._call(f"tascomi create in {table}", dialect.CREATE, table, fields=fields)
        return self._write(call, fields)

    def update(self, table: str, record_id: str, fields: Record) -> Record:
        """Change a record and return it as the server keeps it; raise as `create` does.

        A record that is not there is Refused, naming the field id.
        """
        call = self._call(f"tascomi update in {table}", dialect.UPDATE, table, record_id, fields=fields)
        return self._write(call, fields)

    def read(self, table: str, record_id: str) -> Record | None:
        """Return a record, None when there is none of this id.

        Raises Transient after the last try, NotIdentified when the signature is refused, NotAllowed or
        Refused when the server wants none of it, Unverified when what came is no record.
        """
        what = f"tascomi record of {table}"
        answer = self._read(replace(self._call(what, "GET", table, record_id), good=_RECORD_READ), {})
        if answer.status not in dialect.FOUND:
            return None
        try:
            row = read_record(answer.content)
        except Unreadable as error:
            why = str(error)
        else:
            return None if row is None or row.get(dialect.BY_ID) == str(dialect.NO_SUCH_RECORD) else row
        raise Unverified(f"{what}: the answer is no record", why=why, todo=_ASK)

    def search(self, table: str, filters: Mapping[str, str], *, sort: str | None = None) -> list[Record]:
        """Return every record that passes all filters, each once, by id or by the column `sort` names.

        A date given for a date and time means the whole day. A `-` before the column sorts descending.
        Raises as `read` does; Unverified when the list cannot be proved whole, Permanent when the server
        does not filter by one of these columns.
        """
        rows = self.whole(table, filters).rows
        return rows if sort is None else sort_by(rows, sort)

    def whole(self, table: str, filters: Mapping[str, str]) -> Whole:
        """Return what `search` does, by id, and how many records the list itself says it has."""

        def page(number: int) -> Page:
            return self._page(table, filters, number)

        def is_listed(number: str) -> bool:
            row = self.read(table, number)
            return row is not None and is_match(row, filters)

        return read_whole(page, is_listed)

    def look(self, table: str) -> frozenset[str] | None:
        """Return a table's columns by its first page, None when it is empty; raise as `read` does."""
        rows = self._page(table, {}, 1).rows
        return frozenset(rows[0]) if rows else None

    def try_writing(self, table: str) -> None:
        """Change a record that cannot exist: may the table be written? Raises NotAllowed when it may not."""
        what = f"tascomi right to write {table}"
        try:
            self._write(self._call(what, dialect.UPDATE, table, dialect.NOBODY, fields={}), {})
        except Refused as refusal:
            if refusal.field == dialect.BY_ID:
                return
            raise

    def skew_seconds(self) -> float:
        """Return by how many seconds the server's clock is ahead of ours, by what its answers told."""
        try:
            self._meet_clock()
        except CasehouseError as error:
            raise self._advised(error) from None
        return self._server_clock.skew

    @property
    def hosts(self) -> tuple[str, ...]:
        """The one base URL that is spoken to."""
        return (self.settings.tascomi_base,)

    def server_clock(self, host: str) -> float | None:
        """Reach a host; return by how many seconds its clock is ahead of ours, None when it tells no time."""
        try:
            return self._transport.clock_ahead(Call(what="tascomi", url=host))
        except CasehouseError as error:
            raise self._advised(error) from None

    def prove_access(self) -> str:
        """Say that a signed call was let in, or raise what keeps us out."""
        self.look(dialect.TITLES)
        return f"a signature was accepted, and {dialect.TITLES} may be viewed"

    def _page(self, table: str, filters: Mapping[str, str], number: int) -> Page:
        what = f"tascomi list of {table}"
        query = {**filters, dialect.SORT: dialect.BY_ID, dialect.PAGE: str(number)}
        answer = self._read(replace(self._call(what, "GET", table), query=query, good=_READ), filters)
        page = read_page(answer, number)
        check_matches(what, page.rows, filters)
        return page

    def _call(self, what: str, method: str, table: str, *path: str, fields: Record | None = None) -> Call:
        place = "/".join(quote(part, safe="") for part in (dialect.VERSION, table, *path))
        return Call(
            what=what,
            url=f"{self.settings.tascomi_base}/{place}",
            method=method,
            json=None if fields is None else msgspec.json.encode(fields),
            secrets=(self._key.public, self._key.private),
        )

    def _read(self, call: Call, sent: Record) -> Answer:
        try:
            return self._signed(call, self._transport.call, sent)
        except exchange.Refused as refusal:
            answer = refusal.answer
        except CasehouseError as error:
            raise self._advised(error) from None
        raise judge(call, answer, sent)

    def _write(self, call: Call, sent: Record) -> Record:
        """Return the record of a write that was carried out, or raise what became of it."""
        tries = retrying(self._patience, self._closed)
        try:
            answer: Answer = tries(self._knock, call, sent)
        except Setback as setback:
            reason = setback.reason
        else:
            if answer.status in dialect.WRITTEN:
                return written(call, answer)
            raise judge_write(call, answer, sent)
        raise NotSent(f"{call.what} was not sent to {call.host}", why=reason, todo=self._unreachable)

    def _knock(self, call: Call, sent: Record) -> Answer:
        """Try a write once, as far as its signature is good; Setback says that it may be tried again."""
        try:
            self._meet_clock()
        except CasehouseError as error:
            fault = self._before_sending(call, error)
        else:
            return self._sent(call, sent)
        raise fault

    def _sent(self, call: Call, sent: Record) -> Answer:
        try:
            return self._signed(call, self._transport.knock, sent)
        except (NotSent, Unreachable, Unsendable, Untrusted) as error:
            fault = self._before_sending(call, error)
        except CasehouseError as error:
            # The request went out, and no answer that can be read came back.
            fault = unknown(call, error.why or error.what)
        raise fault

    def _before_sending(self, call: Call, error: CasehouseError) -> Exception:
        """Return what a failure is after which the call itself has certainly not gone out."""
        if isinstance(error, Untrusted) or self._closed.is_set():
            return NotSent(error.what, why=error.why, todo=error.todo)
        if isinstance(error, Transient) and not isinstance(error, NotSent):
            return Setback(call.what, error.why or error.what, is_unreachable=True)
        return self._advised(error)

    def _signed(self, call: Call, send: Callable[[Call], Answer], sent: Record) -> Answer:
        """Send with signatures of the server's present minute, and learn its time from what it answers."""
        self._meet_clock()
        if self._closed.is_set():
            raise NotSent(f"{call.what} was not sent: the client was closed", todo=LATER)
        for _ in range(_SIGNATURES):
            signature = _Signature(self._key, self._server_clock, self._clock)
            try:
                answer = send(replace(call, sign=signature))
            except exchange.Refused as refusal:
                if not is_unsigned(refusal.answer):
                    raise
                answer = refusal.answer
            self._server_clock.learn(signature.made, http_date(answer.header("Date")))
            if not is_unsigned(answer):
                break
        else:
            raise NotIdentified(
                f"{call.what}: {call.host} refused the signature",
                why=f"{reason_of(answer, call, sent)}; signed {_SIGNATURES} times",
                todo="check CASEHOUSE_TASCOMI_PUBLIC_KEY, _PRIVATE_KEY and _TIME_ZONE",
            )
        return answer

    def _meet_clock(self) -> None:
        """Ask for the server's time, once, before anything is signed."""
        if not self._server_clock.is_known:
            sent = self._clock()
            asked = Call(what="tascomi", url=self.settings.tascomi_base, good=ANY_STATUS)
            with concerning_no_day():
                answer = self._transport.knock(asked)
            self._server_clock.learn(sent, http_date(answer.header("Date")))

    def _advised(self, error: CasehouseError) -> CasehouseError:
        """Say what to do where the transport, which knows no vendor, could not."""
        return _ADVICE.give(error, self.settings.tascomi_environment)

    @property
    def _unreachable(self) -> str:
        is_sandbox = self.settings.tascomi_environment == "sandbox"
        return "start the sandbox with `casehouse sandbox`" if is_sandbox else LATER


class _Signature:
    """Signs each try of one call when its moment has come; `made` is when the last was made."""

    def __init__(self, key: Credentials, server_clock: ServerClock, clock: Clock) -> None:
        self._key = key
        self._server_clock = server_clock
        self._clock = clock
        self.made = clock()

    def __call__(self) -> Mapping[str, str]:
        headers = self._key.headers(self._server_clock.wait_for_minute())
        self.made = self._clock()
        return headers


def connect_tascomi(
    settings: Settings, *, clock: Clock = utc_now, sleep: Sleep = time.sleep
) -> TascomiClient:
    """Open the client that the settings describe; nothing is sent yet.

    `clock` tells the present as an aware instant, `sleep` waits for the moment to sign.
    """
    transport = Transport(
        connect_seconds=settings.tascomi_connect_seconds,
        read_seconds=settings.tascomi_read_seconds,
        patience=_patience(settings),
        clock=clock,
        book=CallBook(settings.data_dir, "tascomi", keep_days=settings.calls_days),
    )
    zone = ZoneInfo(settings.tascomi_time_zone)
    server_clock = ServerClock(clock, sleep, zone, settings.tascomi_guard_seconds)
    return TascomiClient(settings, transport, server_clock, clock)


def _patience(settings: Settings) -> Patience:
    return Patience(attempts=settings.tascomi_attempts, longest_wait=settings.tascomi_max_wait_seconds)


_ASK = "run it again; if it stays so, check CASEHOUSE_TASCOMI_BASE_URL and ask the vendor"
_ADVICE = Advice(
    "tascomi",
    refused={},
    refused_else="check CASEHOUSE_TASCOMI_BASE_URL, _SITE and _ENVIRONMENT",
    unsendable="correct CASEHOUSE_TASCOMI_BASE_URL where it is set, else CASEHOUSE_TASCOMI_SITE;"
    " and CASEHOUSE_TASCOMI_PUBLIC_KEY",
)
