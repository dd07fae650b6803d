"""Checkers compiled once for many workspaces: to parse a checker takes longer than to judge with it.

A checker is a stranger's text, so it is compiled in a sandbox too, and its bytecode is only ever loaded in a
sandbox that holds the checker of the same bundle. What goes wrong here costs time, never a verdict: the text is
used instead.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import OrderedDict
from collections.abc import Mapping

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.interface import CHANNEL, Backend, Program
from clawc.spec.bundle import Limits

# Bundles whose bytecode is kept; a large checker with a vendored parser takes 200 KiB.
KEPT = 256
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


class Bytecode:
    """The bytecode of checkers by the id of their bundle, for one backend; made at the second use of a bundle."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, dict[str, bytes] | None] = OrderedDict()

    async def of(
        self, bundle: str, files: Mapping[str, bytes], folder: str, limits: Limits, backend: Backend
    ) -> dict[str, bytes]:
        """Compiled files by their path in the sandbox, to be laid beside `files`; empty where there are none (yet)."""
        if bundle not in self._made:
            self._made[bundle] = None
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
            return {}
        self._made.move_to_end(bundle)
        made = self._made[bundle]
        if made is None:
            made = self._made[bundle] = await _compiled(files, folder, limits, backend)
        return made


async def _compiled(files: Mapping[str, bytes], folder: str, limits: Limits, backend: Backend) -> dict[str, bytes]:
    argv = ("/usr/bin/python3", "-I", "-S", "-c", COMPILE, folder, CHANNEL)
    try:
        finished = await backend.run_reading(
            Program(argv=argv, limits=limits, timeout_s=limits.check_s, cwd=folder), {}, files
        )
    except RuntimeFault:
        return {}
    if finished.exit != 0 or finished.channel_over:
        return {}
    return accepted(finished.channel, folder)


def accepted(answer: bytes, folder: str) -> dict[str, bytes]:
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
            found[f"{folder}/{name}"] = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return {}
    return found if f"{folder}/check.pyc" in found else {}
