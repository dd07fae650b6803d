"""Any program as an agent: it runs in the sandbox as its own command line has it, and reaches its model at a port there.

What it did is told from what it asked its model, which the gateway has seen; its own word of it does not count.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.harness.interface import AGENT_HOME, Final, Needs, Task, Tools
from clawc.runtime.harness.mounts import mounts_of
from clawc.runtime.harness.program import run_program
from clawc.runtime.harness.settings_file import read_settings
from clawc.runtime.regular_file import read_regular
from clawc.runtime.sandbox.interface import FileProblem
from clawc.spec.bundle import RelPath, Strict

_FILE = 64 << 20
_FILES = 1_000
_ALL_FILES = 512 << 20
_NAMES = ("instruction", "url", "model", "key", "workspace", "home", "seed")
_PLACE = re.compile(r"\{([a-z_]+)\}")

# A word of a command line.
_Word = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class CommandSettings(Strict):
    """`argv` starts the program in `cwd`, `again` tells it a further turn; `{instruction}`, `{url}`, `{model}`, `{key}`, `{workspace}`,
    `{home}` and `{seed}` stand for what they say, also in `env` and `stdin`. `files` are put into its home before, from paths beside
    this file. The last message is what it prints (`stdout`), its last line, the model's last answer (`answer`), or nothing. `mounts` are
    folders of this machine to read, by their paths inside, and the last three what the program takes itself beside the task's limits."""

    argv: Annotated[tuple[_Word, ...], Field(min_length=1)]
    again: tuple[_Word, ...] = ()
    cwd: _Word = "/w"
    env: dict[Annotated[str, Field(pattern=r"^[^=\x00]+$")], _Word] = Field(default_factory=dict)
    stdin: str = ""
    files: dict[RelPath, _Word] = Field(default_factory=dict)
    final: Literal["stdout", "last_line", "answer", "none"] = "answer"
    turns: tuple[str, ...] = ()
    mounts: dict[_Word, _Word] = Field(default_factory=dict)
    memory_mib: Annotated[int, Field(ge=0, le=1 << 20)] = 0
    processes: Annotated[int, Field(ge=0, le=10_000)] = 0
    disk_mib: Annotated[int, Field(ge=0, le=1 << 20)] = 0


class Command:
    """The Harness `command:FILE`. Raises RuntimeFault R0404 for settings that are none, R0405 for files that cannot be taken along."""

    endpoint: Literal["sandbox"] = "sandbox"

    def __init__(self, path: Path, model: ModelChoice) -> None:
        self.model = model
        self.settings = read_settings(path, CommandSettings)
        _require_names(path, self.settings)
        self._files = _files(path.parent, self.settings.files)
        settings = self.settings
        self.needs = Needs(
            mounts_of({at: path.parent / source for at, source in settings.mounts.items()}),
            settings.memory_mib << 20,
            settings.processes,
            settings.disk_mib << 20,
        )
        digest = hashlib.sha256(self.settings.model_dump_json().encode())
        for name, data in sorted(self._files.items()):
            digest.update(f"\n{name} {hashlib.sha256(data).hexdigest()}".encode())
        self.name = f"command:{path.stem}#{digest.hexdigest()[:8]}@{model.name}"

    def agent(self, bundle: Bundle) -> CommandAgent:
        return CommandAgent(self.settings, self._files)


@dataclass(frozen=True, slots=True)
class CommandAgent:
    settings: CommandSettings
    files: Mapping[str, bytes]

    async def run(self, task: Task, tools: Tools) -> Final:
        line = task.line
        if line is None:
            return Final("", "error", "the agent has no model")
        try:
            await tools.lay({f"{AGENT_HOME}/{name}": data for name, data in self.files.items()})
            text = ""
            for number, told in enumerate((task.instruction, *self.settings.turns, *task.turns)):
                argv = self.settings.again if number else self.settings.argv
                if not argv:
                    return Final(text, "error", "the task has further turns, and the agent has no `again`")
                ended = await self._once(argv, told, number, task, tools)
                if isinstance(ended, Final):
                    return ended
                text = self._final(ended, line.last_text)
            return Final(text)
        except FileProblem as problem:
            return Final("", "error", str(problem))

    async def _once(self, argv: tuple[str, ...], told: str, turn: int, task: Task, tools: Tools) -> str | Final:
        """What it prints; how the agent ends if that is not well."""
        assert task.line is not None
        words = {
            "instruction": told, "url": task.url, "model": task.line.rules.model, "key": "none", "workspace": "/w", "home": AGENT_HOME,
            "seed": str(task.seed),
        }  # fmt: skip
        env = {"HOME": AGENT_HOME, **{name: _filled(value, words) for name, value in self.settings.env.items()}}
        ended = await run_program(
            tools,
            [_filled(part, words) for part in argv],
            cwd=self.settings.cwd,
            env=env,
            stdin=_filled(self.settings.stdin, words),
            started=task.line.callers.turn if turn else None,
        )
        if ended.code:
            return Final("", "error", f"the agent ended with status {ended.code}: {ended.tail}")
        return ended.out

    def _final(self, out: str, answer: str) -> str:
        if self.settings.final == "answer":
            return answer
        if self.settings.final == "last_line":
            return next((line for line in reversed(out.splitlines()) if line.strip()), "")
        return out.strip() if self.settings.final == "stdout" else ""


def _filled(text: str, words: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: words.get(found[1], found[0]), text)


def _require_names(path: Path, settings: CommandSettings) -> None:
    for text in (*settings.argv, *settings.again, *settings.env.values(), settings.stdin):
        for name in _PLACE.findall(text):
            if name not in _NAMES:
                raise RuntimeFault(
                    "R0404", f"`{path}`: `{{{name}}}` stands for nothing", f"Known are {', '.join(_NAMES)}."
                )


def _files(folder: Path, named: Mapping[str, str]) -> dict[str, bytes]:
    """What the program needs, by its path in its home; a folder stands for the files in it."""
    found: dict[str, bytes] = {}
    size = 0
    for name, source in named.items():
        if name.startswith("/") or ".." in name.split("/"):
            raise RuntimeFault("R0405", f"`{name}` does not lie in the agent's home", "Give a relative path.")
        at = folder / source
        try:
            paths = sorted(islice(_below(at), _FILES + 1)) if at.is_dir() else [at]
            for path in paths:
                inside = name if path == at else f"{name}/{path.relative_to(at).as_posix()}"
                found[inside] = read_regular(path, _FILE).data
                size += len(found[inside])
                if len(found) > _FILES or size > _ALL_FILES:
                    raise RuntimeFault(
                        "R0405", f"the agent needs more than {_FILES} files or {_ALL_FILES >> 20} MiB",
                        "Install it under /usr, or in an image.",
                    )  # fmt: skip
        except OSError as error:
            where = error.filename or at
            raise RuntimeFault("R0405", f"cannot read `{where}`: {error.strerror}") from error
    return found


def _below(folder: Path) -> Iterator[Path]:
    """The files of a folder; links to folders are not followed. Raises OSError."""

    def failed(error: OSError) -> None:
        raise error

    for at, _, names in os.walk(folder, onerror=failed):
        yield from (Path(at, name) for name in names)
