"""What a judge leaves behind, as pydantic models: `judgements/<id>.jsonl` of a run folder, and entries of the cache."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from clawc.runtime.records import Key, Share
from clawc.spec.bundle import Name, Sha256, Strict
from clawc.spec.rubric import Decision, Points

JUDGEMENT_FORMAT_VERSION = 1
# What is kept of a reply's texts.
QUOTE_CHARACTERS = 500
REASONING_CHARACTERS = 1_000

_Count = Annotated[int, Field(ge=0, lt=1 << 50)]


class Quoted(Strict):
    """A quotation that was found in its file; a long one is kept by its beginning."""

    path: Annotated[str, Field(max_length=4_000)]
    quote: Annotated[str, Field(max_length=QUOTE_CHARACTERS)]


class VoteOnCriterion(Strict):
    """One vote on one criterion. `fault` says why the model gave none that counts; the verdict is `cannot_tell` then. `spoken` if a
    quotation stands only in what speaks to the judge, which other votes do not see."""

    verdict: Decision
    reasoning: Annotated[str, Field(max_length=REASONING_CHARACTERS)] = ""
    evidence: Annotated[tuple[Quoted, ...], Field(max_length=32)] = ()
    fault: Annotated[str, Field(max_length=1_000)] = ""
    spoken: bool = False


class Vote(Strict):
    """One vote on a rubric: the order of the criteria, how many answers it took, whether what speaks to the judge was left
    out, and how many bytes of the evidence were shown."""

    order: Annotated[tuple[Name, ...], Field(max_length=64)]
    tries: _Count
    redacted: bool = False
    shown_bytes: _Count
    criteria: Annotated[dict[Name, VoteOnCriterion], Field(max_length=64)]


class CriterionJudgement(Strict):
    """What the votes came to; `points` are earned if it is `met`."""

    name: Name
    points: Points
    verdict: Decision


class SpokenLine(Strict):
    """A line of a deliverable that speaks to the judge; line 0 is the file's name."""

    path: Annotated[str, Field(max_length=4_000)]
    line: _Count
    kind: str


class RubricJudgement(Strict):
    """One rubric, judged. `share` is the part of its points that is earned. `injection` are the first lines that speak to the
    judge, `notes` what it was not shown; `cached` if nothing had to be asked."""

    name: Name
    weight: Points
    share: Share
    criteria: Annotated[tuple[CriterionJudgement, ...], Field(max_length=64)]
    votes: Annotated[tuple[Vote, ...], Field(max_length=3)]
    injection: Annotated[tuple[SpokenLine, ...], Field(max_length=20)] = ()
    notes: Annotated[tuple[str, ...], Field(max_length=200)] = ()
    cached: bool = False


class JudgementRecord(Strict):
    """One line of `judgements/<id>.jsonl`: the attempt `key`, judged by the model `judge`. `R` and `G` as in spec/scoring.md;
    `asked` is false where the score does not hang on `R`, which is 0 then. Tokens and cost are those of the calls that were
    made for it; `judged` is the time of it."""

    format_version: Literal[1] = 1
    key: Key
    task: str
    bundle_id: Sha256
    judge: str
    asked: bool
    R: Share
    G: Literal["0", "1"]
    rubrics: Annotated[tuple[RubricJudgement, ...], Field(max_length=64)] = ()
    calls: _Count = 0
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    cost: str | None = None
    judged: str
    seconds: float

    model_config = ConfigDict(allow_inf_nan=False)
