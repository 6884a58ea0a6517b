"""How the product's HTML pages are made from templates: escaped, and failing where a value is missing.

Which pages there are, and what stands in them, is the business of their rooms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from pathlib import Path


def open_templates(folder: Path) -> Environment:
    """Return the templates of a room's folder."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
