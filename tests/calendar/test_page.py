"""One file that stands alone, holds no stranger's markup, and answers a click, a key and an address."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.calendar.page import page
from pipelines.day_status import SIGNS
from tests.browser import DESKTOP, PHONE, look_at, print_pages, visit
from tests.calendar.invented import CALLS, CASES, LAST, NOW, ONE_DAY, TROUBLED, a_calendar, ten_years
from tests.daily_report.test_page import contrast

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_MS = 4000
TROUBLED_PAGE = page(a_calendar(400, TROUBLED), NOW)
# Waits for the days, does something, then tells what can be seen.
ASKED = """async (page) => {
  const seen = () => [page.getElementById("receipt").hidden, page.getElementById("receipt-title").textContent,
    page.getElementById("facts").innerText, page.activeElement.getAttribute("aria-label")];
  const wait = () => new Promise((done) => setTimeout(done, 20));
  const cell = (feed, label) => page.querySelector(`table[aria-label^="${feed}"] td[aria-label^="${label}"]`);
  const press = (key) => page.activeElement.dispatchEvent(
    new page.defaultView.KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
  while (!page.documentElement.dataset.drawn) await wait();
  ACT
}"""


def asked_of(act: str, text: str, folder: Path) -> list[Any]:
    asked = ASKED.replace("ACT", act)
    (seen,), console = look_at(text, [DESKTOP], folder, asked=asked, patience_ms=PATIENCE_MS)
    assert console == []
    assert isinstance(seen.asked, list)
    return seen.asked


def test_it_needs_nothing_from_outside() -> None:
    assert "http" not in TROUBLED_PAGE.replace("http-equiv", "")
    assert not re.findall(r"@import|url\(|javascript:|\son\w+=|\sstyle=|<iframe|<img", TROUBLED_PAGE)
    links = re.findall(r'(?:src|href)="([^"]*)"', TROUBLED_PAGE)
    assert {link for link in links if not link.startswith("#")} == {"data:,"}


def test_only_its_own_style_and_script_may_run() -> None:
    policy = re.search(r'Security-Policy" content="([^"]*)"', ten_years())
    assert policy
    allowed = html.unescape(policy[1])
    assert allowed.startswith("default-src 'none'; ")
    for part in ("style", "script"):
        (text,) = re.findall(rf"<{part}>(.*?)</{part}>", ten_years(), re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{part}-src 'sha256-{digest}'" in allowed


def test_the_same_days_give_the_same_bytes() -> None:
    assert page(a_calendar(400, TROUBLED), NOW) == TROUBLED_PAGE


def test_it_tells_all_but_receipts_without_a_script() -> None:
    text = re.sub(r"<script.*?</script>", "", TROUBLED_PAGE, flags=re.DOTALL)
    for told in (
        "99.0% verified",
        "Written 23 November 2026 07:05 GMT",
        "failed: drift",
        "docs/runbooks/drift.md",
        "casehouse backfill --missing --from 2026-10-22",
        '<td class="s-failed">19 of 22 \N{MULTIPLICATION SIGN}</td>',
        *(f"<b>{status}</b>" for status in SIGNS),
    ):
        assert told in text
    assert "Nothing." in page(a_calendar(3), NOW)


def test_a_sign_can_be_read_on_its_colour_and_is_no_others() -> None:
    for status, sign in SIGNS.items():
        assert contrast(sign.colour, sign.ink) >= 4.5, status
    assert len({sign.mark for sign in SIGNS.values()}) == len(SIGNS)


@pytest.mark.parametrize("text", [TROUBLED_PAGE, ten_years()], ids=["troubled", "ten years"])
def test_it_fits_its_screen_with_and_without_a_receipt(text: str, tmp_path: Path) -> None:
    act = f'cell("{"source_1" if text == ten_years() else CASES}", "3 November").click(); return seen();'
    script = ASKED.replace("ACT", act)
    seen, console = look_at(text, (PHONE, DESKTOP), tmp_path, asked=script, patience_ms=PATIENCE_MS)
    assert console == []
    assert [one.overflow for one in seen] == [0, 0]
    assert [one.asked[0] for one in seen if isinstance(one.asked, list)] == [False, False]


def test_a_click_shows_the_receipt(tmp_path: Path) -> None:
    act = f"""const told = [seen()];
      for (const day of [16, 20, 19, 18, 17, 22]) {{
        cell("{CASES}", day + " Nov").click();
        told.push(seen());
      }}
      return told;"""
    nothing, later_failure, quarantined, revised, held, unverified, failed = asked_of(
        act, TROUBLED_PAGE, tmp_path
    )
    assert nothing[0] is True
    assert later_failure[1].endswith(f"{CASES}, Monday 16 November 2026: verified")
    assert "A later attempt failed; the last good file stays" in later_failure[2]
    for told in (
        "2026-11-16T00:00:00.000 to 2026-11-16T23:59:59.999",
        "207 rows",
        "1e0a12065499727a",
        "0.1.0",
    ):
        assert told in later_failure[2]
    digest = hashlib.sha256(f"{CASES}2026-11-16".encode()).hexdigest()[:12]
    assert f"{digest}\N{HORIZONTAL ELLIPSIS}" in later_failure[2]
    assert "204 good, 3 in quarantine" in quarantined[2]
    assert "23 November 2026 at 07:05 GMT: 4 rows added, 5 changed, 6 gone" in revised[2]
    assert "the last of 2 times" in revised[2]
    assert "held back: too few rows, so the file before stays" in held[2]
    assert "the source keeps 90 days" in held[2]
    assert "not told" in unverified[2]
    assert "The last attempt failed (drift, 23 November 2026 at 02:14 GMT)" in failed[2]
    assert f"then run `casehouse ingest {CASES} 2026-11-22`" in failed[2]
    assert "docs/runbooks/drift.md" in failed[2]
    assert "SHA-256" not in failed[2]


def test_an_address_leads_to_its_receipt(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(TROUBLED_PAGE, "utf-8")
    text, console = visit(f"{path.as_uri()}#{CALLS}/2025-12-25", tmp_path, patience_ms=PATIENCE_MS)
    assert console == []
    assert f"{CALLS}, Thursday 25 December 2025: verified" in text
    assert f'aria-label="{CALLS}, 2025"' in text


def test_an_address_that_leads_nowhere_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(TROUBLED_PAGE, "utf-8")
    text, console = visit(f"{path.as_uri()}#%E0%A4%A", tmp_path, patience_ms=PATIENCE_MS)
    assert console == []
    assert re.search(r'<p id="trouble"[^>]* hidden', text)
    act = f"""const told = [];
      for (const where of ["nobody/nothing/2026-11-22", "{CASES}/2031-01-01", "{CASES}/2026-99-99", "199"]) {{
        page.defaultView.location.hash = "#" + where;
        await wait();
        told.push(page.getElementById("receipt").hidden);
      }}
      page.defaultView.location.hash = "#{CASES}/2026-11-22";
      await wait();
      return [told, seen()];"""
    nowhere, somewhere = asked_of(act, TROUBLED_PAGE, tmp_path)
    assert nowhere == [True] * 4
    assert "22 November 2026: failed" in somewhere[1]


def test_keys_go_through_days_months_and_years(tmp_path: Path) -> None:
    act = f"""cell("{CALLS}", "31 October").focus();
      const told = [];
      for (const key of ["ArrowLeft", "ArrowRight", "ArrowDown", "Home", "PageUp", "PageDown", "End"]) {{
        press(key);
        told.push(page.activeElement.getAttribute("aria-label") + " " + page.getElementById("year").value);
      }}
      press("Enter");
      const shown = seen();
      press("Escape");
      return [told, shown, seen(), page.querySelectorAll('td[tabindex="0"]').length];"""
    told, shown, closed, in_tab_order = asked_of(act, TROUBLED_PAGE, tmp_path)
    assert told == [
        "30 October, verified 2026",
        "31 October, verified 2026",
        "31 October, verified 2026",  # there is no 30 November yet
        "1 October, verified 2026",
        "1 October, verified 2026",  # nothing was expected in October 2025 before the 19th
        "1 October, verified 2026",
        "31 October, verified 2026",
    ]
    assert shown[0] is False
    assert shown[1].endswith("Saturday 31 October 2026: verified")
    assert closed[0] is True
    assert in_tab_order == 2


def test_what_strangers_wrote_is_text(tmp_path: Path) -> None:
    hostile = "</script><script>console.error('no')</script><img src=x onerror=alert(1)>"
    cell = {"status": "failed", "kind": "drift", "message": hostile}
    text = page(a_calendar(3, {(CASES, LAST): cell, (CASES, LAST - ONE_DAY): {"origin": hostile}}), NOW)
    told = asked_of(f'cell("{CASES}", "22 Nov").click(); return seen();', text, tmp_path)
    assert hostile in told[2]


def test_it_is_printed_on_few_sheets(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(TROUBLED_PAGE, "utf-8")
    assert print_pages(path, tmp_path, patience_ms=PATIENCE_MS) <= 2
