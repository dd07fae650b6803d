"""Runs the calls of tools that a model makes. What is wrong with a call is told to the model, and never ends an episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from clawc.runtime.engine.untyped import mapping, parsed
from clawc.runtime.harness.interface import ToolResult, Tools
from clawc.runtime.harness.loop.settings import LoopSettings
from clawc.runtime.sandbox.interface import FileProblem, Process

_PATHS = ("path", "file_path", "filePath", "file")
_MOST_PROCESSES = 16
_POLL_MOST_S = 60.0


class WrongCall(Exception):
    """A call that cannot be made; the text is for the model."""


@dataclass(slots=True)
class _Background:
    process: Process
    command: str


@dataclass(slots=True)
class ToolCalls:
    """The tools of one episode, by name and arguments as text."""

    tools: Tools
    settings: LoopSettings
    _background: dict[str, _Background] = field(default_factory=dict[str, _Background])

    async def run(self, name: str, arguments: str) -> ToolResult:
        """The result, no longer than the settings allow. Raises SandboxEnded."""
        try:
            result = await self._run(name, _arguments(arguments))
        except WrongCall as wrong:
            result = ToolResult(False, f"error: {wrong}")
        return ToolResult(result.ok, self._shown(result.text), result.exit)

    async def _run(self, name: str, given: Mapping[str, object]) -> ToolResult:
        if name not in self.settings.tools:
            raise WrongCall(f"there is no tool `{name[:80]}`; the tools are {', '.join(self.settings.tools)}")
        if name == "read":
            return _part(await self.tools.read(_path(given)), given)
        if name == "write":
            return await self.tools.write(_path(given), _text(given, "content"))
        if name == "edit":
            return await self._edit(given)
        if name == "exec":
            return await self._exec(given)
        return await self._process(given)

    async def _edit(self, given: Mapping[str, object]) -> ToolResult:
        path, edits = _path(given), given.get("edits", [given])
        if not isinstance(edits, list) or not edits:
            raise WrongCall("`edits` is a list of `oldText` and `newText`")
        done = ToolResult(True, "")
        for number, each in enumerate(cast("list[object]", edits), 1):
            if not isinstance(each, dict):
                raise WrongCall(f"edit {number} is not an object with `oldText` and `newText`")
            edit = cast("Mapping[str, object]", each)
            old = _text(edit, "oldText" if "oldText" in edit else "old_string" if "old_string" in edit else "old")
            new = _text(edit, "newText" if "newText" in edit else "new_string" if "new_string" in edit else "new")
            done = await self.tools.edit(path, old, new)
            if not done.ok:
                return ToolResult(
                    False, f"edit {number}: {done.text}" if len(cast("list[object]", edits)) > 1 else done.text
                )
        return done

    async def _exec(self, given: Mapping[str, object]) -> ToolResult:
        command = _text(given, "command")
        wished: object = given.get("env") or {}
        env = {name: value for name, value in mapping(wished).items() if isinstance(value, str)}
        if type(wished) is not dict or len(env) != len(mapping(cast(object, wished))):
            raise WrongCall("`env` is an object of texts")
        cwd = given.get("workdir") or None
        if cwd is not None and (not isinstance(cwd, str) or "\0" in cwd):
            raise WrongCall("`workdir` is not text without NUL")
        if any("\0" in name + value or "=" in name or not name for name, value in env.items()):
            raise WrongCall("`env` holds NUL, or a name that is none")
        if given.get("background") is True:
            return await self._spawn(command, cwd, env)
        seconds = _seconds(given, self.settings.exec_s)
        done = await self.tools.exec(command, min(seconds, self.settings.exec_most_s), cwd=cwd, env=env)
        text = done.text.strip("\n") or "(no output)"
        return done if done.exit == 0 and done.text else ToolResult(done.ok, f"{text}\n[exit {done.exit}]", done.exit)

    async def _spawn(self, command: str, cwd: str | None, env: Mapping[str, str]) -> ToolResult:
        if len(self._background) >= _MOST_PROCESSES:
            raise WrongCall(f"{_MOST_PROCESSES} commands run in the background already; kill one")
        try:
            process = await self.tools.spawn(command, cwd=cwd, env=env)
        except FileProblem as problem:
            return ToolResult(False, str(problem))
        id = f"p{len(self._background) + 1}"
        self._background[id] = _Background(process, command)
        arguments: dict[str, object] = {"command": command, "background": True, **({"cwd": cwd} if cwd else {})}
        return self.tools.note("exec", arguments, ToolResult(True, f"runs in the background as {id}"))

    async def _process(self, given: Mapping[str, object]) -> ToolResult:
        action = given.get("action")
        if action == "list":
            lines = [f"{id}: {job.command}" for id, job in self._background.items()]
            return self.tools.note("process", given, ToolResult(True, "\n".join(lines) or "none"))
        id = given.get("sessionId", given.get("session_id", given.get("id")))
        job = self._background.get(str(id))
        if job is None:
            raise WrongCall(f"there is no background command `{str(id)[:40]}`")
        try:
            if action in ("poll", "log"):
                result = await _poll(job.process, min(_seconds(given, 1.0), _POLL_MOST_S))
            elif action == "write":
                await job.process.write(_text(given, "data").encode())
                result = ToolResult(True, "written")
            elif action == "kill":
                await job.process.kill()
                result = ToolResult(True, "killed")
            else:
                raise WrongCall("`action` is one of list, poll, write, kill")
        except FileProblem as problem:
            result = ToolResult(False, str(problem))
        return self.tools.note("process", given, result)

    def _shown(self, text: str) -> str:
        """Beginning and end of what is too long."""
        most = self.settings.output_bytes
        data = text.encode("utf-8", "replace")
        if len(data) <= most:
            return data.decode()
        head, tail = data[: most * 3 // 4], data[-(most // 4) :]
        left = len(data) - len(head) - len(tail)
        return f"{head.decode('utf-8', 'ignore')}\n[{left} bytes left out]\n{tail.decode('utf-8', 'ignore')}"


async def _poll(process: Process, wait_s: float) -> ToolResult:
    out = await process.read(wait_s=wait_s)
    err = await process.read("stderr")
    code = await process.wait(0.0) if out is None else None
    text = b"".join(part or b"" for part in (out, err)).decode("utf-8", "replace")
    state = "still running" if code is None else f"exit {code}"
    return ToolResult(True, f"{text}\n[{state}]".strip(), code)


def _arguments(text: str) -> Mapping[str, object]:
    try:
        found: object = parsed(text if text.strip() else "{}")
    except ValueError as error:
        raise WrongCall(f"the arguments are not JSON: {error}") from error
    if not isinstance(found, dict):
        raise WrongCall("the arguments are not a JSON object")
    return cast("dict[str, object]", found)


def _path(given: Mapping[str, object]) -> str:
    for name in _PATHS:
        found = given.get(name)
        if isinstance(found, str) and found and "\0" not in found:
            return found
    raise WrongCall("`path` is missing")


def _text(given: Mapping[str, object], name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str):
        raise WrongCall(f"`{name}` is missing or not text")
    if name == "command" and "\0" in found:
        raise WrongCall(f"`{name}` holds NUL")
    return found


def _seconds(given: Mapping[str, object], default: float) -> float:
    found = given.get("timeout")
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) and found > 0 else default


def _part(result: ToolResult, given: Mapping[str, object]) -> ToolResult:
    """The lines that were asked for."""
    first, most = given.get("offset"), given.get("limit")
    if not result.ok or not (isinstance(first, int) or isinstance(most, int)):
        return result
    lines = result.text.splitlines(keepends=True)
    start = max(first - 1, 0) if isinstance(first, int) else 0
    end = start + most if isinstance(most, int) and most > 0 else len(lines)
    more = f"[{len(lines) - end} more lines]" if end < len(lines) else ""
    return ToolResult(True, "".join(lines[start:end]) + more)
