"""`python -m clawc.runtime.train.grpo.job FILE`: one of the processes of a training by reinforcement. The first one plays and trains, the others
train with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, JsonValue, TypeAdapter

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.choose import SandboxChoice
from clawc.runtime.train.grpo.places import player_of
from clawc.runtime.train.grpo.run import GrpoResult, grpo
from clawc.runtime.train.grpo.settings import GrpoSettings
from clawc.runtime.train.job import leave, meet, write_fault
from clawc.runtime.train.launch import described_processes, job_folder, together
from clawc.runtime.train.memory import on_full_memory
from clawc.runtime.train.records import MODEL, read_training
from clawc.runtime.train.settings import as_json
from clawc.runtime.train.trainer import rank
from clawc.spec.bundle import Strict

_NOT_DONE = ("FSDP_OFFLOAD_PARAMS", "FSDP_ACTIVATION_CHECKPOINTING", "FSDP_CPU_RAM_EFFICIENT_LOADING")


class GrpoJob(Strict):
    """What `grpo` is given. `bundles` and `held_out` are folders, `cluster` an address or empty."""

    model: str
    bundles: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    out: str
    agent: str
    sandbox: str
    image: str
    cluster: str = ""
    resume: bool
    graphs: bool
    settings: Annotated[dict[str, JsonValue], Field(default_factory=dict)]


def launched(
    job: GrpoJob, configuration: str, processes: int | None, waiting: Callable[[], None] = lambda: None
) -> GrpoResult:
    """As `grpo`, in several processes of this machine; see `clawc.runtime.train.launch`. Raises what `grpo` raises, and RuntimeFault
    R0997."""
    described = described_processes(configuration, processes, str(job.settings["device"]))
    asked = [name for name in _NOT_DONE if described.get(name) == "true"]
    if asked:
        raise RuntimeFault("R0997", f"`{asked[0].lower()}` is not done here", "leave it out, or take `fsdp`")
    if "ACCELERATE_USE_FSDP" in described and described.get("FSDP_VERSION") != "2":
        raise RuntimeFault(
            "R0997", "weights are split among processes by FSDP 2 alone", "`fsdp_version: 2`, or take `fsdp`"
        )
    folder = job_folder(Path(job.out))
    (folder / "job.json").write_text(job.model_dump_json(), encoding="utf-8")
    together(folder, described, "clawc.runtime.train.grpo.job", waiting)
    result = read_training(Path(job.out)).result
    if result is None:
        raise RuntimeFault("R0997", "the training ended without a result", f"see `{folder / 'rank-0.log'}`")
    return GrpoResult(Path(job.out) / MODEL, result.steps, result.seconds)


def job_of(settings: GrpoSettings, **fields: object) -> GrpoJob:
    return GrpoJob.model_validate({**fields, "settings": as_json(settings)})


def main(arguments: Sequence[str]) -> int:
    file = Path(arguments[0])
    try:
        meet(os.environ)
        _run(GrpoJob.model_validate_json(file.read_bytes()))
    except RuntimeFault as fault:
        write_fault(file.parent, fault)
        return 1
    leave()


def _run(job: GrpoJob) -> None:
    settings = TypeAdapter(GrpoSettings).validate_python(job.settings)
    if rank() > 0:
        from clawc.runtime.train.grpo.learner import Learner
        from clawc.runtime.train.grpo.together import follow

        with on_full_memory("--pass-tokens", settings.pass_tokens):
            follow(Learner(Path(job.model), settings))
        return
    grpo(
        Path(job.model), [Path(each) for each in job.bundles], Path(job.out), settings, job.agent,
        player_of(SandboxChoice(job.sandbox, job.image), job.cluster, Path(job.out), settings.at_once), held_out=[Path(each) for each in job.held_out], resume=job.resume,
        graphs=job.graphs,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
