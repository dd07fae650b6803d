"""A training in several processes of this machine, as a configuration of accelerate says: `one`, `several`, `fsdp`, or a file.

The processes find each other by a file, and talk over the loopback device alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import cast

import yaml  # type: ignore[import-untyped]  # pyright: ignore[reportMissingModuleSource]

from clawc.runtime.engine.local.packages import need
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.job import FAULT, STORE, Job, read_fault
from clawc.runtime.train.records import read_training
from clawc.runtime.train.rows import Row, write_rows
from clawc.runtime.train.settings import SftSettings, as_json
from clawc.runtime.train.sft import MODEL, Origin, SftResult
from clawc.runtime.train.trainer import TRAINER

CONFIGURATIONS = ("one", "several", "fsdp")
_KINDS = {"NO", "MULTI_GPU", "MULTI_CPU", "FSDP"}
_JOB = ".job"
_LOOK_S = 0.1
_GRACE_S = 20.0
_ROOM = 1 << 20


def launched(
    model: Path,
    rows: Sequence[Row],
    out: Path,
    settings: SftSettings,
    configuration: str,
    *,
    processes: int | None = None,
    held_out: Sequence[Row] = (),
    resume: bool = False,
    origin: Origin | None = None,
    waiting: Callable[[], None] = lambda: None,
) -> SftResult:
    """As `sft`, in the processes that the configuration of accelerate names, or in as many as `processes`. `waiting` is called again and
    again. Raises what `sft` raises, and RuntimeFault R0997 for a configuration that is none or asks for what is not done here, or if a
    process ends without a word."""
    need(*TRAINER, extra="train")
    described = described_processes(configuration, processes, settings.device)
    known = origin or Origin()
    folder = job_folder(out)
    for name, some in (("rows", rows), ("held_out", held_out)):
        write_rows(folder / f"{name}.jsonl", some)
    job = Job(
        model=str(model.resolve()), out=str(out.resolve()), rows=str((folder / "rows.jsonl").resolve()),
        held_out=str((folder / "held_out.jsonl").resolve()) if held_out else "", resume=resume,
        settings=as_json(settings), sources=known.sources, left_out=known.left_out, tasks=known.tasks,
    )  # fmt: skip
    (folder / "job.json").write_text(job.model_dump_json(), encoding="utf-8")
    together(folder, described, "clawc.runtime.train.job", waiting)
    record = read_training(out)
    if record.result is None:
        raise RuntimeFault("R0997", "the training ended without a result", f"see `{folder / 'rank-0.log'}`")
    result = record.result
    return SftResult(out / MODEL, result.steps, result.seconds, result.loss_before, result.loss_after)


def job_folder(out: Path) -> Path:
    """Where processes of a training find what they are told, with nothing of an earlier start that could mislead them."""
    folder = out / _JOB
    folder.mkdir(parents=True, exist_ok=True)
    for name in (FAULT, "store"):
        (folder / name).unlink(missing_ok=True)
    return folder


def described_processes(configuration: str, processes: int | None, device: str) -> dict[str, str]:
    """The environment of the processes, `WORLD_SIZE` of them. Raises RuntimeFault R0997."""
    described = environment_of(configuration)
    if processes is not None:
        described["WORLD_SIZE"] = str(processes)
    if device == "cpu":
        described["ACCELERATE_USE_CPU"] = "true"
    else:
        _require_devices(int(described["WORLD_SIZE"]))
    return described


def environment_of(configuration: str) -> dict[str, str]:
    """What accelerate's launcher would set for a file of its configuration: `WORLD_SIZE` and what FSDP is told. Raises RuntimeFault R0997."""
    try:
        if configuration in CONFIGURATIONS:
            text = files("clawc.runtime.train").joinpath("accelerate", f"{configuration}.yaml").read_text("utf-8")
        else:
            with open(configuration, encoding="utf-8") as file:
                text = file.read(_ROOM)
        data: object = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        help = f"give one of {', '.join(CONFIGURATIONS)}, or a file that `accelerate config` has written"
        raise RuntimeFault("R0997", f"`{configuration}` is no configuration of accelerate: {error}", help) from error
    if not isinstance(data, dict):
        raise RuntimeFault("R0997", f"`{configuration}` is no configuration of accelerate", "see `accelerate config`")
    told = cast("dict[object, object]", data)
    kind = str(told.get("distributed_type", "NO"))
    elsewhere = "for that: `accelerate launch --config_file FILE -m clawc.runtime.train.job OUT/.job/job.json`"
    if kind not in _KINDS:
        raise RuntimeFault(
            "R0997", f"`{configuration}` asks for `{kind[:40]}`", f"known: {', '.join(sorted(_KINDS))}; {elsewhere}"
        )
    if told.get("num_machines", 1) != 1:
        raise RuntimeFault("R0997", f"`{configuration}` asks for several machines", elsewhere)
    count = told.get("num_processes", 1)
    if not isinstance(count, int) or not 1 <= count <= 1024:
        raise RuntimeFault("R0997", f"`num_processes` of `{configuration}` is no number of processes", "1 to 1024")
    found = {"WORLD_SIZE": str(count), "ACCELERATE_MIXED_PRECISION": "no"}
    if told.get("use_cpu"):
        found["ACCELERATE_USE_CPU"] = "true"
    if kind == "FSDP":
        given = told.get("fsdp_config")
        found["ACCELERATE_USE_FSDP"] = "true"
        for name, value in cast("dict[object, object]", given if isinstance(given, dict) else {}).items():
            if str(name).startswith("fsdp_"):
                found[str(name).upper()] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def _require_devices(count: int) -> None:
    import torch

    there = torch.cuda.device_count()
    if 0 < there < count or (there == 0 and count > 1):
        found = f"this machine has {there} GPU" + ("s" if there != 1 else "")
        raise RuntimeFault("R0997", f"{found}, not {count}", "give fewer `--processes`, or `--device cpu`")


def together(folder: Path, described: Mapping[str, str], module: str, waiting: Callable[[], None]) -> None:
    """Runs `module` with `job.json` of the folder in as many processes as `WORLD_SIZE` says; ends all if one ends early. Raises what one of
    them has said, or RuntimeFault R0997."""
    count = int(described["WORLD_SIZE"])
    shared = {
        **os.environ, **described, STORE: str((folder / "store").resolve()), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0",
        "LOCAL_WORLD_SIZE": str(count),
    }  # fmt: skip
    for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
        shared.setdefault(name, "lo")
    shared.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // count)))
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(count):
            with open(folder / f"rank-{number}.log", "wb") as log:
                command = [sys.executable, "-m", module, str(folder / "job.json")]
                own = {**shared, "RANK": str(number), "LOCAL_RANK": str(number)}
                started.append(subprocess.Popen(command, env=own, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        found = [each.poll() for each in started]
        while None in found and not any(found):
            waiting()
            time.sleep(_LOOK_S)
            found = [each.poll() for each in started]
    finally:
        _end(started)
    failed = [
        number for number, status in enumerate(found) if status
    ]  # of themselves; others were ended because of them
    if failed:
        first = failed[0]
        said = folder / f"rank-{first}.log"
        raise read_fault(folder) or RuntimeFault(
            "R0997",
            f"process {first} of the training ended with status {started[first].returncode}: {_last_line(said)}",
            f"see `{said}`",
        )


def _end(started: Sequence[subprocess.Popen[bytes]]) -> None:
    for each in started:
        if each.poll() is None:
            each.terminate()
    ends = time.monotonic() + _GRACE_S
    for each in started:
        try:
            each.wait(max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"
