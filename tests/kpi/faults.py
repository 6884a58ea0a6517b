"""Cards to test with: one that is clean, written out, and what may be planted in it."""

from __future__ import annotations

from dataclasses import dataclass, field

JSON = {"Content-Type": "application/json"}
NAME = "Ethel Bloggs"  # stands on the card, and must stand nowhere else

CLEAN = """{"sections": [
 {"title": "Cases", "documents": [
  {"documentNumber": "C-1", "documentDate": "2026-11-22T10:00:00Z", "externalUrl": "https://cases.example/C-1",
   "status": {"name": "With the team", "colorCode": "ORANGE", "updatedDate": "2026-11-23T08:30:00Z"},
   "amount": 12.50, "currency": "GBP",
   "lines": [{"name": "Call back", "quantity": 2, "delivered": 1, "url": "https://cases.example/C-1/t",
     "fields": [{"name": "Team", "value": "Waste"}],
     "expandableFields": [{"columns": ["Day", "Change"], "fields": [{"name": "Day", "value": "Monday"}]}]}],
   "fields": [{"name": "Caller", "value": "Ethel Bloggs"}, {"value": "No label"}]},
  {"documentNumber": "C-2", "documentDate": "2026-03-29T00:59:59Z", "trackingUrl": "https://post.example/9",
   "status": {"name": "Closed"}, "amount": 0.5}]},
 {"title": "Calls", "message": "No data available", "documents": []}
]}
"""
UNKNOWN = '{"sections": [{"title": "Cases", "message": "No data available", "documents": []}]}'


@dataclass(frozen=True)
class Fault:
    """A change of the clean card's text or headers, and where and how lint must tell of it."""

    old: str
    new: str
    path: str
    words: str
    headers: dict[str, str] = field(default_factory=dict)

    def plant(self, text: str) -> str:
        assert text.count(self.old) == 1 or not self.old
        return text.replace(self.old, self.new) if self.old else text + self.new


_FIRST, _SECOND = "$.sections[0].documents[0]", "$.sections[0].documents[1]"
_LINE = f"{_FIRST}.lines[0]"
# None of them moves another's place, so that all can be planted together.
FAULTS = {
    "media type": Fault("", "", "Content-Type", "is text/html", {"Content-Type": "text/html"}),
    "after the end": Fault("", "<!-- done -->", "$", "13 characters after the end"),
    "no title": Fault('"title": "Calls", ', "", "$.sections[1].title", "is missing"),
    "null message": Fault('"No data available"', "null", "$.sections[1].message", "leave the member out"),
    "documents are no list": Fault(
        '"documents": []', '"documents": {}', "$.sections[1].documents", "is an object; it must be a list"
    ),
    "a number twice": Fault('"C-2"', '"C-1"', f"{_SECOND}.documentNumber", "must be unique"),
    "a local time": Fault("2026-11-22T10:00:00Z", "22/11/2026 10:00", f"{_FIRST}.documentDate", "yyyy-MM-dd"),
    "no such day": Fault("2026-03-29", "2026-02-29", f"{_SECOND}.documentDate", "does not exist"),
    "an offset": Fault("08:30:00Z", "08:30:00+00:00", f"{_FIRST}.status.updatedDate", "yyyy-MM-dd"),
    "an address to run": Fault(
        "https://cases.example/C-1/t", "javascript:alert(1)", f"{_LINE}.url", "no http:// or https://"
    ),
    "a colour of its own": Fault("ORANGE", "AMBER", f"{_FIRST}.status.colorCode", "is none of NORMAL, GREEN"),
    "a nameless status": Fault('"name": "Closed"', "", f"{_SECOND}.status.name", "is missing"),
    "an amount in quotes": Fault("12.50", '"12.50"', f"{_FIRST}.amount", "is a string; it must be a number"),
    "three decimals": Fault("0.5}", "0.500}", f"{_SECOND}.amount", "more than two decimals"),
    "a member of its own": Fault('"currency"', '"Currency"', f"{_FIRST}.Currency", "currency is meant?"),
    "not a number": Fault(
        '"quantity": 2', '"quantity": NaN', f"{_LINE}.quantity", "which JSON does not know"
    ),
    "said twice": Fault(
        '"delivered": 1', '"delivered": 1, "delivered": 0', f"{_LINE}.delivered", "more than once"
    ),
    "a nameless field of a line": Fault(
        '"name": "Team", ', "", f"{_LINE}.fields[0].name", "only a document's own fields may be nameless"
    ),
    "a column that is none": Fault(
        '"Change"]', "7]", f"{_LINE}.expandableFields[0].columns[1]", "is a number; it must be a string"
    ),
    "a field without a value": Fault(
        ', "value": "Monday"', "", f"{_LINE}.expandableFields[0].fields[0].value", "is missing"
    ),
    "a value that is no text": Fault('"No label"', "true", f"{_FIRST}.fields[1].value", "is true or false"),
}
