"""The tools of the loop agent as a model is told of them. Names and meaning are those of OpenClaw's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clawc.runtime.harness.loop.settings import ToolName

_TEXT: Mapping[str, object] = {"type": "string"}
_NUMBER: Mapping[str, object] = {"type": "number"}


def _text(description: str) -> Mapping[str, object]:
    return {**_TEXT, "description": description}


def _number(description: str) -> Mapping[str, object]:
    return {**_NUMBER, "description": description}


def _tool(
    name: ToolName, description: str, properties: Mapping[str, object], required: Sequence[str]
) -> dict[str, object]:
    parameters = {"type": "object", "properties": dict(properties), "required": list(required)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


_PATH = _text("the file, relative to the workspace or absolute")
_EDIT = {
    "type": "object",
    "properties": {"oldText": _text("text that occurs exactly once in the file"), "newText": _text("what stands there instead")},
    "required": ["oldText", "newText"],
}  # fmt: skip

_TOOLS: Mapping[ToolName, dict[str, object]] = {
    "read": _tool("read", "Shows a text file, or a part of it.", {
        "path": _PATH, "offset": _number("first line, from 1"), "limit": _number("how many lines"),
    }, ("path",)),
    "write": _tool("write", "Writes a file; its folders are made, and what it held is replaced.", {
        "path": _PATH, "content": _text("the whole content"),
    }, ("path", "content")),
    "edit": _tool("edit", "Replaces parts of a text file.", {
        "path": _PATH, "edits": {"type": "array", "items": _EDIT},
    }, ("path", "edits")),
    "exec": _tool("exec", "Runs a shell command in the workspace and shows what it prints.", {
        "command": _text("what /bin/sh is to run"), "workdir": _text("the folder to start in"),
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "timeout": _number("seconds after which it is killed"),
        "background": {"type": "boolean", "description": "let it go on; `process` looks after it"},
    }, ("command",)),
    "process": _tool("process", "Looks after commands that run in the background.", {
        "action": {"type": "string", "enum": ["list", "poll", "write", "kill"]}, "sessionId": _text("which one, as `exec` has named it"),
        "data": _text("input, for `write`"), "timeout": _number("seconds to wait for output, for `poll`"),
    }, ("action",)),
}  # fmt: skip


def schemas(names: Sequence[ToolName]) -> list[dict[str, object]]:
    """The tools of these names, as OpenAI's functions."""
    return [_TOOLS[name] for name in names]
