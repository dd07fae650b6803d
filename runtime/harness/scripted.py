"""The agent that plays a file of tool calls, for tests and for replaying what somebody tried."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.interface import EXEC_S, Final, Task, Tools
from clawc.spec.bundle import Strict


class ReadCall(Strict):
    tool: Literal["read"]
    path: str


class WriteCall(Strict):
    tool: Literal["write"]
    path: str
    content: str


class EditCall(Strict):
    tool: Literal["edit"]
    path: str
    old: str
    new: str


class ExecCall(Strict):
    tool: Literal["exec"]
    command: str
    timeout_s: Annotated[float, Field(gt=0)] = EXEC_S


class FinalCall(Strict):
    tool: Literal["final"]
    text: str


Call = Annotated[ReadCall | WriteCall | EditCall | ExecCall | FinalCall, Field(discriminator="tool")]
_BYTES = 16 << 20
_SCRIPT: TypeAdapter[list[Call]] = TypeAdapter(list[Call])


class ScriptedAgent:
    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls

    async def run(self, task: Task, tools: Tools) -> Final:
        for call in self._calls:
            match call:
                case ReadCall():
                    await tools.read(call.path)
                case WriteCall():
                    await tools.write(call.path, call.content)
                case EditCall():
                    await tools.edit(call.path, call.old, call.new)
                case ExecCall():
                    await tools.exec(call.command, call.timeout_s)
                case FinalCall():
                    return Final(call.text)
        return Final("")


class Scripted:
    """Reads the script once; raises RuntimeFault R0401 if it is none. Its name tells it from another script in a file of
    the same name. `data` is what the script was read from, `file` the name of its file."""

    endpoint: Literal["none"] = "none"

    def __init__(self, path: Path) -> None:
        try:
            with open(path, "rb") as file:
                data = file.read(_BYTES + 1)
            if len(data) > _BYTES:
                raise RuntimeFault("R0401", f"`{path}` is larger than {_BYTES >> 20} MiB")
            self._calls = _SCRIPT.validate_json(data)
            self.file, self.data = path.name, data
            self.name = f"scripted:{path.name}#{hashlib.sha256(data).hexdigest()[:8]}"
        except OSError as error:
            raise RuntimeFault("R0401", f"cannot read `{path}`: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "start"
            raise RuntimeFault(
                "R0401",
                f"`{path}` is not a script: at `{where}`: {_lower(first['msg'])}",
                'A script is a list: [{"tool": "exec", "command": "ls"}, {"tool": "final", "text": ""}]',
            ) from error

    def agent(self, bundle: Bundle) -> ScriptedAgent:
        return ScriptedAgent(self._calls)


def _lower(text: str) -> str:
    """With a small letter at the start."""
    return text[:1].lower() + text[1:]
