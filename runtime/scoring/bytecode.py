"""Checkers compiled once for many workspaces: to parse a checker takes longer than to judge with it.

A checker is a stranger's text, so it is compiled in a sandbox too, and its bytecode is only ever loaded in a
sandbox that holds the checker of the same bundle. What goes wrong here costs time, never a verdict: the text is
used instead.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.interface import CHANNEL, Backend, Program
from clawc.spec.bundle import CHECKER, VENDOR, Limits

# Bundles whose bytecode is kept; a large checker with a vendored parser takes 200 KiB.
KEPT = 256
CHECK_FOLDER = "/check"
# The record of what the agent did: its name in the folder of jobs, which a checker that asks for it holds.
TRAJECTORY = "trajectory.jsonl"
_NAME = re.compile(
    r"(?:check\.pyc|vendor/[A-Za-z0-9_]{1,60}/__pycache__/[A-Za-z0-9_]{1,60}\.[a-z]{1,20}-[0-9]{1,6}\.pyc)\Z"
)
# Arguments: the folder of a checker, a descriptor for the answer. `unchecked`: valid whatever the text's time stamp is, as both come from the same bundle.
COMPILE = """
import base64, importlib.util, json, os, py_compile, sys
folder, done = sys.argv[1], {}
for here, _, names in os.walk(folder):
    for name in names:
        if name.endswith(".py"):
            path, target = os.path.join(here, name), "/tmp/bytecode"
            py_compile.compile(path, target, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            top = os.path.relpath(path, folder) == "check.py"
            shown = path + "c" if top else importlib.util.cache_from_source(path)
            with open(target, "rb") as stream:
                done[os.path.relpath(shown, folder)] = base64.b64encode(stream.read()).decode("ascii")
with open(int(sys.argv[2]), "w") as stream:
    json.dump(done, stream)
"""


class Script(NamedTuple):
    """A checker on a shelf of the backend: its folder, which file of it to run, and whether it may look at what the agent
    did."""

    folder: Path
    name: str
    watches: bool

    def at(self) -> dict[str, Path]:
        """Where the sandbox has it."""
        return {CHECK_FOLDER: self.folder}


class Bytecode:
    """The checkers of one backend on its shelves; compiled at the second use of a bundle, unless `compiles` is false: one
    interpreter that loads a checker for a few workspaces is there sooner without."""

    def __init__(self, compiles: bool = True) -> None:
        self._compiles = compiles
        self._made: OrderedDict[str, Script] = OrderedDict()
        self._again: set[str] = set()
        self._compiling: dict[str, asyncio.Lock] = {}

    async def of(self, bundle: Bundle, backend: Backend) -> Script:
        """The checker of a bundle with the parsers that travel with it, compiled if that is worth it."""
        key = bundle.manifest.id
        async with self._compiling.setdefault(key, asyncio.Lock()):
            script = self._made.get(key)
            if script is None:
                files = _text(bundle)
                watches = TRAJECTORY.encode() in files["check.py"]
                script = self._made[key] = Script(await backend.shelf(key, files), "check.py", watches)
                while len(self._made) > KEPT:
                    await self._forget(next(iter(self._made)), backend)
            elif self._compiles and key not in self._again:
                self._again.add(key)
                compiled = await _compiled(script.folder, bundle.manifest.limits, backend)
                if compiled:
                    files = {**_text(bundle), **compiled}
                    script = self._made[key] = script._replace(
                        folder=await backend.shelf(f"{key}.pyc", files), name="check.pyc"
                    )
            self._made.move_to_end(key)
            return script

    async def _forget(self, key: str, backend: Backend) -> None:
        """Of the bundles that are kept the one that was not used for the longest time, so nothing runs from its shelves."""
        del self._made[key]
        self._again.discard(key)
        self._compiling.pop(key, None)
        for shelf in (key, f"{key}.pyc"):
            await backend.unshelve(shelf)


def _text(bundle: Bundle) -> dict[str, bytes]:
    """The checker and its parsers, by their path in the checker's folder."""
    parsers = sorted(path for path in bundle.files if path.startswith(f"{VENDOR}/"))
    return {
        "check.py": bundle.read(CHECKER),
        **{"vendor" + path[len(VENDOR) :]: bundle.read(path) for path in parsers},
    }


async def _compiled(folder: Path, limits: Limits, backend: Backend) -> dict[str, bytes]:
    argv = ("/usr/bin/python3", "-I", "-S", "-c", COMPILE, CHECK_FOLDER, CHANNEL)
    try:
        program = Program(argv=argv, limits=limits, timeout_s=limits.check_s, cwd=CHECK_FOLDER)
        finished = await backend.run_reading(program, {CHECK_FOLDER: folder})
    except RuntimeFault:
        return {}
    if finished.exit != 0 or finished.channel_over:
        return {}
    return accepted(finished.channel)


def accepted(answer: bytes) -> dict[str, bytes]:
    """The files in what the compiling sandbox answered; empty unless all of them have names that bytecode has."""
    try:
        document: object = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    found: dict[str, bytes] = {}
    files: dict[str, object] = document  # pyright: ignore[reportUnknownVariableType]
    for name, data in files.items():
        if not isinstance(data, str) or not _NAME.match(name):
            return {}
        try:
            found[name] = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return {}
    return found if "check.pyc" in found else {}
