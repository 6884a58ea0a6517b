"""What iCasework answers when it will not do as asked: a status, two headers and a page that says nothing.

The page's structure (title, error-wrapper, error-content, h1, leading-text) and its h1 and leading text are
recorded from a live server; the reason stands only in the headers. Styling and the rest are our own.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from pipelines.sandbox.answers import Answer

HTML = "text/html;charset=UTF-8"

INVALID_METHOD = 0
NOT_HERE = 1
UNIDENTIFIED = 2
OTHER = 99

_PAGE = """\
<!DOCTYPE html>
<html>

<head>
  <meta charset="utf-8" />
  <title>Error Page</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <style>
    body { background: #fff; color: #666; font: 16px sans-serif; margin: 0; text-align: center; }
    .error-wrapper { padding: 4rem 1rem; }
    .error-content { margin: 0 auto; max-width: 40rem; }
  </style>
</head>

<body>
  <div class="error-wrapper">
    <div class="error-content">
      <p class="uat-logo"> <i class="icon"></i> <span class="light-blue">iCasework stand-in</span></p>
      <span class="error-logo"><i class="icon"></i></span>
      <h1>
        An Unexpected Error Occured
        </h1>
      <p class="leading-text">
        The Page You Were Looking For Was Not Found
      </p>
      <p>
        The address may be wrong or old. If it goes on, tell your <strong>system administrator.</strong>
      </p>
    </div>
  </div>
</body>

</html>
"""

ERROR_PAGE = _PAGE.replace("\n", "\r\n").encode()


_LOGIN = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>iCasework stand-in: sign in</title></head>
<body>
<h1>Sign in to see {case}</h1>
<p>This is a stand-in. iCasework shows a case here to whoever has signed in to it; the stand-in has the
calls of iCasework but none of its screens, so that nobody can sign in.</p>
</body>
</html>
"""
_CASE_NUMBER = re.compile(r"[0-9]{1,12}")


def login_page(case_id: str) -> Answer:
    """Return what a browser that has not signed in sees in place of a case (GUESS); it tells only the number.

    Whether there is such a case is not told: that takes signing in.
    """
    case = f"case {case_id}" if _CASE_NUMBER.fullmatch(case_id) else "a case"
    headers = {"Content-Type": HTML, "Cache-Control": "no-store"}
    return Answer(headers=headers, chunks=[_LOGIN.format(case=case).encode()])


class Refused(Exception):
    """A call that the stand-in refuses, with the headers a client is to read.

    `code` and `info` become X-Application-Error-Code and -Info; without a code neither header is sent, as
    recorded for two failures of the live server. `untyped` leaves out the content type and names a file
    instead, as recorded for an unknown case.
    """

    def __init__(
        self,
        info: str,
        *,
        code: int | None = None,
        status: int = HTTPStatus.BAD_REQUEST,
        untyped: bool = False,
    ) -> None:
        super().__init__(info)
        self.info = info
        self.code = code
        self.status = status
        self.untyped = untyped

    def answer(self) -> Answer:
        """Return the page and headers."""
        headers = {"Content-Disposition": 'filename="output.xml"'} if self.untyped else {"Content-Type": HTML}
        if self.code is not None:
            headers |= {"X-Application-Error-Code": str(self.code), "X-Application-Error-Info": self.info}
        return Answer(status=self.status, headers=headers, chunks=[ERROR_PAGE])


def numbered(prefix: int, number: int) -> int:
    """Return an error code of the vendor's scheme: the operation's prefix, then three digits."""
    return prefix * 1000 + number
