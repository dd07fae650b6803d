"""The loop agent: a model, the tools of a sandbox, and turns. It runs beside the runner, so nothing in the sandbox can reach its line
to the model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from clawc.runtime.bundle import Bundle
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.gateway.line import Line, Reply
from clawc.runtime.harness.interface import Final, Task, Tools
from clawc.runtime.harness.loop.calls import ToolCalls
from clawc.runtime.harness.loop.schemas import schemas
from clawc.runtime.harness.loop.settings import LoopSettings, Turn
from clawc.runtime.trajectory.records import Message, MessageUsage, ToolCall


class Loop:
    """The Harness `loop`."""

    endpoint: Literal["runner"] = "runner"

    def __init__(self, settings: LoopSettings, model: ModelChoice) -> None:
        self.model = model
        self.settings = settings
        digest = f"#{settings.digest}" if settings.digest else ""
        self.name = f"loop{digest}@{model.name}"

    def agent(self, bundle: Bundle) -> LoopAgent:
        deliverables = tuple(each.path for each in bundle.manifest.deliverables if each.shape == "file")
        return LoopAgent(self.settings, deliverables)


@dataclass(slots=True)
class _Answer:
    message: Mapping[str, object]
    finish: str
    prompt_tokens: int
    completion_tokens: int
    id: str

    @property
    def calls(self) -> Sequence[Mapping[str, object]]:
        return cast("Sequence[Mapping[str, object]]", self.message.get("tool_calls") or ())

    @property
    def text(self) -> str:
        return str(self.message.get("content") or "")


@dataclass(slots=True)
class LoopAgent:
    settings: LoopSettings
    deliverables: tuple[str, ...] = ()
    _given: dict[int, int] = field(default_factory=dict[int, int])

    async def run(self, task: Task, tools: Tools) -> Final:
        line = task.line
        if line is None:
            return Final("", "error", "the loop agent has no model")
        offered = schemas(self.settings.tools)
        task.note("tools", {"tools": offered})
        messages: list[Mapping[str, object]] = []
        if self.settings.system:
            _say(task, messages, "system", self.settings.system)
        _say(task, messages, "user", task.instruction)
        runner, turns, acted = ToolCalls(tools, self.settings), list(task.turns), False
        for number in range(self.settings.steps):
            answer = await self._ask(line, messages, offered, number < self.settings.demand)
            if isinstance(answer, Final):
                return answer
            messages.append(answer.message)
            task.note("message", {"message": _noted(answer)})
            if answer.calls:
                acted = True
                for call in answer.calls:
                    await self._act(task, runner, messages, call)
            else:
                said = turns.pop(0) if turns else await self._turn(answer, acted, tools)
                if said is None:
                    cut = answer.finish == "length"
                    return Final(
                        answer.text, "truncated" if cut else "done", "the last answer was cut off" if cut else ""
                    )
                acted = False
                _say(task, messages, "user", said)
            if self.settings.context and answer.prompt_tokens + answer.completion_tokens >= self.settings.context:
                return Final(answer.text, "truncated", f"the conversation exceeded {self.settings.context} tokens")
        return Final("", "truncated", f"the agent exceeded {self.settings.steps} steps")

    async def _ask(
        self, line: Line, messages: Sequence[Mapping[str, object]], offered: Sequence[object], demanded: bool
    ) -> _Answer | Final:
        call: dict[str, object] = {"model": line.rules.model, "messages": list(messages)}
        if offered:
            call["tools"] = list(offered)
            if demanded:
                call["tool_choice"] = self._demand()
        reply = await line.chat(json.dumps(call, ensure_ascii=False).encode("utf-8", "replace"), "harness")
        found = cast("Mapping[str, object]", json.loads(reply.body))
        if reply.status != 200:
            return _ending(reply, found)
        line.delivered(reply.number)
        choice = cast("Sequence[Mapping[str, object]]", found["choices"])[0]
        usage = cast("Mapping[str, int]", found["usage"])
        return _Answer(
            cast("Mapping[str, object]", choice["message"]), str(choice["finish_reason"]), usage["prompt_tokens"],
            usage["completion_tokens"], str(found["id"]),
        )  # fmt: skip

    def _demand(self) -> object:
        """A tool, whichever; with only one to choose from, that one."""
        names = self.settings.tools
        return {"type": "function", "function": {"name": names[0]}} if len(names) == 1 else "required"

    async def _act(
        self, task: Task, runner: ToolCalls, messages: list[Mapping[str, object]], call: Mapping[str, object]
    ) -> None:
        function = cast("Mapping[str, str]", call["function"])
        result = await runner.run(function["name"], function["arguments"])
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": result.text})
        shown = Message(
            role="tool",
            content=result.text,
            tool_call_id=str(call["id"]),
            name=function["name"][:200],
            failed=not result.ok,
        )
        task.note("message", {"message": shown.model_dump(mode="json", exclude_defaults=True)})

    async def _turn(self, answer: _Answer, acted: bool, tools: Tools) -> str | None:
        """What the agent is told next, if anything."""
        for number, turn in enumerate(self.settings.turns):
            if self._given.get(number, 0) < turn.times and await self._holds(turn, answer, acted, tools):
                self._given[number] = self._given.get(number, 0) + 1
                return turn.text
        return None

    async def _holds(self, turn: Turn, answer: _Answer, acted: bool, tools: Tools) -> bool:
        if turn.when == "cut":
            return answer.finish == "length"
        if turn.when == "idle":
            return not acted
        if turn.when == "missing":
            return not await tools.exist(self.deliverables)
        return True


def _say(task: Task, messages: list[Mapping[str, object]], role: Literal["system", "user"], text: str) -> None:
    messages.append({"role": role, "content": text})
    task.note("message", {"message": Message(role=role, content=text).model_dump(mode="json", exclude_defaults=True)})


def _noted(answer: _Answer) -> dict[str, object]:
    functions = [cast("Mapping[str, str]", call["function"]) for call in answer.calls]
    message = Message(
        role="assistant", content=answer.text, reasoning=str(answer.message.get("reasoning_content") or ""),
        tool_calls=tuple(ToolCall(id=str(c["id"]), name=f["name"], arguments=f["arguments"]) for c, f in zip(answer.calls, functions)),
        call_id=answer.id, finish=answer.finish,
        usage=MessageUsage(prompt_tokens=answer.prompt_tokens, completion_tokens=answer.completion_tokens),
    )  # fmt: skip
    return message.model_dump(mode="json", exclude_defaults=True)


def _ending(reply: Reply, found: Mapping[str, object]) -> Final:
    """How the agent ends when there is no answer. What was whose fault the line knows."""
    error = cast("Mapping[str, object]", found.get("error") or {})
    code, text = str(error.get("code")), str(error.get("message"))
    if code in ("context_length_exceeded", "limit_reached"):
        return Final("", "truncated", text)
    return Final("", "error", f"the model gave no answer: {text}")
