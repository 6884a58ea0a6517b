"""Whether the key may write to cases, and whether what was written can be looked up. Nothing is changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pipelines.errors import CasehouseError
from pipelines.sources.exchange import utc_now
from pipelines.sources.icasework.writing import connect_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines.settings import Settings
    from pipelines.sources.exchange import Clock
    from pipelines.sources.icasework.writing import IcaseworkWriter

# No case has this number or bears this mark: what is looked up is not there, and the look-up is what counts.
_NO_CASE = "0"
_MARK = "casehouse-doctor"


class Ability(NamedTuple):
    """One thing that was tried; `todo` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    todo: str = ""


def try_writing(settings: Settings, clock: Clock = utc_now) -> Iterator[Ability]:
    """Try, one after the other: the right to write, the look-up of a case, and of notes."""
    try:
        writer = connect_writer(settings, clock)
    except CasehouseError as error:
        yield _failed("writing", error)
        return
    with writer:
        yield _tried("writing", writer.prove_writing)
        yield _tried("look-up", lambda: _look_up(writer))
        yield _tried("notes", lambda: _read_notes(writer))


def _look_up(writer: IcaseworkWriter) -> str:
    writer.read_case(_NO_CASE)
    return "cases can be looked up"


def _read_notes(writer: IcaseworkWriter) -> str:
    if writer.count_notes(_NO_CASE, _MARK, since=writer.clock() - timedelta(minutes=1)) is None:
        return (
            "CASEHOUSE_ICASEWORK_WRITE_NOTES_REPORT is not set: whether a note was written whose answer was"
            " lost is for a person to see"
        )
    return "notes can be read, so a lost answer to one is settled"


def _tried(name: str, attempt: Callable[[], str]) -> Ability:
    try:
        return Ability(name, True, attempt())
    except CasehouseError as error:
        return _failed(name, error)


def _failed(name: str, error: CasehouseError) -> Ability:
    told = f"{error.what} ({error.why})" if error.why else error.what
    return Ability(name, False, told, error.todo or "mend it, then ask again")
