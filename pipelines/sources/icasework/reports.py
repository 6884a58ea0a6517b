"""A report's body, of whichever format, as a raw frame; and the first look at an answer that may be none.

Each format has its own module, loaded when it is met: only CSV is met every night.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipelines.errors import Permanent, Unverified
from pipelines.sources.icasework.csv_body import open_csv
from pipelines.sources.icasework.error_page import read_page
from pipelines.sources.received import check_on_disk, kind_of
from pipelines.sources.wording import scrub

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.sources.exchange import Download
    from pipelines.sources.report import Body, Opener, RawReport, ReportRequest


def check_answer(download: Download, wanted: str) -> None:
    """Raise Unverified when a good status came with nothing or a page, Permanent with another format."""
    kind = kind_of(download.head)
    if kind == "nothing":
        raise Unverified(
            "iCasework answered with nothing, which says neither that there are rows nor that there are none",
            why=f"status 200, {download.size} bytes",
            todo=_about_nothing(wanted),
        )
    if kind == "page":
        raise Unverified(
            "iCasework answered with a web page in place of a report",
            why=scrub(read_page(download.head)),
            todo="ingest the day again; if it stays so, check the base URLs in the settings",
        )
    came = "csv" if kind == "text" else kind
    if came != wanted:
        raise Permanent(
            f"{came} came back where {wanted} was asked for",
            todo=f"set up the report for the REST API with {wanted}, or change CASEHOUSE_ICASEWORK_FORMAT",
        )


def _about_nothing(wanted: str) -> str:
    if wanted == "json":
        return "set CASEHOUSE_ICASEWORK_FORMAT=csv: as JSON an empty report cannot be told from a failure"
    return "ingest the day again; if it stays so, check CASEHOUSE_ICASEWORK_ACCOUNT and the report's id"


def opener(settings: Settings) -> Opener:
    """Return what opens a body as the settings have it."""
    return partial(open_report, may_lack_total=settings.icasework_reconcile == "none")


def open_report(request: ReportRequest, body: Body, *, may_lack_total: bool = False) -> RawReport:
    """Open a body by its format; see open_csv, open_xml and open_json for what each promises.

    The file is consumed: cut or replaced in place. Raises Unverified when it cannot be a whole report.
    """
    check_on_disk(body)
    report = _open(request, body, may_lack_total=may_lack_total)
    if len(set(report.fields)) < len(report.fields):
        raise Permanent("a field came back twice", todo="have the report's columns put right")
    if not set(report.fields) & set(request.fields):
        # Their names are not told: without a header they would be somebody's data.
        raise Permanent(
            "none of the fields asked for came back",
            why=f"{len(report.fields)} fields came, or the body has no header",
            todo="check that the report's id belongs to this feed (CASEHOUSE_ICASEWORK_REPORTS)",
        )
    return report


def _open(request: ReportRequest, body: Body, *, may_lack_total: bool) -> RawReport:
    if body.format == "csv":
        return open_csv(body, may_lack_total=may_lack_total)
    # These bring Arrow and an XML parser, tens of megabytes that CSV does without.
    if body.format == "xml":
        from pipelines.sources.icasework.xml_body import open_xml  # noqa: PLC0415 - see above

        return open_xml(request, body)
    if body.format == "json":
        from pipelines.sources.icasework.json_body import open_json  # noqa: PLC0415 - see above

        return open_json(request, body)
    raise Permanent(f"{body.format!r} is not a format of reports", todo="use csv, xml or json")
