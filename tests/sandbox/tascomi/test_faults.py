"""What may go wrong on order, and whether the write was done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from pipelines.sandbox.server import SandboxThread
    from tests.sandbox.tascomi.caller import TascomiCaller


@pytest.mark.parametrize(
    ("fault", "writes"),
    [
        ({"fault": "status", "status": 503}, 0),
        ({"fault": "hang_up"}, 0),
        ({"fault": "empty"}, 0),
        ({"fault": "hold", "seconds": 5}, 0),
        ({"fault": "answer_lost", "how": "hang_up"}, 1),
        ({"fault": "answer_lost", "how": "reset"}, 1),
        ({"fault": "answer_lost", "how": "error", "status": 500}, 1),
        ({"fault": "answer_lost", "how": "silence", "seconds": 5}, 1),
        ({"fault": "cut"}, 1),
    ],
)
def test_a_write_is_done_or_not(
    tascomi: TascomiCaller, sandbox: SandboxThread, fault: dict[str, object], writes: int
) -> None:
    sandbox.faults.order({**fault, "calls": 1, "system": "tascomi", "operation": "create"})
    assert sandbox.sandbox.office  # made before anybody waits for it
    timeout = 0.5 if "seconds" in fault else 10
    try:
        answer = tascomi.ask("PUT", "contacts", json={"surname": "Bloggs"}, timeout=timeout)
    except httpx.HTTPError:
        pass
    else:
        assert answer.status_code >= 500 or not answer.content
    assert len(tascomi.writes()) == writes
    assert len(sandbox.calls.told(operation="create")["calls"]) == 1
    found = tascomi.get("contacts", surname="Bloggs")
    assert (found.status_code == 200) == bool(writes)


def test_a_write_is_carried_out_though_its_caller_has_gone(
    tascomi: TascomiCaller, sandbox: SandboxThread
) -> None:
    assert sandbox.sandbox.office  # made before anybody waits for it
    sandbox.faults.add("hold", seconds=0.4, calls=1, system="tascomi", operation="create")
    with pytest.raises(httpx.ReadTimeout):
        tascomi.ask("PUT", "contacts", json={"surname": "Bloggs"}, timeout=0.1)
    assert tascomi.writes() == []
    until = time.monotonic() + 5
    while not tascomi.writes() and time.monotonic() < until:
        time.sleep(0.05)
    assert [write["verb"] for write in tascomi.writes()] == ["create"]


@pytest.mark.parametrize("how", ["delete", "save", "create"])
def test_rows_shift_between_pages(tascomi: TascomiCaller, sandbox: SandboxThread, how: str) -> None:
    sandbox.faults.add("rows_shift", calls=1, how=how)
    first = tascomi.get("contacts", sort="-last_updated")
    tascomi.get("contacts", sort="-last_updated", page="2")
    (write,) = tascomi.writes()
    assert (write["verb"], write["by"]) == ({"save": "update"}.get(how, how), "2")
    changes = {"delete": -1, "save": 0, "create": 1}[how]
    total = int(tascomi.get("contacts").headers["X-Number-Of-Results"])
    assert total == int(first.headers["X-Number-Of-Results"]) + changes


def test_an_older_record_joins_todays_list(tascomi: TascomiCaller, sandbox: SandboxThread) -> None:
    today = str(tascomi.clock().date())
    made = tascomi.ask("PUT", "contacts", json={"surname": "Bloggs"}).json()
    sandbox.faults.add("rows_shift", calls=1, how="save")
    assert tascomi.get("contacts", last_updated=today, page="2").status_code == 202
    ids = [row["id"] for row in tascomi.rows("contacts", last_updated=today, sort="id")]
    assert len(ids) == 2
    assert ids[1] == made["id"]


def test_nobody_shifts_what_the_interface_made(tascomi: TascomiCaller, sandbox: SandboxThread) -> None:
    tascomi.ask("PUT", "contacts", json={"surname": "Bloggs"})
    number = sandbox.faults.add("rows_shift", how="delete")
    assert tascomi.get("contacts", surname="Bloggs", page="2").status_code == 202
    assert tascomi.rows("contacts", surname="Bloggs")
    assert [order["met"] for order in sandbox.faults.told() if order["id"] == number] == [0]
