"""The clock's drill, made short: what it counts is what the stand-ins saw."""

from __future__ import annotations

import pytest

from bench.drill_clock import drill


@pytest.mark.parametrize("skews", [(-61.5, 90.0)])
def test_no_call_is_refused_whatever_the_servers_clock_shows(skews: tuple[float, ...]) -> None:
    for heard in drill(0.6, skews):
        assert heard.measured == pytest.approx(heard.skew, abs=1.1)
        assert (heard.refused, heard.others, heard.failed) == (0, 0, 0)
        assert heard.good
