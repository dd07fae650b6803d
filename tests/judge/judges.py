"""Models that judge as a test says, and replies as they should be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path

from clawc.runtime.engine.interface import ChatRequest, Engine, EngineFailure, Piece, Sampling, Tap, TokenUsage
from clawc.runtime.gateway.budget import Budget
from clawc.runtime.judge.ask import Asker, Tally
from clawc.runtime.judge.evidence import Bounds, Evidence, given
from clawc.runtime.judge.judge import Cache, Judge, judge_rubric
from clawc.runtime.judge.records import RubricJudgement
from clawc.runtime.judge.rubric import Read, Rubric
from clawc.spec.rubric import CriterionSpec, EvidenceRef, RubricSpec, reply_schema

REPORT = "output/report.md"
HONEST = "# Summary\nBilling stopped because its disk was full.\n# Next steps\n- Add disk space for billing.\n"


class Saying:
    """An Engine that says what `say` makes of the prompt and of how many answers came before; `asked` are the prompts."""

    name = "saying"
    priced = True

    def __init__(self, say: Callable[[str, int], str], usage: TokenUsage | None = None, finish: str = "stop") -> None:
        self.asked: list[str] = []
        self.requests: list[ChatRequest] = []
        self.opened = self.closed = 0
        self._say = say
        self._usage = usage
        self._finish = finish

    async def open(self) -> None:
        self.opened += 1

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        prompt = str(request.messages[0]["content"])
        self.asked.append(prompt)
        self.requests.append(request)
        await asyncio.sleep(0)
        text = self._say(prompt, sum(message["role"] == "assistant" for message in request.messages))
        for at in range(0, len(text), 50):
            yield Piece(content=text[at : at + 50])
        yield Piece(finish=self._finish, usage=self._usage)  # type: ignore[arg-type]

    async def close(self) -> None:
        self.closed += 1


def failing(kind: str, message: str = "no") -> Callable[[str, int], str]:
    def say(prompt: str, number: int) -> str:
        raise EngineFailure(kind, message)  # type: ignore[arg-type]

    return say


def opinion(verdict: str, *quotes: str, path: str = REPORT) -> dict[str, object]:
    evidence = [{"path": path, "quote": quote} for quote in quotes]
    return {"evidence": evidence, "reasoning": "because", "verdict": verdict}


def reply(**criteria: Mapping[str, object]) -> str:
    return json.dumps(criteria)


def rubric(*criteria: str, reads: Sequence[Read] = (Read(REPORT, False),), points: Sequence[str] = ()) -> Rubric:
    """A rubric whose criteria are worth as many points, or one each."""
    names = criteria or ("causes", "plain")
    worth = points or ["1"] * len(names)
    spec = RubricSpec(
        name="usefulness",
        weight="1",
        reads=tuple(EvidenceRef(name=f"d{n}", path=read.path) for n, read in enumerate(reads)),
        criteria=tuple(CriterionSpec(name=n, points=p, text=f"Is {n} so?") for n, p in zip(names, worth)),
        reply=reply_schema(names),
    )
    items = tuple(f"`{name}` (1 point): Is {name} so?" for name in names)
    return Rubric(spec, tuple(reads), "# Rubric `usefulness`\n\n## Criteria\n", items, "\n## Reply\n\nOne object.\n")


def asker(engine: Engine, budget: Budget | None = None) -> Asker:
    return Asker(engine, Sampling(temperature=0.0), budget or Budget())


def verdict(
    engine: Engine,
    text: str | Mapping[str, str] = HONEST,
    of: Rubric | None = None,
    tries: int = 3,
    cache: Cache | None = None,
    tally: Tally | None = None,
) -> RubricJudgement:
    """What a model says of a report, or of files."""
    files = {REPORT: text} if isinstance(text, str) else text
    asked = of or rubric()

    def source(bounds: Bounds) -> Evidence:
        return given(list(files.items()), asked.reads, bounds)

    judge = Judge("saying#1", asker(engine), tries, cache)
    return asyncio.run(judge_rubric(judge, asked, source, tally or Tally()))


def verdicts(found: RubricJudgement) -> dict[str, str]:
    return {each.name: each.verdict for each in found.criteria}


def write_steps(path: Path, *steps: Mapping[str, object]) -> str:
    """The name of a scripted model."""
    path.write_text(json.dumps(steps), encoding="utf-8")
    return f"scripted:{path}"
