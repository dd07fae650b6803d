"""`equivalent.txt`: mutants that no test can tell from the primitive, each with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.mutation.mutants import Diff

LISTED = Path(__file__).resolve().parent / "equivalent.txt"


class Equivalent(NamedTuple):
    """A mutant by what it changes, wherever the line stands in its function."""

    module: str
    scope: str
    diff: Diff
    reason: str


def equivalents(text: str) -> list[Equivalent]:
    """The entries of the list. Raises ValueError with the line that is out of form."""
    found: list[Equivalent] = []
    head: list[str] = []
    old: list[str] = []
    new: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        mark, rest = line[:2], line[2:].strip()
        if not line.strip() or line.startswith("#"):
            continue
        if mark == "- " and head:
            old.append(rest)
        elif mark == "+ " and head:
            new.append(rest)
        elif mark == "= " and head and (old or new):
            found.append(Equivalent(head[0], head[1], Diff(tuple(old), tuple(new)), rest))
            head, old, new = [], [], []
        elif not head and len(line.split()) == 2:
            head = line.split()
        else:
            raise ValueError(f"line {number} is out of form: {line}")
    if head:
        raise ValueError(f"the last entry, {' '.join(head)}, has no reason")
    return found


def listed() -> list[Equivalent]:
    return equivalents(LISTED.read_text(encoding="utf-8"))
