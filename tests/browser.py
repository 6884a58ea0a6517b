"""A page in headless Chromium: what it says on its console, how wide it is, whether letters collide.

Where no Chromium is installed the tests that want it are skipped.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PHONE, DESKTOP = 390, 1000
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)
SECONDS = 60
# Each width is a frame of its own, tall enough that nothing has to be scrolled to be laid out: a browser does
# not let its window be as narrow as a phone.
FRAMES = """<!DOCTYPE html><meta charset="utf-8"><title>frames</title>
{frames}
<script>
const asked = {asked};
window.addEventListener("load", async () => {{
  const note = document.createElement("pre");
  note.id = "answer";
  const seen = [];
  for (const frame of document.querySelectorAll("iframe")) {{
    const page = frame.contentDocument;
    const answer = await asked(page);
    const {{scrollWidth, clientWidth}} = page.documentElement;
    seen.push({{overflow: scrollWidth - clientWidth, collisions: collisions(page), asked: answer}});
  }}
  note.textContent = JSON.stringify(seen);
  document.body.append(note);
}});
function collisions(page) {{
  const found = [];
  for (const drawing of page.querySelectorAll("svg")) {{
    const level = [...drawing.querySelectorAll("text")]
      .filter((one) => one.textContent && !(one.getAttribute("transform") || "").includes("rotate"))
      .map((one) => [one.textContent, one.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0);
    const edge = drawing.getBoundingClientRect();
    level.forEach(([text, box], place) => {{
      if (box.left < edge.left - 2 || box.right > edge.right + 2) found.push(text + " is cut off");
      for (const [other, next] of level.slice(place + 1)) {{
        const across = Math.min(box.right, next.right) - Math.max(box.left, next.left);
        const down = Math.min(box.bottom, next.bottom) - Math.max(box.top, next.top);
        if (across > 1 && down > 3) found.push(text + " on " + other);
      }}
    }});
  }}
  return found;
}}
</script>
"""
_ANSWER = re.compile(r'<pre id="answer">(.*?)</pre>', re.DOTALL)
_CONSOLE = re.compile(r"^.*\bCONSOLE\b.*$", re.MULTILINE)


_FRAME = '<iframe srcdoc="{page}" style="width:{width}px;height:4000px;border:0"></iframe>'


@dataclass(frozen=True)
class Look:
    """What was seen at one width: pixels beyond the screen, letters that collide, the answer asked for."""

    overflow: int
    collisions: list[str]
    asked: object


def look_at(
    page: str, widths: Sequence[int], folder: Path, *, asked: str = "() => null", patience_ms: int = 0
) -> tuple[list[Look], list[str]]:
    """Open a page at each width; return what was seen and what was said on the console.

    `asked` is a function of the page's document, in JavaScript; it may return a promise, for which the
    browser waits up to `patience_ms` of its own time.
    """
    frames = "".join(_FRAME.format(page=html.escape(page), width=width) for width in widths)
    path = folder / "frames.html"
    path.write_text(FRAMES.format(frames=frames, asked=asked), "utf-8")
    size = f"--window-size={sum(widths) + 100},4100"
    done = _run(folder, size, *_patience(patience_ms), "--dump-dom", path.as_uri())
    answer = _ANSWER.search(done.stdout)
    assert answer, done.stderr
    return [Look(**one) for one in json.loads(html.unescape(answer[1]))], _CONSOLE.findall(done.stderr)


def visit(url: str, folder: Path, *, patience_ms: int = 0) -> tuple[str, list[str]]:
    """Open an address as it is served, headers and all; return the page as it then stands and the console."""
    done = _run(folder, "--window-size=1000,1200", *_patience(patience_ms), "--dump-dom", url)
    return done.stdout, _CONSOLE.findall(done.stderr)


def print_pages(page: Path, folder: Path, *, patience_ms: int = 0) -> int:
    """Print a page on A4 and return how many sheets it takes."""
    target = folder / "printed.pdf"
    _run(folder, *_patience(patience_ms), "--no-pdf-header-footer", f"--print-to-pdf={target}", page.as_uri())
    return len(re.findall(rb"/Type\s*/Page\b", target.read_bytes()))


def _patience(milliseconds: int) -> list[str]:
    return [f"--virtual-time-budget={milliseconds}"] if milliseconds else []


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    chromium = next((found for name in NAMES if (found := shutil.which(name))), None)
    if chromium is None:
        pytest.skip(f"no Chromium is installed: none of {', '.join(NAMES)} is on the PATH")
    profile = folder / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    profile.mkdir()
    return subprocess.run(
        [chromium, *FLAGS, f"--user-data-dir={profile}", *words],
        check=True,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
