"""The oracle of a bundle as a teacher: what the agent `loop` would have said and seen had its model known the answer.

The tools are the agent's own, over the files of the bundle in memory, and the tokens are those that the local engine would have been
given and would have drawn: a prompt is rendered as for a call, and what the teacher says is spliced as it was said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from clawc.runtime.bundle import Bundle
from clawc.runtime.engine.interface import ChatRequest, Continued, Object, ToolCallPiece
from clawc.runtime.engine.local.hermes import Hermes
from clawc.runtime.engine.local.template import CALL, CALL_END, Template
from clawc.runtime.harness.loop.calls import ToolCalls
from clawc.runtime.harness.loop.schemas import schemas
from clawc.runtime.harness.loop.settings import LoopSettings
from clawc.runtime.harness.oracle import solution_of
from clawc.runtime.harness.tools import SandboxTools, Trajectory
from clawc.runtime.sandbox.interface import ExecResult, FileProblem, Sandbox
from clawc.runtime.train.rows import SampledCall
from clawc.spec.bundle import INSTRUCTION, WORKSPACE, SolutionStep

_DONE = "Done."
_MOST_READ = 16


class Unteachable(Exception):
    """The text says what of the bundle's solution the teacher cannot say or do."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A conversation that ends with the whole answer: `messages` as the agent had them, and its calls as tokens."""

    messages: tuple[Object, ...]
    calls: tuple[SampledCall, ...]


@dataclass(frozen=True, slots=True)
class _Say:
    """One answer of the teacher: a call of a tool with the reason for it, or the last text."""

    reason: str
    tool: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])

    def text(self, reasons: bool) -> str:
        if not self.tool:
            return self.reason
        call = json.dumps({"name": self.tool, "arguments": dict(self.arguments)}, ensure_ascii=False)
        said = f"{CALL}\n{call}\n{CALL_END}"
        return f"{self.reason}\n{said}" if reasons else said


class MemoryFiles:
    """The part of a sandbox that reading, writing and deleting files takes."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)

    @classmethod
    def of(cls, bundle: Bundle) -> MemoryFiles:
        """Those that the agent finds."""
        return cls(_workspace(bundle))

    async def get(self, path: str) -> bytes:
        if path not in self._files:
            raise FileProblem("there is no such file")
        return self._files[path]

    async def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._files[path] = data

    async def exec(self, argv: Sequence[str], **_: object) -> ExecResult:
        """Only what the teacher runs: `rm` of one file."""
        self._files.pop(argv[-1].removeprefix("rm -f -- "), None)
        return ExecResult(0, b"", b"", False, False)


async def lesson(bundle: Bundle, template: Template, settings: LoopSettings, *, reasons: bool = True) -> Lesson:
    """The lesson of a bundle. With `reasons` each call is said with a short one. Raises Unteachable, and RuntimeFault R0402 for a
    bundle without a solution."""
    files = _workspace(bundle)
    tools = SandboxTools(cast(Sandbox, MemoryFiles(files)), Trajectory(Path(os.devnull)))
    runner = ToolCalls(tools, settings)
    system: list[Object] = [{"role": "system", "content": settings.system}] if settings.system else []
    instruction = bundle.read(INSTRUCTION).decode("utf-8")
    messages: list[Object] = [*system, {"role": "user", "content": instruction}]
    offered = tuple(schemas(settings.tools))
    calls: list[SampledCall] = []
    continued: Continued | None = None
    for number, say in enumerate(_script(bundle, files, instruction, settings), 1):
        prompt = template.prompt(ChatRequest(tuple(messages), offered, continued=continued))
        output = (*template.encode(say.text(reasons)), template.end)
        calls.append(SampledCall(f"{bundle.manifest.task}-{number}", tuple(prompt), output))
        message, made = _heard(say.text(reasons), f"{bundle.manifest.task} {number}")
        messages.append(message)
        continued = Continued(len(messages), tuple(prompt), output)
        for id, call in made:
            result = await runner.run(call.name, call.arguments)
            if not result.ok:
                raise Unteachable(f"`{call.name}` of the teacher fails: {result.text[:200]}")
            messages.append({"role": "tool", "tool_call_id": id, "content": result.text})
    return Lesson(tuple(messages), tuple(calls))


def _script(bundle: Bundle, files: Mapping[str, bytes], instruction: str, settings: LoopSettings) -> Iterator[_Say]:
    if bundle.manifest.turns:
        raise Unteachable("the task has further turns")
    steps = solution_of(bundle).steps
    for path in [path for path in _named(files, instruction) if path not in {s.path for s in steps if s.op == "read"}]:
        if not _is_text(files[path]):
            raise Unteachable(f"`{path}` is no text")
        yield _call(settings, f"I look at {path}.", "read", {"path": path})
    for step in steps:
        if step.op == "say":
            yield _Say(step.text or _DONE)
            return
        yield _step(bundle, step, settings)
    yield _Say(_DONE)


def _step(bundle: Bundle, step: SolutionStep, settings: LoopSettings) -> _Say:
    path = str(step.path)
    if step.op == "read":
        return _call(settings, f"I look at {path}.", "read", {"path": path})
    if step.op == "write":
        data = bundle.read(str(step.source))
        if not _is_text(data):
            raise Unteachable(f"`{path}` is no text")
        return _call(settings, f"I write {path}.", "write", {"path": path, "content": data.decode("utf-8")})
    if step.op == "delete":
        if "'" in path or " " in path:
            raise Unteachable(f"`{path}` needs quotes")
        return _call(settings, f"I delete {path}.", "exec", {"command": f"rm -f -- {path}"})
    raise Unteachable("the solution runs a program, whose output only a sandbox knows")


def _call(settings: LoopSettings, reason: str, tool: str, arguments: Mapping[str, object]) -> _Say:
    if tool not in settings.tools:
        raise Unteachable(f"the agent has no tool `{tool}`")
    return _Say(reason, tool, arguments)


def _heard(text: str, seed: str) -> tuple[Object, list[tuple[str, ToolCallPiece]]]:
    """What the agent gets of what was said: the message, and its calls with their ids."""
    parser = Hermes(seed)
    pieces = [*parser.feed(text), *parser.end()]
    if parser.error:
        raise Unteachable(f"what the teacher says is no call: {parser.error}")
    calls = [call for piece in pieces for call in piece.tool_calls]
    made: list[Object] = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    message: dict[str, object] = {"role": "assistant", "content": "".join(piece.content for piece in pieces) or None}
    return {**message, **({"tool_calls": made} if made else {})}, [(call.id, call) for call in calls]


def _workspace(bundle: Bundle) -> dict[str, bytes]:
    prefix = WORKSPACE + "/"
    return {name.removeprefix(prefix): bundle.read(name) for name in bundle.files if name.startswith(prefix)}


def _named(files: Mapping[str, bytes], instruction: str) -> list[str]:
    """The inputs that the instruction names, in its order; without any, the first ones there are."""
    named = sorted((path for path in files if path in instruction), key=instruction.index)
    return named or sorted(files)[:_MOST_READ]


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False
