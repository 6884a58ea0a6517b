"""The book of faults on order: which are in force, which meet a call, and how often each did something.

A fault is taken before it is known whether it will change anything, so that two calls never share one; a
`Hit` that changed nothing is given back when the answer is made, and was never counted.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.sandbox.menu import read_fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.sandbox.calls import Call
    from pipelines.sandbox.faults import Stage
    from pipelines.sandbox.menu import AnyFault

_SPENT_KEPT = 100


@dataclass
class Order:
    """A fault in the book: its number, what it is, how many calls it has met and may still meet."""

    number: int
    fault: AnyFault
    left: int | None
    met: int = 0

    def told(self) -> dict[str, Any]:
        """Return the order as the control page shows it."""
        fault = self.fault.model_dump(mode="json", by_alias=True)
        return {"id": self.number, "left": self.left, "met": self.met, **fault}

    def count(self, calls: int) -> None:
        """Count so many calls more, or fewer, as met."""
        self.met += calls
        self.left = None if self.left is None else self.left - calls


@dataclass
class Hit:
    """A fault taken for one call; whoever acts it out sets `struck` once the answer differs for it."""

    order: Order
    struck: bool = False

    @property
    def fault(self) -> AnyFault:
        """The fault itself."""
        return self.order.fault


class FaultBook:
    """The faults ordered so far; safe to use from another thread than the server's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Order] = []
        self._last = 0

    def add(self, fault: str, **options: object) -> int:
        """Order a fault by name; return its number. Raises pydantic.ValidationError for a wrong order."""
        return self.order({"fault": fault, **options})

    def order(self, wish: object) -> int:
        """Order a fault given as the mapping that the control page takes."""
        fault = read_fault(wish)
        with self._lock:
            self._last += 1
            spent = [order for order in self._orders if order.left == 0]
            for order in spent[: max(0, len(spent) - _SPENT_KEPT)]:
                self._orders.remove(order)
            self._orders.append(Order(self._last, fault, fault.calls))
            return self._last

    def clear(self, number: int | None = None, feed: str | None = None) -> int:
        """Take away one order, those that name a feed, or all; return how many went."""
        with self._lock:
            kept = [
                order
                for order in self._orders
                if number not in (None, order.number) or feed not in (None, order.fault.feed)
            ]
            gone = len(self._orders) - len(kept)
            self._orders = kept
            return gone

    def told(self) -> list[dict[str, Any]]:
        """Return every order, spent ones (left 0) included, oldest first."""
        with self._lock:
            return [order.told() for order in self._orders]

    def take(self, call: Call, stage: Stage) -> list[Hit]:
        """Return the faults of a stage that this call meets, oldest first, and count them down.

        Of those that replace the answer, break the connection or share a group, only the oldest is taken; all
        others of the table act together.
        """
        with self._lock:
            found = [
                order
                for order in self._orders
                if order.left != 0 and order.fault.stage == stage and order.fault.meets(call)
            ]
            taken = _of_the_table(found) if stage == "table" else found[:1]
            for order in taken:
                order.count(1)
            return [Hit(order) for order in taken]

    def settle(self, hits: Iterable[Hit]) -> None:
        """Give back the faults that changed nothing."""
        with self._lock:
            for hit in hits:
                if not hit.struck:
                    hit.order.count(-1)


def _of_the_table(orders: list[Order]) -> list[Order]:
    oldest: dict[str, Order] = {}
    for order in orders:
        if order.fault.group is not None:
            oldest.setdefault(order.fault.group, order)
    return [order for order in orders if order.fault.group is None or oldest[order.fault.group] is order]
