"""How the fields that came differ from those a contract pins: kept, renamed, gone, new, moved.

A field that is gone, with a new one in its very place, is taken for renamed: that is a guess, which whoever
reads the patch must confirm. What is done about it stands in patch.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# With fewer of its fields than this the answer is another report, or has no header: what stands in place of
# the names may then be somebody's data, and is told nowhere.
_RECOGNISABLE_SHARE = 0.5
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Drift:
    """The difference, in wire names: `renamed` from old to new, `moved` by name."""

    pinned: tuple[str, ...]
    came: tuple[str, ...]
    renamed: dict[str, str]
    gone: tuple[str, ...]
    new: tuple[str, ...]
    moved: tuple[str, ...]
    twice: tuple[str, ...]

    @property
    def is_recognisable(self) -> bool:
        """Whether enough of the pinned fields came to believe that the others are names of fields.

        A name of several lines is none: a quote that nothing closes makes rows a part of the header.
        """
        are_names = all(len(field) <= _LONGEST_NAME and _is_one_line(field) for field in self.came)
        return are_names and len(set(self.pinned) & set(self.came)) >= _RECOGNISABLE_SHARE * len(self.pinned)

    def __str__(self) -> str:
        """Tell in one line which fields are missing, unexpected, moved or there twice."""
        missing = [field for field in self.pinned if field not in self.came]
        if not self.is_recognisable:
            lost = f"{len(missing)} of {len(self.pinned)} fields are missing"
            return f"{lost}: it is another report, or one without a whole header"
        unexpected = [field for field in dict.fromkeys(self.came) if field not in self.pinned]
        faults = [
            f"{title}: {', '.join(fields)}"
            for title, fields in (("missing", missing), ("unexpected", unexpected))
            if fields
        ]
        if not faults:
            faults = [f"moved: {', '.join(self._told_moves())}"] if not self.twice else ["a field came twice"]
        return "; ".join(faults)

    def _told_moves(self) -> Iterator[str]:
        for field in self.moved:
            asked, came = self.pinned.index(field) + 1, self.came.index(field) + 1
            yield f"{field} (asked as {asked}, came as {came})"


def _is_one_line(text: str) -> bool:
    return text.splitlines() in ([], [text])


def compare(pinned: Sequence[str], came: Sequence[str]) -> Drift:
    """Return how the fields that came differ from those that are pinned."""
    renamed: dict[str, str] = {}
    moved: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(None, pinned, came, autojunk=False).get_opcodes():
        lost = [field for field in pinned[a:b] if field not in came]
        found = [field for field in came[c:d] if field not in pinned]
        if tag == "replace" and len(lost) == len(found):
            renamed |= zip(lost, found, strict=True)
        moved += [field for field in pinned[a:b] if tag != "equal" and field in came]
    return Drift(
        pinned=tuple(pinned),
        came=tuple(came),
        renamed=renamed,
        gone=tuple(field for field in pinned if field not in came and field not in renamed),
        new=tuple(field for field in came if field not in pinned and field not in renamed.values()),
        moved=tuple(moved),
        twice=tuple(field for field, times in Counter(came).items() if times > 1),
    )
