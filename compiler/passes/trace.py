"""The because-trace: every quotation occurs in the instruction, and is kept with its place for reviewers."""

from __future__ import annotations

import re
from typing import NamedTuple

from clawc.compiler.model import Task


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
        elif task.instruction or (task.stated and not _over_hole(task.stated, check.because)):
            said = task.told or task.stated
            task.context.error("E0605", check.because_span, f"the instruction does not say {_short(check.because)}",
                               _hint(said, check.because))  # fmt: skip
    return found


def _find(instruction: str, quotation: str) -> re.Match[str] | None:
    words = [re.escape(word) for word in quotation.split()]
    return re.search(r"\s+".join(words), instruction) if words else None


def _over_hole(stated: str, quotation: str) -> bool:
    """May the quotation stand in an instruction whose holes are not filled: as it is, or over one of the holes?"""
    words = [re.escape(word) for word in quotation.split()]
    parts = [r"\s+".join(words)]
    for cut in range(1, len(words)):
        parts += [r"\s+".join(words[:cut]) + r"\s*\S*\{\{", r"\}\}\S*\s*" + r"\s+".join(words[cut:])]
    return any(re.search(part, stated) for part in parts)


def _short(text: str) -> str:
    clear = " ".join(text.split())
    return f"`{clear[:80]}…`" if len(clear) > 80 else f"`{clear}`"


def _hint(instruction: str, quotation: str) -> str:
    if _find(instruction.lower(), quotation.lower()) is not None:
        return "it differs only in upper and lower case"
    words = quotation.split()
    for count in range(len(words) - 1, 2, -1):
        if _find(instruction, " ".join(words[:count])) is not None:
            return f"it says `{' '.join(words[:count])}`, but then goes on differently"
    return "quote word for word what the agent is told"
