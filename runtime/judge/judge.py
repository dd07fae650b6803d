"""Judges rubrics by a model: two votes, each on the criteria in another order, and a third where they differ.

A model that answers, but not validly, gives `cannot_tell`. Only what lies outside of the evidence leaves something unjudged:
an EngineFailure of the transport is raised, and so is a fault of the model's settings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from clawc.runtime.engine.interface import EngineFailure
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.ask import Asker, Tally
from clawc.runtime.judge.control import control_of
from clawc.runtime.judge.evidence import WHOLE, Bounds, Evidence
from clawc.runtime.judge.prompt import Message, complaint, opening
from clawc.runtime.judge.records import (
    QUOTE_CHARACTERS,
    REASONING_CHARACTERS,
    CriterionJudgement,
    Quoted,
    RubricJudgement,
    SpokenLine,
    Vote,
    VoteOnCriterion,
)
from clawc.runtime.judge.reply import Opinion, read_reply
from clawc.runtime.judge.rubric import Rubric
from clawc.runtime.judge.view import Examined, View, examine
from clawc.runtime.judge.visible import visible
from clawc.runtime.judge.votes import decimal_share, differing, final_verdict, order_of, rubric_share
from clawc.runtime.sandbox.finish import in_thread
from clawc.spec.rubric import Decision
from clawc.spec.scoring import score_text

# Changes with every change of what a model is told or of how replies are read.
JUDGE_VERSION = 1
TRIES = 3
_SMALLEST = 1_000
_SPOKEN = 20

# The evidence of one rubric within bounds.
Source = Callable[[Bounds], Evidence]


class Cache(Protocol):
    """Judgements by what they follow from."""

    def find(self, key: str, rubric: Rubric) -> RubricJudgement | None: ...

    def put(self, key: str, judgement: RubricJudgement) -> None: ...


@dataclass(slots=True)
class Judge:
    """A model that judges. `identity` stands for all that its verdicts follow from beside rubric and evidence."""

    identity: str
    asker: Asker
    tries: int = TRIES
    cache: Cache | None = None
    _fits: dict[str, bool] = field(default_factory=dict[str, bool])

    async def takes(self, rubric: Rubric, tally: Tally) -> bool:
        """Whether the model takes the prompt of a rubric without any evidence: what it does not take then is no doing of an
        agent's."""
        name = rubric.prompt(range(len(rubric.items)))
        if name not in self._fits:
            view = Examined(Evidence(()), (), ()).view(False)
            try:
                await self.asker.ask(opening(rubric, range(len(rubric.items)), view), tally)
                self._fits[name] = True
            except EngineFailure as failure:
                if failure.kind not in ("context", "rejected"):
                    raise
                self._fits[name] = False
        return self._fits[name]


@dataclass(slots=True)
class _Hearing:
    """One rubric over one evidence, while it is judged."""

    judge: Judge
    rubric: Rubric
    source: Source
    tally: Tally
    bounds: Bounds
    examined: Examined
    digest: str

    async def shorten(self) -> bool:
        """Show half as much from now on; false if that is nothing any more."""
        sizes = [len((file.text or "").encode()) for file in self.examined.evidence.files]
        if sum(sizes) < _SMALLEST:
            return False
        self.bounds = Bounds(min(self.bounds.file, max(sizes)), min(self.bounds.all, sum(sizes))).half()
        self.examined = await in_thread(_examined, self.source, self.bounds)
        return True

    def view(self, redacted: bool) -> View:
        return self.examined.view(redacted)


async def judge_rubric(judge: Judge, rubric: Rubric, source: Source, tally: Tally) -> RubricJudgement:
    """One rubric, judged. Raises EngineFailure of the kinds `unavailable` and `broken`, RuntimeFault R0967 for a model that can
    judge nothing, and what `source` raises."""
    examined = await in_thread(_examined, source, WHOLE)
    digest = examined.evidence.digest
    key = cache_key(judge, rubric, digest)
    kept = judge.cache.find(key, rubric) if judge.cache is not None else None
    if kept is not None:
        return kept.model_copy(update={"cached": True})
    votes: list[Vote] = []
    if examined.readable:
        hearing = _Hearing(judge, rubric, source, tally, WHOLE, examined, digest)
        spoken = bool(examined.spoken)
        votes = [await _vote(hearing, 0, False), await _vote(hearing, 1, spoken)]
        if differing(_verdicts(votes[0]), _verdicts(votes[1])):
            votes.append(await _vote(hearing, 2, spoken))
    judgement = _judgement(rubric, examined, votes)
    sound = all(not each.fault for vote in votes for each in vote.criteria.values())
    if judge.cache is not None and votes and sound:
        judge.cache.put(key, judgement)
    return judgement


