"""The card's page: every member is there, no stranger's markup is, and it fits the panel and the desk."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.kpi.preview import as_table, done, london, money, preview, preview_headers
from pipelines.kpi.schema import KpiDocument, KpiDocumentLine, KpiExpandable, KpiNamedField
from tests.browser import DESKTOP, look_at, visit

if TYPE_CHECKING:
    from pathlib import Path

PANEL = 360  # as wide as the panel in the contact centre's window
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
HOSTILE = "<script>alert('x')</script>&\"Bins\" </style><b>"


def document(number: str, colour: str = "ORANGE", **members: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON is
    return {
        "documentNumber": number,
        "documentDate": "2026-07-12T10:05:00Z",
        "externalUrl": "https://cases.example/?id=1&x=2",
        "trackingUrl": "http://post.example/9",
        "status": {
            "name": f"Stands at {number}",
            "colorCode": colour,
            "updatedDate": "2026-11-23T08:30:00Z",
        },
        "amount": 1250.5,
        "currency": "GBP",
        "fields": [{"value": "Missed collection"}, {"name": "Team", "value": "Waste"}, {"value": "A note"}],
        "lines": [
            {
                "name": "Call back",
                "quantity": 2,
                "delivered": 1,
                "fields": [{"name": "Owner", "value": "P. Sharma"}],
                "expandableFields": [
                    {
                        "columns": ["Day", "Event"],
                        "fields": [
                            {"name": "Day", "value": "Monday"},
                            {"name": "Event", "value": "Received"},
                            {"name": "Day", "value": "Tuesday"},
                        ],
                    }
                ],
            },
            {"name": "Replace the bin", "quantity": 1, "delivered": 1, "url": "https://cases.example/t"},
        ],
        **members,
    }


def body(*sections: dict[str, Any]) -> bytes:
    return json.dumps({"sections": sections}).encode()


def section(title: str, *documents: dict[str, Any], **members: str) -> dict[str, Any]:
    return {"title": title, **members, "documents": documents}


COLOURS = ("RED", "ORANGE", "GREEN", "NORMAL")
NOTICE = "Please note"
BODIES: dict[str, bytes | None] = {
    "usual": body(
        section("Cases", *(document(f"C-{number}", colour) for number, colour in enumerate(COLOURS))),
        section("Calls", {"documentNumber": "K-1", "documentDate": "2026-11-22T10:00:00Z"}),
    ),
    "many": body(section("Cases", *(document(f"C-{number}", COLOURS[number // 5]) for number in range(20)))),
    "none": body(*(section(title, message="No data available") for title in ("Cases", "Calls"))),
    "stale": body(section(NOTICE, message="These figures are old."), section("Cases", document("C-1"))),
    "nothing": b"{}",
    "broken": body(section("Cases", document("C-1", "PURPLE"))),
    "no card": None,
    "long": body(
        section(
            LONG * 2,
            document(
                "9" * 90,
                status={"name": LONG},
                amount=-123456789012.5,
                currency=LONG,
                fields=[{"value": LONG}, {"name": LONG, "value": "w" * 300}],
                lines=[
                    {
                        "name": "x" * 150,
                        "quantity": 1_000_000,
                        "delivered": 999_999.25,
                        "expandableFields": [
                            {
                                "columns": [LONG, *"BCDEF"],
                                "fields": [{"name": name, "value": LONG} for name in "BCDEF"],
                            }
                        ],
                    }
                ],
            ),
            message=LONG,
        )
    ),
    "hostile": body(
        section(
            HOSTILE,
            document(
                HOSTILE,
                status={"name": HOSTILE},
                currency=HOSTILE,
                fields=[{"value": HOSTILE}, {"name": HOSTILE, "value": HOSTILE}],
                lines=[
                    {
                        "name": HOSTILE,
                        "expandableFields": [
                            {"columns": [HOSTILE], "fields": [{"name": HOSTILE, "value": HOSTILE}]}
                        ],
                    }
                ],
            ),
            message=HOSTILE,
        )
    ),
}


def page_of(name: str) -> str:
    return preview(BODIES[name], customer_id="100 200", token="T&1", notice=NOTICE)


def words_of(page: str) -> str:
    """Return what stands on a page, without markup and the card's source, its spaces made single."""
    shown = page.partition("<main>")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", shown)).split())


