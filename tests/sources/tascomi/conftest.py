"""A stand-in over loopback whose clock and the client's are two, and a client that waits no real time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipelines.sandbox.server import SandboxThread
from pipelines.settings import Settings
from pipelines.sources.tascomi.client import connect_tascomi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.sources.tascomi.client import TascomiClient

START = datetime(2026, 11, 23, 8, 0, 20, tzinfo=UTC)


@dataclass
class World:
    """One time that only moves when somebody waits, seen by two clocks that differ by `skew` seconds."""

    now: datetime = START
    skew: float = 0.0
    slept: list[float] = field(default_factory=list)

    def ours(self) -> datetime:
        return self.now

    def servers(self) -> datetime:
        return self.now + timedelta(seconds=self.skew)

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.slept.append(seconds)
        self.pass_(seconds)


def made(**settings: object) -> Settings:
    told = {"tascomi_attempts": 3, "tascomi_max_wait_seconds": 0, **settings}
    return Settings(_env_file=None, **told)  # type: ignore[call-arg, arg-type]  # pydantic checks them


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def sandbox(world: World) -> Iterator[SandboxThread]:
    with SandboxThread(clock=world.servers) as running:
        assert running.sandbox.office  # made before anybody waits for it
        yield running


@pytest.fixture
def client(world: World, sandbox: SandboxThread) -> Iterator[TascomiClient]:
    settings = made(tascomi_base_url=sandbox.tascomi_url)
    with connect_tascomi(settings, clock=world.ours, sleep=world.sleep) as client:
        yield client


@pytest.fixture
def hasty(world: World, sandbox: SandboxThread) -> Iterator[TascomiClient]:
    """A client that waits half a second for an answer."""
    settings = made(tascomi_base_url=sandbox.tascomi_url, tascomi_read_seconds=0.5)
    with connect_tascomi(settings, clock=world.ours, sleep=world.sleep) as client:
        yield client


@pytest.fixture
def request_fields() -> dict[str, str | None]:
    """The three fields without which there is no service request: ids of the stand-in's first rows."""
    return {"core_function_id": "3", "complaint_code_id": "3", "investigating_officer_id": "3"}
