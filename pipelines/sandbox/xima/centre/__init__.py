"""The invented contact centre: agents, sessions and calls, from a seed and the date alone.

It is the iCasework sandbox's council that is rung here: about half of the callers are customers of its cases.
Nothing is read from a file, a clock or the network. Times are milliseconds since 1970 (UTC), ends exclusive.
"""

from __future__ import annotations

from pipelines.sandbox.xima.centre.centre import Card, Centre
from pipelines.sandbox.xima.centre.traffic import Call

__all__ = ["Call", "Card", "Centre"]
