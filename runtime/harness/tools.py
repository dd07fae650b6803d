"""The tools of an agent over a sandbox; every call and result goes into the trajectory."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from clawc.runtime.harness.interface import EXEC_S, ToolResult
from clawc.runtime.sandbox.interface import WORKSPACE, FileProblem, Process, Sandbox

# What an agent gets to see of one output.
_TEXT_LIMIT = 64 << 10


class Trajectory:
    """`trajectory.jsonl`: one line per event, numbered, with seconds since the start."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n")  # noqa: SIM115
        self._started = time.monotonic()
        self._step = 0

    def add(self, event: str, data: Mapping[str, object]) -> None:
        self._step += 1
        line = {"step": self._step, "t": round(time.monotonic() - self._started, 3), "event": event, **data}
        self._file.write(json.dumps(line, ensure_ascii=True, sort_keys=True) + "\n")
        self._file.flush()

    def __enter__(self) -> Trajectory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class SandboxTools:
    """The Tools of one episode; `calls` counts them."""

    def __init__(self, sandbox: Sandbox, trajectory: Trajectory) -> None:
        self._sandbox = sandbox
        self._trajectory = trajectory
        self.calls = 0

    async def read(self, path: str) -> ToolResult:
        try:
            result = ToolResult(True, _shown(await self._sandbox.get(path)))
        except FileProblem as problem:
            result = ToolResult(False, f"cannot read `{path}`: {problem}")
        return self.note("read", {"path": path}, result)

    async def write(self, path: str, content: str | bytes) -> ToolResult:
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        try:
            await self._sandbox.put(path, data)
            result = ToolResult(True, f"wrote {len(data)} bytes to `{path}`")
        except FileProblem as problem:
            result = ToolResult(False, f"cannot write `{path}`: {problem}")
        return self.note("write", {"path": path, **_recorded(data)}, result)

    async def edit(self, path: str, old: str, new: str) -> ToolResult:
        try:
            data = await self._sandbox.get(path)
            count = data.count(old.encode("utf-8", "replace")) if old else 0
            if count == 1:
                changed = data.replace(old.encode("utf-8", "replace"), new.encode("utf-8", "replace"))
                await self._sandbox.put(path, changed)
                result = ToolResult(True, f"edited `{path}`")
            else:
                result = ToolResult(False, f"the text to replace occurs {count} times in `{path}`; it must occur once")
        except FileProblem as problem:
            result = ToolResult(False, f"cannot edit `{path}`: {problem}")
        return self.note("edit", {"path": path, "old": old, "new": new}, result)

    async def exec(
        self,
        command: str | Sequence[str],
        timeout_s: float = EXEC_S,
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> ToolResult:
        done = await self._sandbox.exec(
            _argv(command), timeout_s=timeout_s, output_limit=_TEXT_LIMIT, cwd=_inside(cwd), env=env
        )
        text = _shown(done.stdout) + (f"\n[stderr]\n{_shown(done.stderr)}" if done.stderr else "")
        if done.truncated:
            text += f"\n[output beyond {_TEXT_LIMIT} bytes was dropped]"
        if done.timed_out:
            text += f"\n[killed after {timeout_s:g} s]"
        result = ToolResult(done.exit == 0 and not done.timed_out, text, done.exit)
        shown = command if isinstance(command, str) else list(command)
        return self.note("exec", {"command": shown, "timeout_s": timeout_s, **_where(cwd, env)}, result)

    async def spawn(
        self, command: str | Sequence[str], *, cwd: str | None = None, env: Mapping[str, str] | None = None
    ) -> Process:
        return await self._sandbox.spawn(_argv(command), cwd=_inside(cwd), env=env)

    async def lay(self, files: Mapping[str, bytes], mode: int = 0o755) -> None:
        for path, data in files.items():
            try:
                await self._sandbox.put(path, data, mode)
            except FileProblem as problem:
                raise FileProblem(f"cannot write `{path}`: {problem}") from problem

    async def exist(self, paths: Sequence[str]) -> bool:
        for path in paths:
            done = await self._sandbox.exec(["/usr/bin/test", "-e", path], timeout_s=10)
            if done.exit:
                return False
        return True

    def note(self, tool: str, arguments: Mapping[str, object], result: ToolResult) -> ToolResult:
        shown: dict[str, object] = {"ok": result.ok, "text": result.text}
        if result.exit is not None:
            shown["exit"] = result.exit
        self.calls += 1
        self._trajectory.add("tool", {"tool": tool, "arguments": arguments, "result": shown})
        return result


def _argv(command: str | Sequence[str]) -> list[str]:
    return ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)


def _inside(cwd: str | None) -> str | None:
    """Folders are relative to the workspace."""
    return cwd if cwd is None or cwd.startswith("/") else f"{WORKSPACE}/{cwd}"


def _where(cwd: str | None, env: Mapping[str, str] | None) -> dict[str, object]:
    return {**({"cwd": cwd} if cwd else {}), **({"env": dict(env)} if env else {})}


def _shown(data: bytes) -> str:
    text = data[:_TEXT_LIMIT].decode("utf-8", "replace")
    return text if len(data) <= _TEXT_LIMIT else f"{text}\n[{len(data) - _TEXT_LIMIT} more bytes]"


def _recorded(data: bytes) -> dict[str, str]:
    """Bytes as a trajectory keeps them."""
    try:
        return {"content": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"content_base64": base64.b64encode(data).decode()}
