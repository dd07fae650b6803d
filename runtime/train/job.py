"""`python -m clawc.runtime.train.job FILE`: one of the processes of a training that `launch` has described in a file.

`accelerate launch --config_file … -m clawc.runtime.train.job FILE` does, too, on machines that are set up for it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import Field, JsonValue, TypeAdapter

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.records import TrainedTask
from clawc.runtime.train.rows import read_rows
from clawc.runtime.train.settings import settings_of
from clawc.runtime.train.sft import Origin, sft
from clawc.runtime.train.trainer import processes, rank
from clawc.spec.bundle import Strict

STORE = "CLAWC_TRAIN_STORE"  # the file by which processes of one machine find each other: nothing listens
FAULT = "fault.json"


class Job(Strict):
    """What each process does: `rows` and `held_out` are files of rows."""

    model: str
    out: str
    rows: str
    held_out: str = ""
    resume: bool = False
    settings: Annotated[dict[str, JsonValue], Field(default_factory=dict)]
    sources: tuple[str, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    tasks: tuple[TrainedTask, ...] = ()


def read_fault(folder: Path) -> RuntimeFault | None:
    """What a process of the job in this folder has said before it ended."""
    try:
        said = TypeAdapter(dict[str, str]).validate_json((folder / FAULT).read_bytes())
        return RuntimeFault(said["code"], said["message"], said["help"])
    except (OSError, ValueError, KeyError):
        return None


def main(arguments: Sequence[str]) -> int:
    file = Path(arguments[0])
    try:
        meet(os.environ)
        _run(Job.model_validate_json(file.read_bytes()))
    except RuntimeFault as fault:
        write_fault(file.parent, fault)
        return 1
    leave()


def leave() -> NoReturn:
    """Ends this process, after all of them have come here. Threads of the libraries may be at work yet, which would break off the process
    if it were ended as usual."""
    distributed: Any = import_module("torch.distributed")
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def write_fault(folder: Path, fault: RuntimeFault) -> None:
    """For `read_fault` of the process that has started this one."""
    part = folder / f".{FAULT}.{rank()}"
    said = {"code": fault.code, "message": fault.message, "help": fault.help}
    part.write_text(json.dumps(said), encoding="utf-8")
    part.replace(folder / FAULT)
    print(fault, file=sys.stderr)


def _run(job: Job) -> None:
    held_out = list(read_rows(Path(job.held_out))) if job.held_out else []
    sft(
        Path(job.model),
        list(read_rows(Path(job.rows))),
        Path(job.out),
        settings_of(job.settings),
        held_out,
        resume=job.resume,
        origin=Origin(job.sources, job.left_out, job.tasks),
    )


def meet(environment: Mapping[str, str]) -> None:
    """Waits for the other processes by the file of `launch`; otherwise that is left to what has started this one."""
    store = environment.get(STORE)
    if not store or processes() < 2:
        return
    import torch

    cuda = torch.cuda.is_available() and environment.get("ACCELERATE_USE_CPU") != "true"
    if cuda:
        torch.cuda.set_device(int(environment.get("LOCAL_RANK", "0")))
    torch.distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if cuda else "gloo",
        store=import_module("torch.distributed").FileStore(store, processes()),
        rank=rank(),
        world_size=processes(),
        timeout=timedelta(days=7),  # one may play for long while the others wait
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
