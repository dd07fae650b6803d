"""What models say against a task: five questions, two votes, and a third one where those do not agree.

A vote is one answer to all questions, in an order of its own. A fault counts if most votes find it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from clawc.runtime.judge.visible import visible
from clawc.runtime.judge.votes import order_of
from clawc.runtime.synth.authoring.prompts import mark_for, rendered
from clawc.runtime.synth.authoring.replies import schema_of
from clawc.spec.bundle import Strict

QuestionName = Literal["factual_error", "answer_leak", "ambiguity", "hidden_requirement", "realism"]
_SHOWN_FILES, _SHOWN_CHARACTERS, _SHOWN_SOURCE = 8, 1_600, 24_000


class Asked(NamedTuple):
    name: QuestionName
    text: str


QUESTIONS = (
    Asked("factual_error", "does the instruction say something false, contradict itself or the files, or name what is not there?"),
    Asked("answer_leak", "do the instruction or the files give away a value that is to be found, so that no work is needed for it?"),
    Asked("ambiguity", "could two careful people who follow the instruction leave different values, of which the checks accept only one?"),
    Asked("hidden_requirement", "do the checks ask for something that the instruction does not say and that nobody takes for granted?"),
    Asked("realism", "is it something that this person would hardly ever ask an assistant for, or would not put like that?"),
)  # fmt: skip
NAMES: tuple[QuestionName, ...] = tuple(each.name for each in QUESTIONS)


class Verdict(Strict):
    found: bool
    why: Annotated[str, Field(max_length=600)] = ""


class Opinion(Strict):
    """One vote."""

    factual_error: Verdict
    answer_leak: Verdict
    ambiguity: Verdict
    hidden_requirement: Verdict
    realism: Verdict

    def of(self, name: QuestionName) -> Verdict:
        """The verdict on a question."""
        found: Verdict = getattr(self, name)
        return found


class ShownFile(NamedTuple):
    path: str
    text: str


def review_prompt(instruction: str, files: Mapping[str, bytes], source: str, vote: int, digest: str) -> str:
    """The question of a vote; `digest` is that of the task, which the order of the questions follows from."""
    shown = tuple(_shown(path, data) for path, data in sorted(files.items())[:_SHOWN_FILES])
    told, checks = visible(instruction), visible(source[:_SHOWN_SOURCE])
    mark = mark_for(told, checks, *(each.text for each in shown))
    questions = [QUESTIONS[place] for place in order_of(len(QUESTIONS), vote, digest)]
    return rendered(
        "judge", questions=questions, instruction=told, files=shown, source=checks, mark=mark, schema=schema_of(Opinion)
    )


def disputed(first: Opinion, second: Opinion) -> bool:
    """Whether a third vote is needed."""
    return any(first.of(name).found != second.of(name).found for name in NAMES)


def faults(votes: Sequence[Opinion]) -> tuple[QuestionName, ...]:
    """The faults that most votes find."""
    return tuple(name for name in NAMES if 2 * sum(vote.of(name).found for vote in votes) > len(votes))


def _shown(path: str, data: bytes) -> ShownFile:
    try:
        text = data[: 4 * _SHOWN_CHARACTERS].decode(
            "utf-8", "strict" if len(data) <= 4 * _SHOWN_CHARACTERS else "ignore"
        )
    except UnicodeDecodeError:
        return ShownFile(path, f"({len(data)} bytes that are no text)")
    if "\0" in text:
        return ShownFile(path, f"({len(data)} bytes that are no text)")
    cut = text[:_SHOWN_CHARACTERS]
    return ShownFile(path, visible(cut) + ("" if len(cut) == len(text) else "\n(and more)"))
