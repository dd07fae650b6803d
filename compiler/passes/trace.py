"""The because-trace: every quotation occurs in the instruction, and is kept with its place for reviewers."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from clawc.compiler.model import CheckDecl, Task
from clawc.compiler.passes.attributes import UNKNOWN
from clawc.compiler.source import Fix


class Quotation(NamedTuple):
    """A quotation and where it stands in the instruction, as offsets into its text."""

    check: str
    text: str
    start: int
    end: int


def trace(task: Task) -> list[Quotation]:
    """Finds every `because`; one that does not occur is an error at its check."""
    found: list[Quotation] = []
    for check in task.checks:
        if not check.because:
            continue
        match = _find(task.told, check.because)
        if match is not None:
            found.append(Quotation(check.name, check.because, match.start(), match.end()))
        elif (task.stated and not _over_hole(task.stated, check.because)) or (task.instruction and not task.stated):
            said = task.stated or task.told
            task.blame(check, "E0605", f"the instruction does not say {_short(check.because)}",
                       _hint(said, check.because), _in_its_case(task, check, said), check.because_span)  # fmt: skip
    return found


def _find(instruction: str, quotation: str) -> re.Match[str] | None:
    words = [re.escape(word) for word in quotation.split()]
    return re.search(r"\s+".join(words), instruction) if words else None


def _over_hole(stated: str, quotation: str) -> bool:
    """May the quotation stand in an instruction with unknown holes: as it is, or over one of them?"""
    wanted = " ".join(quotation.split())
    parts = [" ".join(part.split()) for part in stated.split(UNKNOWN)]
    if any(wanted in part for part in parts) or not any(part.strip() for part in parts):
        return True
    for before, after in pairwise(parts):
        head = next((n for n in range(len(wanted), 0, -1) if before.endswith(wanted[:n].rstrip())), 0)
        tail = next((n for n in range(len(wanted) - head, 0, -1) if after.startswith(wanted[-n:].lstrip())), 0)
        if 2 * (head + tail) >= len(wanted):
            return True
    return False


def _short(text: str) -> str:
    clear = " ".join(text.split())
    return f"`{clear[:80]}…`" if len(clear) > 80 else f"`{clear}`"


def _in_its_case(task: Task, check: CheckDecl, said: str) -> Fix | None:
    """The quotation as the instruction spells it, where only upper and lower case differ."""
    words = [re.escape(word) for word in check.because.split()]
    match = re.search(r"\s+".join(words), said, re.I)
    if match is None or "\n" in match.group():
        return None
    spelled = match.group().replace("\\", "\\\\").replace('"', '\\"')
    return Fix(check.because_span, f'"{spelled}"', "quote it in its case")


def _hint(instruction: str, quotation: str) -> str:
    if _find(instruction.lower(), quotation.lower()) is not None:
        return "it differs only in upper and lower case"
    words = quotation.split()
    for count in range(len(words) - 1, 2, -1):
        if _find(instruction, " ".join(words[:count])) is not None:
            return f"it says `{' '.join(words[:count])}`, but then goes on differently"
    return "quote word for word what the agent is told"
