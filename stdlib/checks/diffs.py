"""Differences of texts line by line: unified diffs as tables, and the lines that differ between two texts."""

from __future__ import annotations

import re
from typing import Any, List, Optional, Tuple

from clawc.stdlib.checks.readers import lines_of, require_size, source_name
from clawc.stdlib.checks.values import Table, Unmet

MAX_LINE_PAIRS = 25_000_000

_HUNK = re.compile(r"@@ -([0-9]{1,9})(?:,([0-9]{1,9}))? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@")
_DIFF_KINDS = {"+": "added", "-": "removed", " ": "context", "": "context"}


def diff_table(source: Any) -> Table:
    """The lines of a unified diff: path, kind (added, removed, context), number, and text.

    The number is the one in the new file; of removed lines, in the old file.
    """
    name = source_name(source)
    rows: List[Tuple[str, str, int, str]] = []
    old_path = path = ""
    left = right = old_left = new_left = 0
    hunks = 0
    lines = lines_of(source)
    for number, line in enumerate(lines, 1):
        if old_left or new_left:
            kind = _DIFF_KINDS.get(line[:1], "")
            if line.startswith("\\"):
                continue
            if not kind or (kind != "added" and not old_left) or (kind != "removed" and not new_left):
                raise Unmet(f"{name} line {number} does not fit the numbers of its hunk")
            rows.append((path, kind, left if kind == "removed" else right, line[1:]))
            left, old_left = left + (kind != "added"), old_left - (kind != "added")
            right, new_left = right + (kind != "removed"), new_left - (kind != "removed")
            require_size(len(rows), 4, name)
            continue
        hunk = _HUNK.match(line)
        if hunk is not None:
            if not path:
                raise Unmet(f"{name} line {number} has a hunk before any line `+++ path`")
            left, right = int(hunk.group(1)), int(hunk.group(3))
            old_left, new_left = int(hunk.group(2) or 1), int(hunk.group(4) or 1)
            hunks += 1
        elif line.startswith("--- "):
            old_path, path = _diff_path(line), ""
        elif line.startswith("+++ "):
            path = _diff_path(line) or old_path
    if old_left or new_left:
        raise Unmet(f"{name} ends inside a hunk")
    if not hunks:
        raise Unmet(f"{name} is not a unified diff: it has no hunk")
    return Table(["path", "kind", "line", "text"], rows)


def _diff_path(line: str) -> str:
    """The path of a line `--- path` or `+++ path`, without what git and diff put around it; empty for no file."""
    path = line[4:].split("\t", 1)[0].strip().strip('"')
    if path == "/dev/null":
        return ""
    return path[2:] if path.startswith(("a/", "b/")) else path


def changed_lines(file: Any, before: Any) -> Table:
    """The lines in which a text differs from an earlier one: kind (changed, added, removed), number, text, and what
    it was.

    The number is the one in the text; of removed lines, in the earlier one. Of lines that took the place of others
    as many as there were before count as changed.
    """
    new, old = lines_of(file), lines_of(before)
    rows: List[Tuple[str, int, str, Optional[str]]] = []
    at_old = at_new = 0
    for old_match, new_match in [*same_lines(old, new), (len(old), len(new))]:
        while at_old < old_match and at_new < new_match:
            rows.append(("changed", at_new + 1, new[at_new], old[at_old]))
            at_old, at_new = at_old + 1, at_new + 1
        rows.extend(("removed", n + 1, old[n], None) for n in range(at_old, old_match))
        rows.extend(("added", n + 1, new[n], None) for n in range(at_new, new_match))
        at_old, at_new = old_match + 1, new_match + 1
    require_size(len(rows), 4, source_name(file))
    return Table(["kind", "line", "text", "was"], rows)


def same_lines(old: List[str], new: List[str]) -> List[Tuple[int, int]]:
    """Places of lines that two texts share in the same order, as many as can be.

    Where the parts between the first and the last difference are too long to be compared, they share nothing.
    """
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    pairs = [(n, n) for n in range(head)]
    old_part, new_part = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(old_part) * len(new_part) <= MAX_LINE_PAIRS:
        pairs += [(head + n, head + m) for n, m in _longest_common(old_part, new_part)]
    return pairs + [(len(old) - tail + n, len(new) - tail + n) for n in range(tail)]


def _longest_common(old: List[str], new: List[str]) -> List[Tuple[int, int]]:
    """A longest common subsequence, by whole rows of the usual table as the bits of one number.

    A bit of a row is 0 where the length grows with that line of `new` (Crochemore et al. 2001; Hyyrö 2004).
    """
    width = len(new) // 8 + 1
    places = {line: bytearray(width) for line in old}
    for m, line in enumerate(new):
        if line in places:
            places[line][m >> 3] |= 1 << (m & 7)
    masks = {line: int.from_bytes(bits, "little") for line, bits in places.items()}
    every = (1 << len(new)) - 1
    row = every
    rows = [row.to_bytes(width, "little")]
    for line in old:
        shared = row & masks[line]
        row = ((row + shared) | (row - shared)) & every
        rows.append(row.to_bytes(width, "little"))
    pairs: List[Tuple[int, int]] = []
    n, m = len(old), len(new)
    while n and m:
        place, bit = (m - 1) >> 3, 1 << ((m - 1) & 7)
        if rows[n][place] & bit:
            m -= 1
        elif not rows[n - 1][place] & bit:
            n -= 1
        else:
            n, m = n - 1, m - 1
            pairs.append((n, m))
    return pairs[::-1]
