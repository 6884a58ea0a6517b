"""A JSON body on disk, read as the types its reader asks for; memory holds the mapped file and what is built.

Asking for `msgspec.Raw` parts a body without reading its parts: they look into the mapped file.
"""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from pipelines.errors import Unverified
from pipelines.sources.received import ASK_AGAIN

if TYPE_CHECKING:
    from pipelines.sources.report import Body

T = TypeVar("T")


def read_json(body: Body, kind: type[T]) -> T:
    """Return the body as `kind`.

    Raises Unverified when it is cut or not well-formed, msgspec.ValidationError when it is built otherwise;
    the words of that error name types and places, never values.
    """
    if not body.size:
        raise Unverified("the JSON body is empty", todo=ASK_AGAIN)
    with body.path.open("rb") as file:
        # Not closed by us: the parts look into the mapping, which goes when the last of them goes.
        text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = _position(error)
    except RecursionError:
        why = "it is nested too deep"
    raise Unverified("the JSON body is cut or not well-formed", why=why, todo=ASK_AGAIN)


def _position(error: Exception) -> str:
    found = re.search(r"\(byte [0-9]+\)", str(error))
    return found.group().strip("()") if found else "it ends too early"
