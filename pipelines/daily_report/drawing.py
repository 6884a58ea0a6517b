"""Colours, letters, and the way from a Vega-Lite specification to SVG, without network or script.

Colours are those of Okabe and Ito, which people who see red and green alike can tell apart; they differ in
lightness, too, for grey printers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import altair as alt
import vl_convert

if TYPE_CHECKING:
    from collections.abc import Sequence

VEGA_LITE = "6.4"  # what altair 6.3 writes
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
INK, FAINT, GRID = "#222222", "#5f6670", "#e3e6ea"
DARK_BLUE, SOFT_BLUE, LIGHT_BLUE = "#0072b2", "#5a9bc9", "#8cc4ea"
ORANGE, VERMILION, GREY = "#e69f00", "#c24a00", "#c4c9cf"

_NOISE = re.compile(r' (?:aria-[a-z]+|class|role|pointer-events)="[^"]*"')
_SIZE = re.compile(r'^<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>')
_LONG = re.compile(r"\d+\.\d{3,}")
_OPENING = r'<svg viewBox="0 0 \1 \2" style="max-width:\1px" aria-hidden="true" focusable="false">'


def values(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Give a chart its numbers."""
    return alt.InlineData(values=list(rows))


def draw(chart: alt.Chart | alt.LayerChart, *, width: float, height: float) -> str:
    """Return a chart as SVG to stand in a page; `width` and `height` are the plot's, without its labels."""
    if isinstance(chart, alt.LayerChart):
        chart = chart.resolve_scale(color="independent")
    spec = (
        chart.properties(width=width, height=height, padding={"left": 0, "right": 6, "top": 5, "bottom": 3})
        .configure(font=FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=FAINT, labelFontSize=11, gridColor=GRID, domainColor=GREY, tickColor=GREY, tickSize=3
        )
        .configure_axisX(grid=False, labelPadding=5)
        .configure_text(fontSize=10.5)
        .to_dict()
    )
    return _plain(vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE))


def _plain(svg: str) -> str:
    """Leave the drawing alone: its size is the page's matter, and what it shows the page tells in words."""
    head, end, body = _SIZE.sub(_OPENING, svg).partition(">")
    body = _LONG.sub(lambda number: f"{float(number[0]):.2f}", _NOISE.sub("", body))
    return head + end + body