@pytest.mark.parametrize("name", BODIES)
def test_it_needs_neither_network_nor_script(name: str) -> None:
    page = page_of(name)
    assert not re.findall(r"<script|@import|url\(|<[^>]*(?:javascript:|\son\w+=|\sstyle=)", page)
    assert re.findall(r'\ssrc="', page) == []
    assert re.findall(r'<link[^>]*href="([^"]*)"', page) == ["data:,"]


def test_all_that_a_card_holds_is_shown() -> None:
    words = words_of(page_of("usual"))
    for shown in (
        "Cases 4 documents",
        "C-0 red: Stands at C-0 12 Jul 2026 11:05 £1,250.50 Missed collection",
        "Team Waste Note A note",
        "Status since 23 Nov 2026 08:30",
        "Call back 1 of 2 done Owner P. Sharma Day Event Monday Received Tuesday",
        "Replace the bin 1 of 1 done",
        "Open document Track",
        "orange: Stands at C-1",
        "green: Stands at C-2",
        "no colour: Stands at C-3",
        "Calls 1 document K-1 22 Nov 2026 10:00",
    ):
        assert shown in words
    page = page_of("usual")
    assert '<a href="https://cases.example/?id=1&amp;x=2" target="_blank" rel="noopener noreferrer">' in page
    assert '<time datetime="2026-07-12T10:05:00Z">12 Jul 2026 11:05</time>' in page


def test_colour_is_never_the_only_sign() -> None:
    signs = {
        colour: re.findall(r'<svg class="sign".*?</svg>', preview(body(section("A", document("1", colour)))))
        for colour in COLOURS
    }
    assert all(len(found) == 1 for found in signs.values())
    assert len({found[0] for found in signs.values()}) == len(COLOURS)


def test_states_are_told_apart() -> None:
    assert "identifier, as the contact centre has it" in words_of(page_of("no card"))
    assert "<footer>" not in page_of("no card")
    assert words_of(page_of("none")) == "Cases No data available Calls No data available"
    assert words_of(page_of("nothing")) == "This card has no sections: the panel stays empty."
    stale = page_of("stale")
    assert re.search(r'<section class="notice" role="status"><h2>.*Please note</h2><p>These figures', stale)
    assert stale.count("These figures are old.") == 2  # once for people, once in the source
    assert words_of(preview(body(section("Cases")))) == "Cases No documents, and no message that says why."
    told = preview(None, customer_id="7", problem="customerId is longer than 128 characters")
    assert words_of(told) == "customerId is longer than 128 characters"


def test_a_card_that_breaks_the_shape_says_where() -> None:
    words = words_of(page_of("broken"))
    assert "breaks the shape that ITX documents" in words
    assert "$.sections[0].documents[0].status.colorCode: is none of NORMAL" in words
    assert "PURPLE" in page_of("broken").partition("<footer>")[2]


def test_a_message_stands_beside_documents_too() -> None:
    words = words_of(preview(body(section("Cases", document("C-1"), message="Only the latest 20"))))
    assert "Cases 1 document Only the latest 20 C-1" in words
    assert "notice" not in words_of(preview(body(section(NOTICE, document("C-1"), message="x"))))


def test_the_form_asks_for_another_card_with_the_same_token() -> None:
    page = page_of("usual")
    assert '<form method="get"' in page
    assert '<input type="hidden" name="token" value="T&amp;1">' in page
    assert 'name="customerId" value="100 200"' in page
    assert 'type="hidden"' not in preview(None)
    assert "<script" not in preview(None, customer_id=HOSTILE, token=HOSTILE, problem=HOSTILE)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//x.example", "ftp://a/b"])
def test_only_web_addresses_become_links(address: str) -> None:
    page = preview(body(section("Cases", document("C-1", externalUrl=address))))
    assert f'href="{address}' not in page
    assert "breaks the shape" in page


