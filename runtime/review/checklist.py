"""What a reviewer goes through, with the severity that each point has unless another is given. The tags are meant to be used again and again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from clawc.spec.review import Decision, Severity


class Question(NamedTuple):
    """One point of the list: a box that is ticked says that the task has this fault."""

    tag: str
    severity: Severity
    text: str


QUESTIONS: tuple[Question, ...] = (
    Question("accepts_wrong", "high", "A wrong or lazy answer would pass."),
    Question("rejects_right", "high", "A right answer would fail."),
    Question("hidden_requirement", "high", "A check asks for something that the instruction does not say."),
    Question("answer_leak", "high", "Instruction or files give the answer away."),
    Question("factual_error", "medium", "The instruction is wrong, or contradicts itself or the files."),
    Question("ambiguous", "medium", "Two careful people could leave different answers, and one would fail."),
    Question("unchecked", "medium", "Something that is asked for is judged by no check."),
    Question("near_duplicate", "medium", "Nearly the same task is there already."),
    Question("unrealistic", "low", "Nobody would ask for this, or not like that."),
    Question("wording", "low", "The wording is clumsy, but clear."),
)
_BY_TAG = {each.tag: each for each in QUESTIONS}


def question(tag: str) -> Question | None:
    """The point of the list with this tag."""
    return _BY_TAG.get(tag)


def known_tags(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Tags to choose from: those of the list, then others that these decisions use, by name."""
    used = {finding.tag for decision in decisions for finding in decision.findings}
    return (*_BY_TAG, *sorted(used - _BY_TAG.keys()))
