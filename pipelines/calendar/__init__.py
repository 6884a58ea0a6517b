"""The completeness page: every feed and every day there should be, each with its receipt, in one HTML file.

It is made from the catalogue and the record of revisions, needs neither network nor any file beside it, and
holds counts, digests and reasons; no value of a row. What is worded is worded in gaps.py and page.js, how
fifty thousand receipts fit into a page is told in packed.py.
"""

from pipelines.calendar.cells import Repulls, read_calendar
from pipelines.calendar.page import calendar_path, page, write_calendar

__all__ = ["Repulls", "calendar_path", "page", "read_calendar", "write_calendar"]
