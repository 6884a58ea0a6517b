"""What was found when one thing was looked at before it is needed: whether it is well, else what to do."""

from __future__ import annotations

from typing import NamedTuple


class Looked(NamedTuple):
    """One thing that was looked at; `todo` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    todo: str = ""
