"""`python -m bench.train_grpo_card --json FILE`: the recipe for one GPU, shortened, and its reinforcement held against what the card can do.

The card's ceilings come first, then `examples/training/one_gpu.sh` in a process of its own, then the engine alone with many calls. FILE is
written after each part. A recipe that is not done in `--recipe-s` is ended; what it has got to is measured all the same.
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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.machine import ROOT
from bench.train import Run
from clawc.runtime.train.records import METRICS, read_training

_RECIPE = ROOT / "examples" / "training" / "one_gpu.sh"
_WARM = 1  # steps that are told apart: the engine starts and captures in the first one
_FORMULA = {
    "sampling": "bytes of the cache before each token that is drawn, and of all weights once for as many tokens as there are episodes at once, "
    "in bfloat16, over the bytes a second of a copy",
    "training": "3 * 2 * (weights of the layers * tokens computed + weights of the last layer * tokens trained "
    "+ 2 * layers * width * pairs of tokens), what rows of a pass begin with counted once, over the operations a second of a product of matrices",
    "calls_open": "seconds of all calls over those of playing",
}


def recipe(run: Run) -> dict[str, Any]:
    """How the recipe ended, and what it says of unseen tasks before and after."""
    given = run.given
    env = {
        **os.environ, "MODEL": str(run.model), "OUT": str(run.folder / "recipe"), "DEVICE": run.device.type,
        "CLAWC": f"{sys.executable} -m clawc", "STEPS": str(given.steps), "LESSONS": str(given.lessons), "INSTANCES": str(given.instances),
        "HELD": str(given.held), **dict(each.split("=", 1) for each in given.set),
    }  # fmt: skip
    log = run.folder / "recipe.log"
    with open(log, "ab") as file:
        child = subprocess.Popen(
            ["bash", str(_RECIPE)], env=env, cwd=run.folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )  # fmt: skip
        try:
            status: int | None = child.wait(given.recipe_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    said = {} if status == 0 else {"said": log.read_text(encoding="utf-8", errors="replace")[-2000:]}
    return {
        "status": status,
        **said,
        "sft": fine_tuned(run.folder / "recipe" / "sft"),
        "unseen": unseen(run.folder / "recipe" / "eval"),
    }


def fine_tuned(folder: Path) -> dict[str, Any] | None:
    """None where it has not ended."""
    if not (folder / "training.json").is_file():
        return None
    record = read_training(folder)
    if record.result is None:
        return None
    known = {"rows": record.rows, "tokens": record.tokens, "trained_tokens": record.trained_tokens}
    return {**known, "steps": record.result.steps, "seconds": record.result.seconds}


def unseen(folder: Path) -> dict[str, Any] | None:
    """What `clawc eval` has found; None without."""
    file = folder / "eval.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def reinforcement(folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
    """The steps of a training in its folder, and all but the first of them against the card."""
    from bench.train_grpo_limits import against, shape_of, steps_of

    record = read_training(folder)
    steps = list(steps_of(folder))
    shape = shape_of(folder / "model" if (folder / "model").is_dir() else Path(record.base.path))
    kept = ("step", "reward", "solved", "episodes", "unscored", "groups", "same_groups", "sampled_tokens", "rows", "tokens", "rollout_s", "sync_s", "train_s", "gap")  # fmt: skip
    return {
        "settings": record.settings,
        "steps": [{name: step.line[name] for name in kept if name in step.line} for step in steps],
        "first": against(steps[:_WARM], shape, record.settings, card),
        "others": against(steps[_WARM:], shape, record.settings, card) if len(steps) > _WARM else None,
    }


def engine(run: Run, sizes: Sequence[int], most: int) -> dict[str, Any]:
    """The engine alone, as `python -m bench train` has it."""
    from bench import train_engine

    endless = train_engine.endless(run.model, run.folder / "endless")
    asked = train_engine.prompts(endless, max(sizes))
    kind: Any = run.device.type
    found = asyncio.run(train_engine.engine_speeds(endless, kind, kind == "cuda", asked, sizes, most))
    context = sum(map(len, asked)) / len(asked) + most / 2
    copy = run.result["card"]["copy_bytes_a_second"]
    top = {str(size): train_engine.roofline(endless, copy, size, context) for size in sizes}
    shares = {size: round(each / top[size], 4) for size, each in found["tokens_a_second"].items()}
    return {**found, "answer_tokens": most, "roofline_share": shares}


def main(arguments: Sequence[str]) -> int:
    """1 where the recipe or a part after it failed."""
    import torch

    from bench.train_card import ceilings

    parser = argparse.ArgumentParser(prog="python -m bench.train_grpo_card")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="a folder; SmolLM2-135M-Instruct unless given")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--work", type=Path, help="folder that keeps what is finished; without it a temporary one")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--lessons", type=int, default=100, help="of each family")
    parser.add_argument("--instances", type=int, default=100, help="of each family, to play in training")
    parser.add_argument("--held", type=int, default=50, help="of each family, that are played before and after")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="another variable of the recipe"
    )
    parser.add_argument("--recipe-s", type=float, default=3600.0, help="seconds that the recipe has")
    parser.add_argument("--sizes", type=int, nargs="*", default=[64, 256], help="calls at once of the engine alone")
    parser.add_argument("--answer", type=int, default=128, help="tokens of an answer of the engine alone")
    parser.add_argument("--until", type=float, default=7200.0, help="seconds after which nothing more is begun")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="clawc-grpo-card-") as name:
        folder: Path = (given.work or Path(name)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        run = Run(given, folder)
        del run.result["aims"]
        run.result |= {"name": "train_reinforced_gpu", "limits": _FORMULA}
        run.part("card", lambda: ceilings(run.device))
        if run.device.type == "cuda":
            torch.cuda.empty_cache()  # for the processes of the recipe
        run.part("recipe", lambda: recipe(run))
        trained = folder / "recipe" / "grpo"
        if (trained / METRICS).is_file():
            run.part("reinforcement", lambda: reinforcement(trained, run.result["card"]))
        if given.sizes:
            run.part("engine", lambda: engine(run, given.sizes, given.answer))
        run.write()
    failed = [name for name in ("card", "recipe", "reinforcement", "engine") if "failed" in run.result.get(name, {})]
    print(json.dumps({name: run.result.get("reinforcement", {}).get(name) for name in ("first", "others")}, indent=1))
    return 1 if failed or run.result["recipe"].get("status") != 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
