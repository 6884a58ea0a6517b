from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.scan_faults import tell_fault
from pipelines.sources.wording import LONGEST, clip, scrub


@given(st.text(max_size=600))
@settings(deadline=None, max_examples=100)
def test_a_clipped_text_is_one_short_printable_line(text: str) -> None:
    line = clip(text)
    assert len(line) <= LONGEST
    assert line.isprintable()
    assert line == " ".join(line.split())


@pytest.mark.parametrize(
    "text",
    [
        "failed: access_token=S3CRET&x=1",
        'failed: {"access_token" : "S3CRET"}',
        "Authorization: Bearer S3CRET.abc",
        "Key=S3CRET&Signature=S3CRET",
        "headers 'X-Hash'='S3CRET', \"x-public\": \"S3CRET\"",
        "assertion=S3CRET",
        "was eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJS3CRET.sig",
        "the plain S3CRET itself",
    ],
)
def test_whatever_looks_like_a_secret_is_struck_out(text: str) -> None:
    assert "S3CRET" not in scrub(text, ["S3CRET itself", ""])


def test_ordinary_words_are_left_alone() -> None:
    words = "invalid token: the key has expired"
    assert scrub(words) == words


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (b"1,2\n1,2,S3CRET\n", "a row has more fields than the header"),
        (b"1,2,S3CRET\n", "the first row has more fields than the header"),
        (b"S3CRET\n1,2\n", "the first row has fewer fields than the header"),
        (b"1,2\n1,S3CRET\xff\n", "a cell is not UTF-8 text"),
        (b'1,2\n1,"S3CRET\n', "a cell's quotes do not pair up"),
        (b'1,2\n3,S3"CRET\n4,5\n', "a cell's quotes do not pair up"),
    ],
)
def test_what_polars_says_of_a_body_is_told_without_its_cells(row: bytes, fault: str) -> None:
    with pytest.raises(pl.exceptions.PolarsError) as error:
        pl.scan_csv(
            b"a,b\n" + row, has_header=False, skip_rows=1, schema=dict.fromkeys("ab", pl.String())
        ).collect()
    assert tell_fault(error.value) == fault


def test_an_unknown_complaint_is_told_by_its_class_alone() -> None:
    assert tell_fault(ValueError("S3CRET")) == "it does not parse (ValueError)"