def test_nothing_but_its_own_style_may_load() -> None:
    headers = preview_headers()
    (style,) = re.findall(r"<style>(.*?)</style>", page_of("usual"), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_times_are_londons() -> None:
    assert london(datetime(2026, 3, 29, 0, 59, tzinfo=UTC)) == "29 Mar 2026 00:59"
    assert london(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)) == "29 Mar 2026 02:00"
    assert london(datetime(2026, 12, 31, 23, 5, tzinfo=UTC)) == "31 Dec 2026 23:05"
    assert london(datetime(2026, 6, 30, 23, 0, tzinfo=UTC)) == "1 Jul 2026"
    assert london(datetime(2026, 6, 30, 0, 0, tzinfo=UTC)) == "30 Jun 2026 01:00"


@pytest.mark.parametrize(
    ("amount", "currency", "spelled"),
    [
        ("12.5", "GBP", "£12.50"),
        ("-1234567.8", "GBP", "-£1,234,567.80"),
        ("0", "EUR", "€0.00"),
        ("3", "SEK", "3.00 SEK"),
        ("3", None, "3.00"),
    ],
)
def test_amounts_have_two_decimals(amount: str, currency: str | None, spelled: str) -> None:
    members = {"currency": currency} if currency else {}
    one = KpiDocument.model_validate(document("1") | {"amount": Decimal(amount), "currency": "x"} | members)
    shown = money(one)
    assert shown == spelled if currency else shown == f"{spelled} x"


@pytest.mark.parametrize(
    ("members", "words", "share", "is_all"),
    [
        ({"quantity": 3, "delivered": 1.5}, "1.5 of 3 done", 20.0, False),
        ({"quantity": 3, "delivered": 3}, "3 of 3 done", 40.0, True),
        ({"quantity": 3, "delivered": 4}, "4 of 3 done", 40.0, True),
        ({"quantity": 0, "delivered": 0}, "0 of 0 done", 0.0, False),
        ({"quantity": 100}, "100", None, False),
        ({"delivered": 1000}, "1,000 done", None, False),
    ],
)
def test_what_is_done_is_told(
    members: dict[str, float], words: str, share: float | None, *, is_all: bool
) -> None:
    told = done(KpiDocumentLine.model_validate({"name": "x", **members}))
    assert told is not None
    assert (told.words, told.share, told.is_all) == (words, share, is_all)


def test_a_line_without_numbers_tells_of_none() -> None:
    assert done(KpiDocumentLine(name="x")) is None


def test_expandable_fields_lie_under_their_columns() -> None:
    names = ["B", "A", "C", "C", "other", "A", "B"]
    fields = [KpiNamedField(name=name, value=f"{name}{place}") for place, name in enumerate(names)]
    table = as_table(KpiExpandable(columns=["A", "B", "C"], fields=fields))
    assert table.rows == [["", "B0", ""], ["A1", "", "C2"], ["", "", "C3"], ["A5", "B6", ""]]
    assert [one.value for one in table.others] == ["other4"]


@pytest.mark.parametrize("name", BODIES)
def test_it_fits_the_panel_and_the_desk(name: str, tmp_path: Path) -> None:
    page = page_of(name).replace("<details ", "<details open ")
    seen, console = look_at(page, (PANEL, DESKTOP), tmp_path, asked=BEYOND)
    assert console == []
    assert [one.overflow for one in seen] == [0, 0]
    assert [one.asked for one in seen] == [[], []]


# What sticks out of its document or its heading, except tables, which scroll by themselves.
BEYOND = """(page) => [...page.querySelectorAll("main *, header *")]
  .filter((one) => !one.closest(".scroll") && !one.closest(".unseen"))
  .filter((one) => one.getBoundingClientRect().right > page.documentElement.clientWidth + 1)
  .map((one) => one.className || one.tagName)"""


def test_it_is_styled_under_its_own_policy(tmp_path: Path) -> None:
    page, headers = page_of("usual"), preview_headers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            dom, console = visit(f"http://127.0.0.1:{server.server_address[1]}/preview", tmp_path)
        finally:
            server.shutdown()
            thread.join()
    assert console == []
    assert "Stands at C-0" in dom
