"""Whatever the shapes allow is clean; whatever is changed in it against them is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pipelines.kpi.lint import lint
from pipelines.kpi.preview import preview
from tests.kpi.faults import JSON
from tests.kpi.generated import cards, changes

if TYPE_CHECKING:
    from pipelines.kpi.schema import Kpi

slow = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@slow
@given(cards())
def test_any_card_of_the_shapes_is_clean(card: Kpi) -> None:
    assert lint(200, JSON, card.wire()) == []


@slow
@given(cards(), st.data())
def test_any_change_against_the_shapes_is_told(card: Kpi, data: st.DataObject) -> None:
    root = json.loads(card.wire())
    data.draw(st.sampled_from(changes(root)))()
    assert lint(200, JSON, json.dumps(root).encode()) != []


@slow
@given(cards())
def test_any_card_of_the_shapes_can_be_looked_at(card: Kpi) -> None:
    assert "breaks the shape" not in preview(card.wire())


@slow
@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(str).map(str.encode)
)
@example(b"")
@example(b"[]")
def test_no_body_breaks_lint_or_the_page(body: bytes) -> None:
    assume(b"{" not in body)  # an object may be a card: one without sections is
    assert lint(200, JSON, body)
    assert "breaks the shape" in preview(body)
