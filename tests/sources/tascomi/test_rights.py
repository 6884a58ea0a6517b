"""The doctor's look at Tascomi: connection, clock, each table's rights and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.doctor import ACCOUNTS, examine
from pipelines.sandbox.server import SandboxThread
from pipelines.sandbox.state import SandboxConfig
from pipelines.sandbox.tascomi.keys import ApiKey, usual_rights
from pipelines.settings import Settings
from pipelines.sources.exchange import utc_now
from pipelines.sources.tascomi.client import connect_tascomi
from pipelines.sources.tascomi.dialect import VIEWED
from pipelines.sources.tascomi.rights import try_tables
from tests.sources.tascomi.conftest import made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines.doctor import Finding
    from pipelines.sources.tascomi.client import TascomiClient

ACCOUNTS_ALONE = {"tascomi": ACCOUNTS["tascomi"]}
KEY = ("sandbox-public-key", "sandbox-private-key")


def doctors(tmp_path: Path, **settings: object) -> dict[str, Finding]:
    told = made(data_dir=tmp_path / "data", **settings)
    assert isinstance(told, Settings)
    found = {finding.name: finding for finding in examine(told, utc_now, accounts=ACCOUNTS_ALONE)}
    return {name: finding for name, finding in found.items() if name.startswith("tascomi")}


@pytest.fixture
def narrow() -> Iterator[SandboxThread]:
    """A stand-in whose key lacks a right or two, and whose clock shows the middle of this minute."""
    middle = utc_now().replace(second=20)
    rights = dict(usual_rights()) | {"contacts": frozenset({"view"}), "users": frozenset()}
    config = SandboxConfig(tascomi_keys={KEY[0]: ApiKey(KEY[1], rights)})
    with SandboxThread(config, clock=lambda: middle) as running:
        yield running


def test_every_table_is_looked_at_and_nothing_is_changed(
    client: TascomiClient, sandbox: SandboxThread
) -> None:
    found = {access.table: access for access in try_tables(client)}
    assert tuple(found) == VIEWED
    assert all(access.ok for access in found.values())
    assert found["contacts"].detail == "may be viewed, created and updated"
    assert found["titles"].detail == "may be viewed"
    assert sandbox.sandbox.office.told()["count"] == 0


def test_each_right_that_is_missing_is_named(narrow: SandboxThread) -> None:
    with connect_tascomi(made(tascomi_base_url=narrow.tascomi_url)) as client:
        wrong = {access.table: access for access in try_tables(client) if not access.ok}
    assert set(wrong) == {"contacts", "users"}
    assert "not created and updated" in wrong["contacts"].detail
    assert "does not allow" in wrong["users"].detail
    assert all(access.todo for access in wrong.values())


def test_a_column_of_another_name_is_named(sandbox: SandboxThread) -> None:
    settings = made(
        tascomi_base_url=sandbox.tascomi_url,
        tascomi_request_reference_column="their_reference",
        tascomi_officer_column="code",
    )
    with connect_tascomi(settings) as client:
        wrong = {access.table: access.detail for access in try_tables(client) if not access.ok}
    assert wrong == {
        "complaints": "may be viewed, created and updated, but has no their_reference",
        "users": "may be viewed, but has no code",
    }


def test_the_doctor_tries_no_right_to_write_until_that_is_switched_on(
    tmp_path: Path, sandbox: SandboxThread
) -> None:
    found = doctors(tmp_path, tascomi_base_url=sandbox.tascomi_url)
    assert found["tascomi access"].ok
    assert "tascomi contacts" not in found
    assert {call["method"] for call in sandbox.calls.told()["calls"]} == {"GET"}


def test_the_doctor_tells_connection_clock_and_rights(tmp_path: Path, narrow: SandboxThread) -> None:
    found = doctors(tmp_path, outbound_enabled=True, tascomi_base_url=narrow.tascomi_url)
    assert found["tascomi settings"].ok
    assert found[f"tascomi at {narrow.tascomi_url}"].ok
    assert found["tascomi clock"].ok
    assert found["tascomi access"].ok
    assert {name for name, finding in found.items() if not finding.ok} == {
        "tascomi contacts",
        "tascomi users",
    }


def test_the_doctor_tells_what_was_left_from_the_sandbox(tmp_path: Path) -> None:
    found = doctors(
        tmp_path,
        outbound_enabled=True,
        tascomi_environment="production",
        tascomi_base_url="http://127.0.0.1:9/rest",
        tascomi_public_key="ours",
    )
    assert not found["tascomi settings"].ok
    for name in ("TASCOMI_SITE", "TASCOMI_PRIVATE_KEY"):
        assert name in found["tascomi settings"].detail
    assert not found["tascomi at http://127.0.0.1:9/rest"].ok
    assert not found["tascomi access"].ok
