"""What a mutant changes, as a diff that people read: text by lines, other formats by their tables or sizes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

MAX_LINES = 24
MAX_WIDTH = 160


def difference(before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]) -> str:
    """A unified diff of the files that differ, cut where it gets long."""
    lines: list[str] = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old != new:
            lines += _of_file(path, old, new)
    shown = [line if len(line) <= MAX_WIDTH else line[: MAX_WIDTH - 1] + "…" for line in lines[:MAX_LINES]]
    more = [f"… {len(lines) - MAX_LINES} lines more"] if len(lines) > MAX_LINES else []
    return "\n".join([*shown, *more])


def _of_file(path: str, old: bytes | None, new: bytes | None) -> list[str]:
    texts = [_lines(data) for data in (old, new)]
    if texts[0] is None or texts[1] is None:
        return [f"--- {path}", f"+++ {path}", f"{_size(old)} before, {_size(new)} after"]
    names = (path if old is not None else "nothing", path if new is not None else "nothing")
    made = [line.rstrip("\n") for line in difflib.unified_diff(texts[0], texts[1], *names, n=1)]
    return made or [f"--- {names[0]}", f"+++ {names[1]}", "only line ends differ"]


def _lines(data: bytes | None) -> list[str] | None:
    if data is None:
        return []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    return [_visible(line) + "\n" for line in text.splitlines()]


def _visible(line: str) -> str:
    return "".join(c if c.isprintable() or c == "\t" else f"\\u{ord(c):04x}" for c in line)


def _size(data: bytes | None) -> str:
    return "no file" if data is None else f"{len(data)} bytes"
