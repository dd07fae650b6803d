"""The instruction as a text to search: its sentences, and where a part of it stands in the source."""

from __future__ import annotations

import re
from typing import NamedTuple

from clawc.compiler.model import Task
from clawc.spec.ast import Span

_END = re.compile(r"(?<=[.!?])[\"')]?\s+(?=[\"'(`*]?[A-Z0-9{])|\n\s*\n|\n\s*(?=(?:[-*]|\d+[.)])\s)|;\s+")
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
        match = re.compile(r"\s+".join(re.escape(w) for w in words[:count])).search(text, task.instruction_span.start)
        if match is not None and _told_there(task, match.start()):
            return Span(*match.span())
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
