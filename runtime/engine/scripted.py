"""An engine that says what a file lists, for tests and for trying out agents: as models do it, and as upstreams fail.

The step follows from how many answers the conversation already holds, so it is the same however often it is asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError, model_validator

from clawc.runtime.engine.interface import (
    ChatRequest,
    ConstraintKind,
    EngineFailure,
    Piece,
    Tap,
    TokenUsage,
    ToolCallPiece,
)
from clawc.runtime.engine.untyped import shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.regular_file import read_regular
from clawc.spec.bundle import Strict

_BYTES = 16 << 20
_PART = 16


class Call(Strict):
    """A call of a tool; `raw` stands in place of the arguments as JSON."""

    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    raw: str | None = None

    @property
    def text(self) -> str:
        return json.dumps(self.arguments) if self.raw is None else self.raw


class Step(Strict):
    """One answer: `text`, or calls of tools (one by `tool`, several by `calls`), or both; after `wait_s`. With `fail` it is a failure
    instead, the first `times` times that this step is asked for, always unless given: a kind of EngineFailure, or `cut`, which breaks off
    in the middle."""

    text: str = ""
    reasoning: str = ""
    tool: str = ""
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    raw: str | None = None
    calls: tuple[Call, ...] = ()
    finish: Literal["stop", "length", "tool_calls", "content_filter"] | None = None
    wait_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    fail: Literal["", "unavailable", "broken", "refused", "rejected", "context", "cut"] = ""
    times: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Step:
        if self.tool and self.calls:
            raise ValueError("give `tool` or `calls`")
        return self

    @property
    def all_calls(self) -> tuple[Call, ...]:
        return (Call(tool=self.tool, arguments=self.arguments, raw=self.raw),) if self.tool else self.calls


_STEPS: TypeAdapter[list[Step]] = TypeAdapter(list[Step])


class ScriptedEngine:
    """An Engine; after its last step it repeats that one. It says what its script says, whatever it is to be held to."""

    constrains: frozenset[ConstraintKind] = frozenset(("grammar", "schema"))

    def __init__(self, steps: list[Step], name: str) -> None:
        self.name = name
        self._steps = steps
        self._asked: Counter[tuple[int, str]] = Counter()

    @staticmethod
    def of_file(path: Path) -> ScriptedEngine:
        """Raises RuntimeFault R0962 if the file is no script."""
        try:
            data = read_regular(path, _BYTES).data
        except OSError as error:
            raise RuntimeFault("R0962", f"cannot read `{path}`: {error.strerror}") from error
        try:
            steps = _STEPS.validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = shown(".".join(str(part) for part in first["loc"]))[:200] or "start"
            raise RuntimeFault(
                "R0962", f"`{path}` is no script of a model: at `{where}`: {first['msg'][:1].lower()}{first['msg'][1:]}",
                'A script is a list: [{"tool": "exec", "arguments": {"command": "ls"}}, {"text": "done"}]',
            ) from error  # fmt: skip
        if not steps:
            raise RuntimeFault("R0962", f"`{path}` has no step")
        return ScriptedEngine(steps, f"scripted:{path.name}#{hashlib.sha256(data).hexdigest()[:8]}")

    async def open(self) -> None:
        """Nothing to do."""

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        number = sum(message.get("role") == "assistant" for message in request.messages)
        step = self._steps[min(number, len(self._steps) - 1)]
        tap(self.name, "bytes", step.model_dump_json(exclude_defaults=True).encode())
        await asyncio.sleep(step.wait_s)
        fails = bool(step.fail) and self._fails(number, step, request)
        if fails and step.fail != "cut":
            kind = step.fail or "broken"
            raise EngineFailure(kind, f"the script says `{kind}`")
        for text in _parts(step.reasoning):
            yield Piece(reasoning=text)
        for text in _parts(step.text):
            yield Piece(content=text)
            if fails:
                raise EngineFailure("broken", "the script says `cut`")
        for index, call in enumerate(step.all_calls):
            yield Piece(tool_calls=(ToolCallPiece(index, f"call{index}", call.tool),))
            for text in _parts(call.text):
                yield Piece(tool_calls=(ToolCallPiece(index, arguments=text),))
        if fails:
            raise EngineFailure("broken", "the script says `cut`")
        said = sum(len(call.text) for call in step.all_calls) + len(step.text)
        usage = TokenUsage(_size(request.messages) // 4, said // 4 + 1)
        yield Piece(finish=step.finish or ("tool_calls" if step.all_calls else "stop"), usage=usage, model=self.name)

    async def close(self) -> None:
        """Nothing to do."""

    def _fails(self, number: int, step: Step, request: ChatRequest) -> bool:
        if step.times is None:
            return True
        key = (number, hashlib.sha256(json.dumps(list(request.messages), sort_keys=True).encode()).hexdigest())
        self._asked[key] += 1
        return self._asked[key] <= step.times


def _parts(text: str) -> list[str]:
    return [text[at : at + _PART] for at in range(0, len(text), _PART)]


def _size(messages: tuple[Mapping[str, object], ...]) -> int:
    return sum(len(str(message.get("content") or "")) for message in messages)
