"""What differs between two texts, line by line, in bounded time for whatever texts: they may be a stranger's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

# Bytes of a file and lines of it that are compared, characters of a line that are shown.
BYTES = 256 << 10
LINES = 3_000
_WIDTH = 2_000
_AROUND = 3
_PAIRS = 200_000  # of lines that are compared one with another


class DiffLine(NamedTuple):
    """`kind` is "" of a line that both have."""

    kind: Literal["added", "removed", "hunk", ""]
    text: str


def as_text(data: bytes) -> str | None:
    """The bytes as text; None for what is none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def lines_of(data: bytes | None) -> list[str] | None:
    """A text by lines, whatever ends them; none of a file that is not there, None for what is no text or too large to be compared."""
    if data is None:
        return []
    text = as_text(data) if len(data) <= BYTES else None
    lines = None if text is None else text.replace("\r\n", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return None if lines is None or len(lines) > LINES else lines


def differences(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    """The lines that differ with three around them; all lines where one of the two has none. Where there are too many to be compared
    one with another, all of the old, then all of the new between what both begin and end with."""
    if not old or not new:
        yield from (DiffLine("removed", _cut(line)) for line in old)
        yield from (DiffLine("added", _cut(line)) for line in new)
        return
    most = min(len(old), len(new))
    begin = next((n for n in range(most) if old[n] != new[n]), most)
    end = next((n for n in range(most - begin) if old[-1 - n] != new[-1 - n]), most - begin)
    if begin == len(old) == len(new):
        return
    first = max(0, begin - _AROUND)
    a, b = (text[first : len(text) - end + _AROUND if end > _AROUND else len(text)] for text in (old, new))
    if (len(old) - begin - end) * (len(new) - begin - end) > _PAIRS:
        after = min(end, _AROUND)
        whole = [("replace", begin - first, len(a) - after, begin - first, len(b) - after)]
        same = ("equal", 0, begin - first, 0, begin - first)
        groups = [[same, *whole, ("equal", len(a) - after, len(a), len(b) - after, len(b))]]
    else:
        groups = [[*group] for group in SequenceMatcher(None, a, b).get_grouped_opcodes(_AROUND)]
    for group in groups:
        _, a0, _, b0, _ = group[0]
        _, _, a1, _, b1 = group[-1]
        yield DiffLine("hunk", f"@@ -{first + a0 + 1},{a1 - a0} +{first + b0 + 1},{b1 - b0} @@")
        for kind, i0, i1, j0, j1 in group:
            if kind == "equal":
                yield from (DiffLine("", _cut(line)) for line in a[i0:i1])
            else:
                yield from (DiffLine("removed", _cut(line)) for line in a[i0:i1])
                yield from (DiffLine("added", _cut(line)) for line in b[j0:j1])


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}… ({len(line) - _WIDTH} more characters)"
