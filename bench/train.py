"""`python -m bench train`: sampling and supervised fine-tuning of SmolLM2-135M on a card, each held against what the card was measured
to do in the same run and, for sampling, against `model.generate` of transformers.

With `--rows`, `--held` and `--bundles` it also trains on lessons of the oracle (`clawc.runtime.train.teacher`) and plays tasks that were
not seen, before and after; several seeds share the card, so that their seconds are no measure of speed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from bench.machine import machine

AIMS = {"roofline_share": 0.30, "mfu": 0.35, "bfloat16_mean_exp_abs": 1.02, "float32_max_abs": 1e-4}
SECTIONS = ("card", "learning", "host", "step_time", "sampling", "gaps", "steps")


class Run:
    """`result` is on the disk after each part, also where a part has failed."""

    def __init__(self, given: argparse.Namespace, folder: Path) -> None:
        from bench.train_card import device_named
        from clawc.runtime.engine.local.smollm2 import smollm2

        self.given = given
        self.folder = folder
        self.device = device_named(given.device)
        self.model: Path = (given.model or smollm2()).absolute()
        self.begun = time.perf_counter()
        self.result: dict[str, Any] = {"format_version": 1, "name": "train", "machine": machine(), "aims": AIMS}
        self.children: list[subprocess.Popen[bytes]] = []

    def write(self) -> None:
        if self.given.json is not None:
            self.given.json.write_text(json.dumps(self.result, indent=2) + "\n", encoding="utf-8")

    def late(self) -> bool:
        return time.perf_counter() - self.begun > float(self.given.until)

    def part(self, name: str, work: Callable[[], object]) -> None:
        """Keeps what `work` gives, or why it failed."""
        if self.late():
            self.result.setdefault("left_out", []).append(name)
            return
        begun = time.perf_counter()
        try:
            found = work()
        except Exception as error:  # noqa: BLE001 - the other parts are worth having
            traceback.print_exc()
            found = {"failed": f"{type(error).__name__}: {error}"[:2000]}
        where = self.result
        *above, last = name.split(".")
        for each in above:
            where = where.setdefault(each, {})
        where[last] = found
        print(f"{name}: {time.perf_counter() - begun:.1f} s", flush=True)
        self.write()


def card(run: Run) -> None:
    from bench.train_card import ceilings

    run.part("card", lambda: ceilings(run.device))


def sampling(run: Run) -> None:
    from bench import train_engine

    quick = run.given.quick
    sizes, most = ((1, 2), 8) if quick else ((1, 8, 64, 256), 128)
    endless = train_engine.endless(run.model, run.folder / "endless")
    asked = train_engine.prompts(endless, max(sizes))
    kind: Any = run.device.type
    copy = run.result["card"]["copy_bytes_a_second"]
    context = sum(map(len, asked)) / len(asked) + most / 2
    run.part("sampling.prompt_tokens", lambda: round(sum(map(len, asked)) / len(asked)))
    run.part("sampling.answer_tokens", lambda: most)
    run.part(
        "sampling.roofline", lambda: {str(n): round(train_engine.roofline(endless, copy, n, context)) for n in sizes}
    )
    run.part("sampling.generate", lambda: train_engine.generate_speeds(endless, run.device, asked, sizes, most))
    for graphs in (False, True) if kind == "cuda" else (False,):
        name = "sampling.engine_graphs" if graphs else "sampling.engine"

        def measured(graphs: bool = graphs) -> dict[str, Any]:
            found = asyncio.run(train_engine.engine_speeds(endless, kind, graphs, asked, sizes, most))
            speeds = found["tokens_a_second"]
            top = {n: train_engine.roofline(endless, copy, n, context) for n in sizes}
            plain = run.result["sampling"]["generate"]
            found["roofline_share"] = {str(n): round(speeds[str(n)] / top[n], 4) for n in sizes}
            found["to_generate"] = {str(n): round(speeds[str(n)] / plain[str(n)], 3) for n in sizes if str(n) in plain}
            return found

        run.part(name, measured)


def step_time(run: Run) -> None:
    from bench.train_step_time import step_times

    kind: Any = run.device.type
    sizes = (1, 2) if run.given.quick else (1, 8, 64, 256)
    run.part("step_time", lambda: step_times(run.model, kind, "bfloat16", sizes, 1024 if run.given.quick else 8192))


def host(run: Run) -> None:
    from bench.train_engine import prompts
    from bench.train_host import host_times

    sizes = (1, 8, 64, 256)
    asked = prompts(run.model, max(sizes))
    run.part("host.what", lambda: "microseconds of a token on the host, by calls, over a device that takes no time")
    run.part("host.token_us", lambda: host_times(run.model, asked, sizes, 16 if run.given.quick else 128))


def gaps(run: Run) -> None:
    from bench import train_engine

    quick = run.given.quick
    kind: Any = run.device.type
    asked = train_engine.prompts(run.model, 4 if quick else 64)
    most = 8 if quick else 64
    run.part("gaps.float32", lambda: train_engine.gaps(run.model, kind, "float32", asked, most, False))
    run.part("gaps.bfloat16", lambda: train_engine.gaps(run.model, kind, "bfloat16", asked, most, False))
    if kind == "cuda":
        run.part("gaps.bfloat16_graphs", lambda: train_engine.gaps(run.model, kind, "bfloat16", asked, most, True))


def steps(run: Run) -> None:
    from bench.train_steps import Shape, step_speed
    from clawc.runtime.train.sft import Lora, SftSettings

    quick = run.given.quick
    batch = 256 if quick else 1 << 16  # tokens
    device: Any = run.device.type

    def shape(name: str, length: int, **fields: Any) -> Shape:
        rows = max(1, batch // length)
        return Shape(name, length, rows, SftSettings(steps=5 if quick else 10, batch=rows, at_once=rows, device=device, schedule="constant", **fields))  # fmt: skip

    lengths = (64, 128) if quick else (512, 2048, 8192)
    shapes = [shape("full", lengths[1])]
    shapes += [shape("full_compiled", length, compiled=True) for length in (lengths[1], lengths[0], *lengths[2:])]
    shapes += [shape("lora_compiled", lengths[1], pure=True, lora=Lora(), compiled=True)]
    shapes += [shape("full", length) for length in (lengths[0], *lengths[2:])]
    shapes += [shape("full_pure_bfloat16", lengths[1], pure=True)]
    shapes += [shape("lora", length, pure=True, lora=Lora()) for length in lengths]
    peak = run.result["card"]["matmul_flops_a_second"]
    wished = run.given.shapes.split(",") if run.given.shapes else None
    for each in shapes:
        if wished is not None and f"{each.name}_{each.length}" not in wished:
            continue
        out = run.folder / f"steps-{each.name}-{each.length}"
        timed = each.settings.steps - 3
        run.part(f"steps.{each.name}_{each.length}", partial(step_speed, run.model, out, each, run.device, timed, peak))


def learning(run: Run) -> None:
    """Starts them all at once, and waits for them."""
    given = run.given
    wished = [("before", 0), *(("full", seed) for seed in range(given.seeds)), ("lora", 0)]
    common = [
        "--model",
        run.model,
        "--rows",
        given.rows,
        "--held",
        given.held,
        "--bundles",
        given.bundles,
        "--device",
        run.device.type,
    ]
    common += [
        "--each",
        given.each,
        "--epochs",
        given.epochs,
        "--at-once",
        given.at_once,
        *(["--graphs"] if given.graphs else []),
    ]
    common += ["--steps", "3", "--batch", "4"] if given.quick else []
    found: dict[str, Path] = {}
    for kind, seed in wished:
        name = f"{kind}_{seed}"
        found[name] = run.folder / f"{name}.json"
        more = ["--kind", kind, "--seed", seed, "--out", run.folder / name, "--json", found[name]]
        command = [sys.executable, "-m", "bench.train_learning", *map(str, [*common, *more])]
        with open(run.folder / f"{name}.log", "wb") as log:
            run.children.append(
                subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            )
        if run.device.type == "cpu":
            run.children[-1].wait()

    def waited(name: str) -> dict[str, Any]:
        index = list(found).index(name)
        try:
            run.children[index].wait(max(1.0, given.learning_until - (time.perf_counter() - run.begun)))
        except subprocess.TimeoutExpired:
            _end(run.children[index])
        said: dict[str, Any] = json.loads(found[name].read_text(encoding="utf-8")) if found[name].is_file() else {}
        if run.children[index].returncode:
            said["failed"] = (run.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-2000:]
        return said

    for name in found:
        run.part(f"learning.{name}", partial(waited, name))


def _end(child: subprocess.Popen[bytes]) -> None:
    """With all that it has started: what is left would share the card with what is measured next."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def main(arguments: Sequence[str]) -> int:
    """Prints what each part took; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench train")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--model", type=Path, help="a folder; SmolLM2-135M-Instruct unless given")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--only", default=",".join(SECTIONS), help="parts, with commas")
    parser.add_argument("--shapes", default="", help="of the steps, such as full_2048, with commas; all unless given")
    parser.add_argument("--rows", type=Path, help="folder with a file of rows for each family to train on")
    parser.add_argument("--held", type=Path, help="the same of instances that are held out, and of families that are")
    parser.add_argument("--bundles", type=Path, help="folder with tasks to play")
    parser.add_argument("--each", type=int, default=3000, help="rows of each family")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=48, help="episodes")
    parser.add_argument("--graphs", action="store_true", help="play with captured steps")
    parser.add_argument("--keep", type=Path, help="folder for what was trained and played, else it is thrown away")
    parser.add_argument("--until", type=float, default=3600.0, help="seconds after which nothing more is begun")
    parser.add_argument("--learning-until", type=float, default=3600.0, help="seconds after which learning is given up")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see whether it works")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        run = Run(given, folder.absolute())
        parts = {
            "card": card,
            "learning": learning,
            "host": host,
            "step_time": step_time,
            "sampling": sampling,
            "gaps": gaps,
            "steps": steps,
        }
        for wished in given.only.split(","):
            if wished != "learning" or given.rows:
                parts[wished](run)
        run.write()
    return 0
