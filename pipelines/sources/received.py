"""First looks at what was received: whether it is all there on disk, and what kind of thing it is.

What it means is read by the source's own modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipelines.errors import Unverified

if TYPE_CHECKING:
    from pipelines.sources.report import Body

Kind = Literal["nothing", "page", "xml", "json", "text"]

ASK_AGAIN = "ingest the day again; if it stays so, ask the vendor about this report"
_MARKS = "\ufeff".encode()


def kind_of(head: bytes) -> Kind:
    """Tell by its first characters what a body is; `page` is one that a browser would show."""
    start = head.removeprefix(_MARKS).lstrip()
    if not start:
        return "nothing"
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "xml"
    if start.lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "page"
    if start.startswith(b"<"):
        return "xml"
    return "json" if start.startswith((b"[", b"{")) else "text"


def check_on_disk(body: Body) -> None:
    """Raise Unverified unless the file is as long as what was received."""
    found = body.path.stat().st_size
    if found != body.size:
        raise Unverified(
            "the body on disk is not the body that was received",
            why=f"received {body.size} bytes, found {found}",
            todo="ingest the day again",
        )
