"""The one-page daily report: counts of a day and of the weeks before it, in words, charts and tables.

One HTML file that needs neither network nor script, made from the catalogue alone: the same catalogue gives
the same bytes. Figures only; no value of a person is read.
"""

from pipelines.daily_report.page import report_folder, write_report

__all__ = ["report_folder", "write_report"]
