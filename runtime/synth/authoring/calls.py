"""Calls of models that are never made twice: an answer counts once it is durable, and is found again by what was asked.

`calls.jsonl` has a line for each answer. Its key is the digest of all that an answer depends on: the model, the conversation, the
sampling and the constraint. A call that was cut off by a kill has no line and is made again; what failed for want of a model has none.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from clawc.runtime.engine.interface import ChatRequest, Constraint, EngineFailure, Finish, Object, Sampling
from clawc.runtime.engine.untyped import shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.ask import Asker, Tally
from clawc.runtime.store.journal import Journal, lines, open_journal, open_to_read
from clawc.spec.bundle import Strict

FILE = "calls.jsonl"
_TRIES = 4
_LONGEST_WAIT_S = 60.0
_MANY = 6  # failures in a row, after which nobody is asked any more


class CallRecord(Strict):
    """One line. `refused` is what an engine says that does not take the call, which it would not take the next time either."""

    format_version: Literal[1] = 1
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    draft: Annotated[str, Field(max_length=210)]
    stage: Annotated[str, Field(max_length=40)]
    model: Annotated[str, Field(max_length=400)]
    text: str = ""
    finish: Finish | None = None
    refused: Annotated[str, Field(max_length=1000)] = ""
    prompt_tokens: Annotated[int, Field(ge=0)] | None = None
    completion_tokens: Annotated[int, Field(ge=0)] | None = None
    cost: Annotated[str, Field(pattern=r"^[0-9.E+-]{1,60}$")] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A call that is wanted, for a stage of a draft."""

    draft: str
    stage: str
    messages: tuple[Object, ...]
    sampling: Sampling
    constraint: Constraint | None = None


@dataclass(slots=True)
class CallLog:
    """The answers of before, and where new ones go. `made` counts those that were asked for by this process."""

    folder: Path
    known: dict[str, CallRecord] = field(default_factory=dict[str, CallRecord])
    made: int = 0
    _journal: Journal | None = None

    def open(self) -> None:
        """Raises RuntimeFault R0202 where another process writes there, R0206 for a file that is none of ours."""
        path = self.folder / FILE
        self._journal = open_journal(path)
        end = 0
        with open_to_read(path) as file:
            for line in lines(file, path):
                try:
                    record = CallRecord.model_validate_json(line.data)
                except ValidationError as error:
                    raise RuntimeFault(
                        "R0206", f"`{path}, line {line.number}` is no call of a model", "Give another work folder."
                    ) from error
                self.known[record.key] = record
                end = line.offset + len(line.data) + 1
        self._journal.cut(end)

    async def keep(self, record: CallRecord) -> None:
        """Returns once the answer is durable."""
        assert self._journal is not None
        await self._journal.write(record.model_dump_json(exclude_defaults=True).encode() + b"\n")
        self.known[record.key] = record

    async def close(self) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            await journal.close()


class Calls:
    """One model, asked by several drafts at once; answers go through a log that several models share."""

    def __init__(self, asker: Asker, model: str, log: CallLog, at_once: int, *, first_wait_s: float = 1.0) -> None:
        self.model = model
        self._asker = asker
        self._log = log
        self._turn = asyncio.Semaphore(at_once)
        self._first_wait_s = first_wait_s
        self._in_a_row = 0

    async def open(self) -> None:
        """Raises RuntimeFault if no call could be answered."""
        await self._asker.open()

    async def close(self) -> None:
        await self._asker.close()

    async def ask(self, question: Question) -> CallRecord:
        """The answer, from the log or from the model. Raises RuntimeFault R1007 where the model answers nobody, and what `Asker`
        raises; what is kept stays."""
        key = self._key(question)
        known = self._log.known.get(key)
        if known is not None:
            return known
        async with self._turn:
            record = await self._made(question, key)
            await self._log.keep(record)
            return record

    def _key(self, question: Question) -> str:
        depends = {
            "model": self.model,
            "messages": list(question.messages),
            "sampling": asdict(question.sampling),
            "constraint": asdict(question.constraint) if question.constraint else None,
        }
        return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()

    async def _made(self, question: Question, key: str) -> CallRecord:
        request = ChatRequest(question.messages, sampling=question.sampling, constraint=question.constraint)
        tally, last = Tally(), ""
        record = CallRecord(key=key, draft=question.draft, stage=question.stage, model=self.model[:400])
        for attempt in range(_TRIES):
            if self._in_a_row >= _MANY:
                raise _silent(self.model, "several calls in a row failed")
            try:
                answer = await self._asker.answer(request, tally)
            except EngineFailure as failure:
                if not failure.worth_a_try:
                    said = f"{failure.kind}: {shown(failure.message)[:900]}"
                    return record.model_copy(update={"refused": said, **_spent(tally)})
                self._in_a_row += 1
                last = shown(failure.message)[:300]
                wait = self._first_wait_s * 2**attempt if failure.retry_after_s is None else failure.retry_after_s
                await asyncio.sleep(min(wait, _LONGEST_WAIT_S))
                continue
            self._in_a_row = 0
            self._log.made += 1
            return record.model_copy(update={"text": answer.text, "finish": answer.finish, **_spent(tally)})
        raise _silent(self.model, last)


def _silent(model: str, why: str) -> RuntimeFault:
    return RuntimeFault(
        "R1007", f"`{model}` does not answer: {why}", "Run the same again once it does: all answers so far are kept."
    )


def _spent(tally: Tally) -> dict[str, object]:
    cost: Decimal | None = tally.cost
    return {
        "prompt_tokens": tally.prompt_tokens,
        "completion_tokens": tally.completion_tokens,
        "cost": None if cost is None else format(cost, "f"),
    }
