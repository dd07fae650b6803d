"""The taskset: each task is a bundle of clawc, which lies in `bundles/` beside this module and is read as it is."""

# verifiers is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import verifiers.v1 as vf

from .grading import grade
from .playing import bundled, lay, play, stored, taken

WORKDIR = "/w"
_HERE = Path(__file__).resolve().parent
_BUNDLES = _HERE / "bundles"
_GB = 1e9
# The box also holds the image, the agent's harness and what that installs.
_MEMORY_OF_HARNESS_GB, _DISK_OF_HARNESS_GB = 2.0, 5.0


@lru_cache(maxsize=64)
def manifest(name: str) -> dict[str, Any]:
    """The manifest of the bundle in the folder `name`."""
    found: dict[str, Any] = json.loads((_BUNDLES / name / "bundle.json").read_bytes())
    return found


class ClawData(vf.TaskData):
    """`bundle` is a folder in `bundles/`; `replay` a folder with steps that are played before anything else."""

    bundle: str
    replay: str = ""


class ClawTask(vf.Task[ClawData, vf.State, vf.TaskConfig]):
    """Lays the workspace into the runtime; what is left of it afterwards is judged outside of the runtime."""

    @property
    def key(self) -> str:
        return str(self.data.id)

    @property
    def folder(self) -> Path:
        return _BUNDLES / str(self.data.bundle)

    def runtime_env(self) -> dict[str, str]:
        return dict(manifest(self.data.bundle)["environment"]["env"])

    async def setup(self, trace: vf.Trace, runtime: vf.Runtime) -> None:
        await lay(runtime, self.folder, manifest(self.data.bundle))
        if self.data.replay:
            await play(runtime, stored(Path(self.data.replay)))

    async def validate(self, runtime: vf.Runtime) -> bool | None:
        """Whether the bundle's own solution gets the full reward; None without a solution."""
        steps = bundled(self.folder)
        if not steps or self.data.replay:
            return None
        await play(runtime, steps)
        return await self._graded(runtime) == 1.0

    @vf.reward(weight=1.0)
    async def reward(self, runtime: vf.Runtime) -> float:
        """The reward in [0, 1]. Raises NoReward where there is no verdict: that is no score of 0."""
        return await self._graded(runtime)

    async def _graded(self, runtime: vf.Runtime) -> float:
        return await grade(self.folder, manifest(self.data.bundle), await taken(runtime))


class ClawConfig(vf.TasksetConfig):
    replay: str = ""
    """A folder `TASK/{steps.json,files/…}` of answers to judge: each is played right after the workspace is laid. Only tasks
    that have a folder in it are loaded. With `vf-validate --only-noop` the results hold their rewards."""
    network: Literal["auto", "none", "open"] = "auto"
    """`none` asks the runtime for no network, which not every runtime can; `auto` does if the tasks have an image."""


class ClawTaskset(vf.Taskset[ClawTask, ClawConfig]):
    def load(self) -> Iterator[ClawTask]:
        index = json.loads((_HERE / "tasks.json").read_bytes())
        closed = self.config.network == "none" or (self.config.network == "auto" and bool(index["image"]))
        for name in index["tasks"]:
            replay = Path(self.config.replay, name).absolute() if self.config.replay else None
            if replay is None or (replay / "steps.json").is_file():
                yield ClawTask(_data(name, index["image"], closed, str(replay or "")), self.config.task)


def _data(name: str, image: str, closed: bool, replay: str) -> ClawData:
    found = manifest(name)
    limits = found["limits"]
    return ClawData(
        id=found["id"],
        name=found["task"],
        description=found["title"],
        prompt=_prompt(_BUNDLES / name, found),
        image=image or None,
        workdir=WORKDIR,
        network_allow=[] if closed else ["*"],
        artifacts=[vf.Artifact(source=WORKDIR)],
        artifact_max_bytes=max(32 << 20, limits["disk_bytes"]),
        timeout=vf.TaskTimeout(agent=limits["wall_s"]),
        resources=vf.TaskResources(
            memory=limits["memory_bytes"] / _GB + _MEMORY_OF_HARNESS_GB,
            disk=limits["disk_bytes"] / _GB + _DISK_OF_HARNESS_GB,
        ),
        bundle=name,
        replay=replay,
    )


def _prompt(folder: Path, found: dict[str, Any]) -> str:
    """All that the user says, in one message."""
    paths = ["public/instruction.md", *found["turns"]]
    said = [(folder / path).read_bytes().decode("utf-8", "replace").rstrip("\n") for path in paths]
    return "\n\n".join(said) + "\n"
