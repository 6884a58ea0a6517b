"""A signature is good when it arrives, whatever the two clocks show and wherever the minute's edge is."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sandbox.tascomi.keys import ApiKey, expected_hash, find_signer
from pipelines.sources.exchange import Answer
from pipelines.sources.tascomi.client import TascomiClient
from pipelines.sources.tascomi.signing import Bounds, Credentials, ServerClock
from pipelines.sources.transport import Transport
from tests.sources.tascomi.conftest import START, World, made

if TYPE_CHECKING:
    from pipelines.sandbox.server import SandboxThread
    from pipelines.sources.exchange import Call

ZONE = "Europe/London"
LONDON = ZoneInfo(ZONE)
SPRING, AUTUMN = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
GUARD = 2.0
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)) | st.builds(  # noqa: DTZ001 - hypothesis adds the zone
    lambda edge, seconds: edge + timedelta(seconds=seconds),
    st.sampled_from([SPRING, AUTUMN, START]),
    st.floats(-130, 130),
)


def test_the_hash_is_that_of_the_published_rule() -> None:
    assert Credentials("pubkey", "privkey").headers("202611231200") == {
        "X-Public": "pubkey",
        "X-Hash": "YmFiMDFkZDU5ZGI3OGZjYTVlYzFjMDllN2FhZmQ3MTgzMDQwYjU0YTAyOWUxNDBjNzZmYTFhMzZjOGUyNmJmYQ==",
    }


@given(st.text(min_size=1), st.text(), moments)
@settings(deadline=None, max_examples=60)
def test_both_sides_sign_alike(public: str, private: str, now: datetime) -> None:
    minute = now.astimezone(LONDON).strftime("%Y%m%d%H%M")
    told = Credentials(public, private)
    assert told.headers(minute)["X-Hash"] == expected_hash(public, private, now, ZONE)
    assert "sandbox-private-key" not in repr(Credentials("p", "sandbox-private-key"))


@given(
    now=moments,
    skew=st.floats(-90, 90),
    way_there=st.floats(0, GUARD),
    answers=st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3), st.floats(0, 900)), min_size=1, max_size=4),
)
@settings(deadline=None, max_examples=300)
def test_what_is_signed_holds_when_it_arrives(
    now: datetime, skew: float, way_there: float, answers: list[tuple[float, float, float]]
) -> None:
    world = World(now=now, skew=skew)
    clock = ServerClock(world.ours, world.sleep, LONDON, GUARD)
    for there, back, pause in answers:
        sent = world.ours()
        world.pass_(there)
        told = world.servers().replace(microsecond=0)
        world.pass_(back)
        clock.learn(sent, told)
        world.pass_(pause)
    minute = clock.wait_for_minute()
    world.pass_(way_there)
    assert minute == world.servers().astimezone(LONDON).strftime("%Y%m%d%H%M")
    assert sum(world.slept) < 2 * GUARD + 7.5  # the guards, and what one slow answer leaves unknown
    assert abs(clock.skew - skew) <= 7


@given(st.floats(-90, 90), st.floats(-3600, 3600), moments)
@settings(deadline=None, max_examples=60)
def test_a_clock_that_is_set_is_learnt_from_one_answer(first: float, then: float, now: datetime) -> None:
    world = World(now=now, skew=first)
    clock = ServerClock(world.ours, world.sleep, LONDON, GUARD)
    for skew in (first, then):
        world.skew = skew
        clock.learn(world.ours(), world.servers().replace(microsecond=0))
    assert abs(clock.skew - then) <= 1.1


def test_bounds_grow_narrow_with_answers_and_wide_with_time() -> None:
    early = Bounds(-1, 1, START)
    assert early.with_another(Bounds(0.5, 2, START)) == Bounds(0.5, 1, START)
    assert early.with_another(Bounds(5, 6, START)) == Bounds(5, 6, START)
    later = early.aged(START + timedelta(hours=1))
    assert later.low < -1.3
    assert later.high > 1.3


def test_a_server_that_tells_no_time_is_taken_to_have_ours() -> None:
    world = World(now=START.replace(second=59))
    clock = ServerClock(world.ours, world.sleep, LONDON, GUARD)
    assert not clock.is_known
    clock.learn(world.ours(), None)
    assert clock.skew == 0
    assert clock.wait_for_minute() == "202611230801"
    assert world.now.second == 2


def test_what_is_known_badly_still_lets_sign() -> None:
    """An answer that took a minute bounds nothing; the middle of it is taken."""
    world = World()
    clock = ServerClock(world.ours, world.sleep, LONDON, 20)
    sent = world.ours()
    world.pass_(59)
    clock.learn(sent, world.servers().replace(microsecond=0))
    assert clock.wait_for_minute()
    assert len(world.slept) <= 2


class Wire(Transport):
    """Takes time there and back and checks each signature as the stand-in does; counts what it refused."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.world = world
        self.dice = dice
        self.signed = self.refused = 0
        self.keys = {"sandbox-public-key": ApiKey("sandbox-private-key")}

    def call(self, call: Call) -> Answer:
        headers = call.headers
        self.world.pass_(self.dice.choice((0.02, 0.2, self.dice.uniform(0, GUARD))))
        now = self.world.servers()
        told = {"Date": format_datetime(now.replace(microsecond=0), usegmt=True)}
        status = 404
        if call.sign:
            self.signed += 1
            signer = find_signer(self.keys, headers["X-Public"], headers["X-Hash"], now, ZONE)
            status = 202 if signer else 401
            self.refused += signer is None
        self.world.pass_(self.dice.choice((0.02, self.dice.uniform(0, 1))))
        return Answer(status, told, b"null")

    def knock(self, call: Call, *, most: int = 0) -> Answer:
        del most  # nothing here is long
        return self.call(call)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("edge", [SPRING, AUTUMN, START], ids=["spring", "autumn", "november"])
