"""Why iCasework refused a call: two headers, else the words of its HTML page.

The page itself is generic ("The Page You Were Looking For Was Not Found"), so the headers come first. Which
refusals are tried again, and what to do about them, is not decided here.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from lxml import etree

from pipelines.sources.exchange import plain_reason
from pipelines.sources.icasework.dialect import ERROR_CODE, ERROR_INFO
from pipelines.sources.wording import clip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines.sources.exchange import Answer

_CODE = re.compile(r"[0-9]{1,9}")
_NAME = re.compile(r"[a-z]+(_[a-z]+)+")  # an error's name; other words may speak of a customer


def error_info(answer: Answer) -> str:
    """Return the words of the error header, such as `invalid_grant`; empty when there is none."""
    return clip(answer.header(ERROR_INFO))


def error_code(answer: Answer) -> str:
    """Return the vendor's own code, such as `19002 invalid_grant`: the number, and words that are a name."""
    code, info = answer.header(ERROR_CODE), answer.header(ERROR_INFO)
    return " ".join(told for told, form in ((code, _CODE), (info, _NAME)) if form.fullmatch(told))


def read_reason(answer: Answer) -> str:
    """Return why the call was refused, such as `19002 invalid_grant`, in at most 200 printable characters."""
    code = answer.header(ERROR_CODE)
    told = error_info(answer) or read_page(answer.content) or plain_reason(answer)
    return clip(f"{code} {told}" if _CODE.fullmatch(code) else told)


def read_page(content: bytes) -> str:
    """Return the most telling words of an HTML page, empty when there are none; nothing is fetched."""
    parser = etree.HTMLParser(no_network=True, recover=True, remove_comments=True, remove_pis=True)
    try:
        page = etree.fromstring(content, parser) if content.strip() else None
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    if page is None:
        return ""
    telling = (clip(_text(element)) for element in chain.from_iterable(_places(page)))
    return next(filter(None, telling), "")


def _places(page: etree._Element) -> Iterator[Iterable[etree._Element]]:
    """Yield the elements that may tell the reason, the most telling first, as on the recorded page."""
    yield (one for one in page.iter("p") if "leading-text" in _classes(one))
    boxes = (box for box in page.iter("div") if "error-content" in _classes(box))
    yield (one for box in boxes for one in box.iter("p") if not _classes(one) & {"uat-logo", "leading-text"})
    yield page.iter("h1")
    yield page.iter("title")


def _classes(element: etree._Element) -> set[str]:
    return set((element.get("class") or "").split())


def _text(element: etree._Element) -> str:
    return etree.tostring(element, method="text", encoding="unicode", with_tail=False)