def cache_key(judge: Judge, rubric: Rubric, digest: str) -> str:
    """Stands for all that a judgement follows from."""
    parts = [judge.identity, rubric.prompt(range(len(rubric.items))), rubric.spec.model_dump_json(), digest]
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _examined(source: Source, bounds: Bounds) -> Examined:
    return examine(source(bounds))


async def _vote(hearing: _Hearing, number: int, redacted: bool) -> Vote:
    rubric = hearing.rubric
    order = order_of(len(rubric.items), number, hearing.digest)
    control = control_of(rubric.criteria, number, hearing.digest)
    found: dict[str, VoteOnCriterion] = {}
    wrong = dict.fromkeys(rubric.criteria, "")
    history: list[Message] = []
    tries = 0
    while wrong and tries < hearing.judge.tries:
        view = hearing.view(redacted)
        try:
            answer = await hearing.judge.asker.ask([*opening(rubric, order, view, control), *history], hearing.tally)
        except EngineFailure as failure:
            if failure.kind not in ("context", "rejected"):
                raise
            if failure.kind == "context" and await hearing.shorten():
                continue
            if not await hearing.judge.takes(rubric, hearing.tally):
                raise RuntimeFault(
                    "R0967", f"the model cannot be used: it does not even take the rubric alone: {failure.message}",
                    "Name a model with a longer context, or see its settings in claw.toml.",
                ) from failure  # fmt: skip
            wrong = dict.fromkeys(wrong, f"the model does not take the evidence: {visible(failure.message)[:200]}")
            break
        tries += 1
        reply = read_reply(answer.text, rubric.criteria, view, control.name)
        found |= {name: _said(opinion, view) for name, opinion in reply.opinions.items() if name in wrong}
        wrong = {name: why for name, why in reply.wrong.items() if name in wrong}
        if answer.finish not in ("stop", None) and wrong:
            wrong = dict.fromkeys(wrong, f"the reply did not end by itself ({answer.finish})")
        history = complaint(answer.text, wrong)
    found |= {name: VoteOnCriterion(verdict="cannot_tell", fault=why[:1_000]) for name, why in wrong.items()}
    return Vote(
        order=tuple(rubric.criteria[index] for index in order),
        tries=tries,
        redacted=redacted,
        shown_bytes=sum(len((file.text or "").encode()) for file in hearing.examined.evidence.files),
        criteria={name: found[name] for name in rubric.criteria},
    )


def _said(opinion: Opinion, view: View) -> VoteOnCriterion:
    decides = opinion.verdict != "cannot_tell"
    return VoteOnCriterion(
        verdict=opinion.verdict,
        reasoning=opinion.reasoning[:REASONING_CHARACTERS],
        evidence=tuple(Quoted(path=each.path, quote=each.quote[:QUOTE_CHARACTERS]) for each in opinion.evidence),
        spoken=decides and not all(view.quoted(each.path, each.quote, True) for each in opinion.evidence),
    )


def _verdicts(vote: Vote) -> dict[str, Decision]:
    return {name: each.verdict for name, each in vote.criteria.items()}


def _judgement(rubric: Rubric, examined: Examined, votes: Sequence[Vote]) -> RubricJudgement:
    verdicts: dict[str, Decision] = {
        name: final_verdict([vote.criteria[name] for vote in votes]) if votes else "cannot_tell"
        for name in rubric.criteria
    }
    evidence = examined.evidence
    notes = [*evidence.notes]
    notes += [f"{file.path[:1_000]!a}: {file.note}" for file in evidence.files if file.text is None]
    notes += [f"{file.path[:1_000]!a}: only its beginning was shown" for file in evidence.files if file.cut]
    spoken = [SpokenLine(path=s.path[:4_000], line=s.line, kind=s.kind) for s in examined.spoken[:_SPOKEN]]
    return RubricJudgement(
        name=rubric.spec.name,
        weight=rubric.spec.weight,
        share=score_text(decimal_share(rubric_share(rubric.spec, verdicts))),
        criteria=tuple(
            CriterionJudgement(name=each.name, points=each.points, verdict=verdicts[each.name])
            for each in rubric.spec.criteria
        ),
        votes=tuple(votes),
        injection=tuple(spoken),
        notes=tuple(notes[:200]),
    )
