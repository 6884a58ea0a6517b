"""The council's working days: Monday to Friday without England's bank holidays, numbered from its first year.

Targets and officers' work are counted in these numbers. How long a London day is, `pipelines.days` knows.
"""

from __future__ import annotations

from datetime import date, timedelta
from threading import Lock

import holidays

SATURDAY = 5


class Workdays:
    """Numbered working days, extended a year at a time as later days are asked for; safe between threads."""

    def __init__(self, first_year: int) -> None:
        self._origin = date(first_year, 1, 1).toordinal()
        self._next_year = first_year
        self._texts: list[str] = []  # the working days as text, by number
        self._before: list[int] = []  # for each calendar day: how many working days came before it
        self._growing = Lock()

    def number(self, day: date) -> int:
        """Return the number of the first working day at or after `day`."""
        place = day.toordinal() - self._origin
        while place >= len(self._before):
            self._grow()
        return self._before[place]

    def number_after(self, day: date) -> int:
        """Return the number of the first working day after `day`."""
        return self.number(day + timedelta(days=1))

    def text(self, number: int) -> str:
        """Return working day `number` as `YYYY-MM-DD`."""
        while number >= len(self._texts):
            self._grow()
        return self._texts[number]

    def is_working(self, day: date) -> bool:
        """Tell whether officers work on `day`."""
        return self.text(self.number(day)) == day.isoformat()

    def _grow(self) -> None:
        with self._growing:
            year = self._next_year
            quiet = holidays.country_holidays("GB", subdiv="ENG", years=year)
            texts: list[str] = []
            before: list[int] = []
            day = date(year, 1, 1)
            while day.year == year:
                before.append(len(self._texts) + len(texts))
                if day.weekday() < SATURDAY and day not in quiet:
                    texts.append(day.isoformat())
                day += timedelta(days=1)
            # Readers look at `_before` first and trust `_texts` to be there already.
            self._texts.extend(texts)
            self._before.extend(before)
            self._next_year = year + 1
