"""Has node compile an installed agent once, by one short conversation in a sandbox, so that each start afterwards takes half the time."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from clawc.runtime.engine.scripted import ScriptedEngine
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.interface import AGENT_HOME, Agent, Task, needs_of
from clawc.runtime.harness.npm.install import COMPILED, PI, Package, require
from clawc.runtime.harness.npm.node import CACHE
from clawc.runtime.harness.openclaw.agent import OpenClawAgent
from clawc.runtime.harness.openclaw.settings import OpenClawSettings
from clawc.runtime.harness.pi import PiAgent, PiSettings
from clawc.runtime.harness.tools import SandboxTools, Trajectory
from clawc.runtime.model_access import PORT, URL, Models, model_access
from clawc.runtime.sandbox.finish import in_thread
from clawc.runtime.sandbox.interface import Backend, FileProblem, SandboxEnded
from clawc.runtime.sandbox.lock import alone
from clawc.runtime.sandbox.remove import remove_tree
from clawc.spec.bundle import Limits

_WORD = "Hello."


class _Nothing:
    """The template of an empty workspace."""

    key = "nothing"

    def write(self, dest: Path) -> None:
        dest.chmod(0o755)


async def warm(package: Package, backend: Backend) -> bool:
    """Whether the package now has what node compiles of it; what is there stays. Raises RuntimeFault where the agent does not start, or
    sandboxes do not."""
    folder = require(package)
    if (folder / COMPILED).is_dir():
        return True
    if not os.access(folder, os.W_OK):
        return False
    try:
        with alone(folder):
            await _warm(package, backend, folder)
    except OSError as error:
        why = f"{package.name} cannot be compiled in `{folder}`: {error.strerror or error}"
        raise RuntimeFault("R0408", why, "It needs some space there.") from error
    return True


async def _warm(package: Package, backend: Backend, folder: Path) -> None:
    for left in folder.glob(f".{COMPILED}-*"):  # by one that was killed
        await in_thread(remove_tree, left)
    if not (folder / COMPILED).is_dir():
        with tempfile.TemporaryDirectory(prefix=f".{COMPILED}-", dir=folder) as name:
            os.rename(await _compiled(package, backend, Path(name)), folder / COMPILED)


async def _compiled(package: Package, backend: Backend, scratch: Path) -> Path:
    (scratch / "model.json").write_text(json.dumps([{"text": _WORD}]))
    choice = ModelChoice("scripted", lambda: ScriptedEngine.of_file(scratch / "model.json"))
    harness = harness_named(package.name, choice)
    needs, limits, gateway = needs_of(harness), Limits(wall_s=120), choice.gateway(None)
    await gateway.open()
    try:
        sandbox = await backend.create(_Nothing(), needs.over(limits), {}, (AGENT_HOME,), PORT, needs.mounts)
        try:
            with Trajectory(scratch / "trajectory.jsonl") as trajectory:
                tools = SandboxTools(sandbox, trajectory)
                models = Models(gateway, package.name)
                async with model_access(models, harness, scratch, sandbox, tools, trajectory) as access:
                    task = Task("Say hello.", limits, 0, line=access.line, url=URL)
                    final = await _agent(package).run(task, tools)
                if final.text != _WORD:
                    raise _broken(package, final.reason or "it has not asked its model")
                await sandbox.copy(CACHE, scratch / "made")
        finally:
            await sandbox.close()
    except (FileProblem, SandboxEnded) as problem:
        raise _broken(package, str(problem)) from problem
    finally:
        await gateway.close()
    await in_thread(_open, scratch / "made")
    return scratch / "made"


def _broken(package: Package, why: str) -> RuntimeFault:
    help = f"Remove `{require(package)}`, and install it again: clawc doctor --install {package.name}"
    return RuntimeFault("R0408", f"{package.name} does not start: {why}", help)


def _agent(package: Package) -> Agent:
    return PiAgent(PiSettings()) if package is PI else OpenClawAgent(OpenClawSettings())


def _open(folder: Path) -> None:
    """Let all users read what was compiled."""
    for at, _, names in os.walk(folder):
        os.chmod(at, 0o755)
        for name in names:
            os.chmod(Path(at, name), 0o644)
