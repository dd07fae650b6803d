"""What is asked of models for one draft, stage by stage. Each stage asks, reads the answer as a stranger's words, and drops the draft
with a reason or lets it go on; nothing here runs or compiles anything."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from clawc.runtime.engine.interface import Constraint, Object, Sampling
from clawc.runtime.judge.injection import speaking
from clawc.runtime.judge.visible import visible
from clawc.runtime.synth.authoring import blueprint, rubric
from clawc.runtime.synth.authoring.blueprint import Blueprint, against_text
from clawc.runtime.synth.authoring.calls import CallRecord, Calls, Question
from clawc.runtime.synth.authoring.drafts import Draft
from clawc.runtime.synth.authoring.examples import nearest
from clawc.runtime.synth.authoring.ideas import Idea
from clawc.runtime.synth.authoring.prompts import rendered
from clawc.runtime.synth.authoring.replies import read_source, schema_of
from clawc.runtime.synth.authoring.reviewing import Opinion, disputed, faults, review_prompt
from clawc.runtime.synth.authoring.rubric import ProposedRubric, rubric_prompt
from clawc.runtime.synth.authoring.writing import mended, written
from clawc.runtime.synth.replies import read_object

T = TypeVar("T", bound=BaseModel)
_READ, _READ_FILES = 64_000, 24  # bytes of a file, and files, that are searched for words to a judge
_ASKED_TWICE = 2  # answers that are asked for where one does not count
_TOKENS = {"blueprint": 2_000, "write": 5_000, "review": 1_200, "rubric": 1_000, "annotate": 1_000}
_HEAT = {"blueprint": 0.8, "write": 0.6, "repair": 0.2, "review": 0.7, "rubric": 0.2, "annotate": 0.2}


@dataclass(frozen=True, slots=True)
class SkillBrief:
    """A skill as prompts tell of it: its name, what it says of itself, and the states of files that it takes and leaves."""

    name: str
    says: str
    pre: str
    post: str


@dataclass(frozen=True, slots=True)
class Models:
    """Who writes and who reviews. `pinned` is what the settings say of sampling, over what a stage would choose; `grammar` and
    `schemas` say to what the writer can be held, `review_schemas` to what the reviewer can."""

    writer: Calls
    reviewer: Calls
    seed: int
    pinned: Sampling
    most_tokens: int
    grammar: Constraint | None = None
    schemas: bool = False
    review_schemas: bool = False

    def sampling(self, stage: str, draft: str, number: int) -> Sampling:
        """How the tokens of an answer are drawn: with a seed of its own for each draft, stage and number."""
        digest = hashlib.sha256(f"{self.seed} {draft} {stage} {number}".encode()).digest()
        heat = _HEAT[stage] if self.pinned.temperature is None else self.pinned.temperature
        most = min(self.most_tokens, _TOKENS.get(stage, _TOKENS["write"]))
        return Sampling(most, heat, self.pinned.top_p, self.pinned.top_k, int.from_bytes(digest[:4], "big") >> 1)


async def plan(draft: Draft, models: Models, skills: Sequence[SkillBrief]) -> None:
    """Asks for a plan."""
    idea = draft.idea
    text = rendered("blueprint", name=idea.name, idea=idea, skills=skills, schema=schema_of(Blueprint))
    found = await _object(
        draft, models.writer, models, "blueprint", ({"role": "user", "content": text},), Blueprint, models.schemas
    )
    if isinstance(found, str):
        draft.drop("blueprint", found)
        return
    why = blueprint.against(found, idea)
    if why:
        draft.drop("blueprint", why)
    else:
        draft.plan, draft.stage = found, "write"


async def write(draft: Draft, models: Models, seed: int, skills: Sequence[SkillBrief]) -> None:
    """Asks for a file: the first one, or the next one after what is known to be wrong."""
    assert draft.plan is not None
    told = [{"name": each.name, "says": each.says} for each in skills]
    if not draft.rounds:
        draft.opening = written(draft.idea, draft.plan, nearest(seed, draft.idea), told)
        messages = draft.opening
    else:
        messages = mended(draft.opening, draft.source or draft.reply, draft.findings, draft.wrong)
    stage = "repair" if draft.rounds else "write"
    said = await _ask(draft, models.writer, models, stage, messages, draft.rounds, models.grammar)
    if said.refused.startswith("context") and not draft.rounds:
        # What a small model has no room for are the examples.
        draft.opening = written(draft.idea, draft.plan, (), told)
        said = await _ask(draft, models.writer, models, stage, draft.opening, draft.rounds, models.grammar)
    draft.rounds += 1
    draft.findings, draft.wrong, draft.source, draft.reply = (), "", "", said.text
    problem = _no_answer(said)
    if problem and not said.text:
        draft.drop("write", problem)
        return
    try:
        if problem:
            raise ValueError(problem)
        draft.source = read_source(said.text)
    except ValueError as error:
        draft.wrong = str(error)


async def review(draft: Draft, models: Models) -> None:
    """Asks whether the task has a fault that no compiler sees."""
    tried = draft.tried
    assert tried is not None and tried.note is not None
    note = tried.note
    files = {path: b64decode(data) for path, data in note.files.items()}
    read = [data[:_READ].decode("utf-8", "ignore") for _, data in sorted(files.items())[:_READ_FILES]]
    texts = [draft.source[:_READ], note.instruction[:_READ], *read]
    if any(speaking(text) for text in texts):
        draft.drop("review", "text that speaks to its judge")
        return
    why = against_text(note.instruction, note.instruction)
    if why:
        draft.drop("review", why)
        return
    for vote in range(3):
        if vote == 2 and not disputed(*draft.votes):
            break
        text = review_prompt(note.instruction, files, draft.source, vote, note.structure)
        found = await _object(
            draft,
            models.reviewer,
            models,
            "review",
            ({"role": "user", "content": text},),
            Opinion,
            models.review_schemas,
            vote,
        )
        if isinstance(found, str):
            draft.drop("review", f"no vote: {found}")
            return
        draft.votes.append(found)
    found_faults = faults(draft.votes)
    if found_faults:
        draft.drop("review", ", ".join(found_faults))
    else:
        draft.stage = "rubric"


async def propose_rubric(draft: Draft, models: Models) -> None:
    """Asks for what checks cannot see. A proposal that does not count leaves the task without a rubric."""
    tried = draft.tried
    assert tried is not None and tried.note is not None
    text = rubric_prompt(tried.note.instruction, draft.source, tried.note.deliverables)
    found = await _object(
        draft, models.writer, models, "rubric", ({"role": "user", "content": text},), ProposedRubric, models.schemas
    )
    if not isinstance(found, str) and not found.skip and not rubric.against(found, tried.note.deliverables):
        draft.rubric = found
    draft.stage = "taken"


async def _object(
    draft: Draft, calls: Calls, models: Models, stage: str, messages: tuple[Object, ...], kind: type[T], held: bool, number: int = 0
) -> T | str:  # fmt: skip
    """The object of an answer, or what is wrong with the last one."""
    constraint = Constraint("schema", schema_of(kind)) if held else None
    conversation, why = messages, ""
    for attempt in range(_ASKED_TWICE):
        said = await _ask(draft, calls, models, stage, conversation, number * _ASKED_TWICE + attempt, constraint)
        why = _no_answer(said)
        if said.refused:
            return why
        if not why:
            try:
                return read_object(said.text, kind)
            except ValueError as error:
                why = str(error)
        last: Object = {"role": "assistant", "content": visible(said.text[:8_000]) or "(nothing)"}
        conversation = (*messages, last, {"role": "user", "content": rendered("complaint", why=visible(why)[:400])})
    return why


async def _ask(
    draft: Draft, calls: Calls, models: Models, stage: str, messages: tuple[Object, ...], number: int, constraint: Constraint | None
) -> CallRecord:  # fmt: skip
    sampling = models.sampling(stage, draft.idea.name, number)
    said = await calls.ask(Question(draft.idea.name, stage, messages, sampling, constraint))
    draft.calls.append(said)
    return said


def _no_answer(said: CallRecord) -> str:
    if said.refused:
        return f"the model does not take the call: {said.refused}"[:280]
    if said.finish == "length":
        return "the answer was cut off at its longest; give a shorter one"
    if said.finish == "content_filter":
        return "the model gave no answer by its own rules"
    if said.finish == "tool_calls":
        return "the model called a tool where there is none"
    return "" if said.text.strip() else "the answer is empty"


def told_of(idea: Idea) -> str:
    """The idea in a line, for people."""
    return (
        f"{idea.name}: {idea.scenario}; {', '.join(name for name, _ in idea.operations)}; {', '.join(idea.formats)}"
        + (f"; skills {' > '.join(idea.skills)}" if idea.skills else "")
    )
