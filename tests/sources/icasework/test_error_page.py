from __future__ import annotations

import pytest

from pipelines.sources.exchange import Answer
from pipelines.sources.icasework.error_page import read_page, read_reason

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"/><title>Error Page</title>
<script src="//cdn.example.test/x.js"></script><style>p {{ color: red }}</style></head>
<body><div class="error-wrapper"><div class="error-content">
<p class="uat-logo"><i class="fa"></i> <span>iCasework</span></p><span class="error-logo"></span>
{h1}
{leading}
{other}
</div></div></body></html>"""
H1 = "<h1>\n  An Unexpected Error Occured\n  </h1>"
LEADING = '<p class="leading-text">\n  The Page You Were Looking For Was Not Found\n </p>'
OTHER = "<p>\n You may have mistyped. Contact your <strong>system administrator.</strong>\n</p>"


def page(h1: str = H1, leading: str = LEADING, other: str = OTHER) -> bytes:
    return PAGE.format(h1=h1, leading=leading, other=other).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (page(), "The Page You Were Looking For Was Not Found"),
        (page(leading=""), "You may have mistyped. Contact your system administrator."),
        (page(leading="", other=""), "An Unexpected Error Occured"),
        (page(leading="<p class='leading-text'> </p>", other="", h1=""), "Error Page"),
        (b"<html><h1>503 Temporarily Unavailable</h1><hr>nginx</html>", "503 Temporarily Unavailable"),
        (b"", ""),
        (b"   ", ""),
        (b"busy", ""),
        (b"\x00\xff\xfe", ""),
        (b"<!-- only this -->", ""),
    ],
)
def test_the_most_telling_words_of_a_page_are_read(content: bytes, told: str) -> None:
    assert read_page(content) == told


def test_headers_tell_more_than_the_page_and_in_any_case() -> None:
    headers = {"x-application-error-code": "19002", "X-Application-Error-Info": "invalid_grant"}
    assert read_reason(Answer(400, headers, page())) == "19002 invalid_grant"


def test_without_headers_the_page_tells_and_without_a_page_the_status() -> None:
    assert read_reason(Answer(400, {}, page())) == "The Page You Were Looking For Was Not Found"
    assert read_reason(Answer(400, {"X-Application-Error-Code": "50002"}, b"")) == "50002 Bad Request"
    assert read_reason(Answer(599, {}, b"")) == "unknown status"


def test_a_reason_is_short_printable_and_its_code_a_number() -> None:
    headers = {"X-Application-Error-Code": "<b>", "X-Application-Error-Info": "a\x1b[31m\u2028b" + "x" * 500}
    reason = read_reason(Answer(400, headers, b""))
    assert reason.startswith("a [31m b")
    assert len(reason) == 200
    assert reason.isprintable()


def test_no_entity_of_a_page_is_fetched_or_expanded() -> None:
    entity = b'<!DOCTYPE html [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    assert read_page(entity + b"<html><h1>&e; &lt;ok&gt;</h1></html>") == "&e; <ok>"
