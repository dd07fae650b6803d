"""The instruction as a text to search: its sentences, and where a part of it stands in the source."""

from __future__ import annotations

import re
from typing import NamedTuple

from clawc.compiler.elaborate.naming import shown_path
from clawc.compiler.model import Task
from clawc.spec.ast import Span

_END = re.compile(
    r"(?<=[.!?])[\"')]?\s+(?=[\"'(`*]?[A-Z0-9{])|(?<=\w\w\w[.!?])\s+(?=`?[\w-]+/[\w./-]*\.\w)|\n\s*\n|\n\s*(?=(?:[-*]|\d+[.)])\s)|;\s+"
)
_WORD = re.compile(r"\S+")
MAX_WORDS = 8


class Sentence(NamedTuple):
    """A sentence or list item, with its place in what is told."""

    text: str
    start: int
    end: int


def sentences(told: str) -> list[Sentence]:
    """The sentences, list items and paragraphs of a text."""
    found: list[Sentence] = []
    at = 0
    for cut in [*_END.finditer(told), None]:
        end = len(told) if cut is None else cut.start()
        text = told[at:end]
        if text.strip():
            found.append(Sentence(" ".join(text.split()), at, end))
        at = len(told) if cut is None else cut.end()
    return found


def span_of(task: Task, start: int, end: int) -> Span:
    """Where a part of what is told stands in the source; the head of the instruction where it comes from an asset."""
    words = _WORD.findall(task.told[start:end])
    text = task.source.text
    for count in range(min(len(words), MAX_WORDS), 0, -1):
        pattern = re.compile(r"\s+".join(re.escape(w) for w in words[:count]))
        there = [m for m in pattern.finditer(text, task.instruction_span.start) if _told_there(task, m.start())]
        if there:
            before = len(pattern.findall(task.told[:start]))  # which of several it is
            return Span(*there[min(before, len(there) - 1)].span())
    first = text.find("\n", task.instruction_span.start)
    head = task.instruction_span.end if first < 0 else min(first, task.instruction_span.end)
    return Span(task.instruction_span.start, head)


def _told_there(task: Task, at: int) -> bool:
    """Does an offset of the source lie in the instruction or in a turn?"""
    spans = [task.instruction_span, *task.turn_spans]
    return any(span.start <= at < span.end for span in spans)


def names(text: str, name: str) -> bool:
    """Does a text name a column, key or section, however its words are joined?"""
    return spelled(name) in spelled(text)


_JOINTS = re.compile(r"[\s_\-./`\"'*]+")


def spelled(text: str) -> str:
    """A text without case, with one blank for all that joins words."""
    return _JOINTS.sub(" ", text).casefold().strip()


def asking(task: Task) -> list[tuple[Sentence, tuple[tuple[int, str], ...]]]:
    """Every sentence of what is told, with the places where it names a deliverable."""
    return [(sentence, _named_in(task, sentence)) for sentence in sentences(task.told)]


def _named_in(task: Task, sentence: Sentence) -> tuple[tuple[int, str], ...]:
    found: set[tuple[int, str]] = set()
    for deliver in task.delivers:
        shown = shown_path(deliver.binding)
        for match in re.finditer(rf"(?<![\w./-]){re.escape(shown)}(?![\w/-]|\.\w)", task.told[: sentence.end]):
            if match.start() >= sentence.start:
                found.add((match.start(), deliver.name))
    return tuple(sorted(found))