def test_ten_thousand_signed_calls_around_every_edge_are_all_let_in(edge: datetime) -> None:
    """3,334 calls each: both clock changes and an ordinary hour, skews from -90 to +90 s, drifting clocks."""
    dice = random.Random(edge.timestamp())  # noqa: S311 - it only has to be the same every time
    signed = refused = edges = 0
    for skew in (-90.0, 90.0, -60.0, 60.0, 0.0, *(dice.uniform(-90, 90) for _ in range(5))):
        world = World(now=edge - timedelta(minutes=8, seconds=dice.uniform(0, 60)), skew=skew)
        wire = Wire(world, dice)
        clock = ServerClock(world.ours, world.sleep, LONDON, GUARD)
        client = TascomiClient(made(), wire, clock, world.ours)
        began = world.now
        while wire.signed < 334:
            client.look("titles")
            to_edge = (dice.uniform(-4, 1) - world.servers().timestamp()) % 60
            world.pass_(dice.choice((0.01, dice.uniform(0, 6), to_edge)))
            world.skew += dice.uniform(-3e-5, 3e-5)
        edges += (world.now - began) // timedelta(minutes=1)
        signed, refused = signed + wire.signed, refused + wire.refused
    assert signed == 3340
    assert refused == 0
    assert edges > 500


def test_real_calls_across_the_edges_are_all_let_in(world: World, sandbox: SandboxThread) -> None:
    """Over HTTP, the stand-in's own clock: one call just before, in and after each minute's edge."""
    from pipelines.sources.tascomi.client import connect_tascomi  # noqa: PLC0415 - beside what it is compared to

    base = made(tascomi_base_url=sandbox.tascomi_url)
    for place, edge in enumerate((SPRING, AUTUMN)):
        for skew in (-90.0, -30.5, 0.0, 59.9, 90.0):
            world.now, world.skew = edge - timedelta(minutes=1), skew
            with connect_tascomi(base, clock=world.ours, sleep=world.sleep) as client:
                for step in range(20):
                    client.look("titles")
                    world.pass_(4.7 + step % 3 + place)
    statuses = [call["status"] for call in sandbox.calls.told(operation="list")["calls"]]
    assert len(statuses) == 200
    assert set(statuses) == {200}
