"""Where two versions of a text differ, line by line."""

from __future__ import annotations

from typing import Any, List, Tuple

from clawc.stdlib.checks.readers import lines_of
from clawc.stdlib.checks.values import Table

# Beyond this many pairs of lines, all that lies between equal ends counts as replaced.
MAX_PAIRS = 25_000_000


def changed_lines(file: Any, before: Any) -> Table:
    """The lines that differ from `before`: kind (`changed`, `added`, `removed`), line, text, and what it was.

    Lines of a stretch that was replaced are paired from its start; the rest of it was added or removed.
    """
    new, old = lines_of(file), lines_of(before)
    start, end = 0, 0
    while start < min(len(new), len(old)) and new[start] == old[start]:
        start += 1
    while end < min(len(new), len(old)) - start and new[-1 - end] == old[-1 - end]:
        end += 1
    rows: List[Tuple[Any, ...]] = []
    for a, b, c, d in _replaced(old[start : len(old) - end], new[start : len(new) - end]):
        pairs = min(b - a, d - c)
        for offset in range(pairs):
            place = start + c + offset
            rows.append(("changed", place + 1, new[place], old[start + a + offset]))
        for place in range(start + c + pairs, start + d):
            rows.append(("added", place + 1, new[place], None))
        for place in range(start + a + pairs, start + b):
            rows.append(("removed", place + 1, old[place], old[place]))
    return Table(["kind", "line", "text", "was"], rows)


def _replaced(old: List[str], new: List[str]) -> List[Tuple[int, int, int, int]]:
    """The stretches of two lists of lines that stand for each other and differ."""
    if not old or not new or len(old) * len(new) > MAX_PAIRS:
        return [(0, len(old), 0, len(new))] if old or new else []
    import difflib

    matcher = difflib.SequenceMatcher(None, old, new, autojunk=True)
    return [(a, b, c, d) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"]
