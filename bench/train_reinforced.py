"""`python -m bench.train_reinforced --sft DIR --json FILE`: what reinforcement adds to models that were fine-tuned, on a processor.

DIR is the `--work` of `python -m bench.train_nightly`: each of its models goes on with `clawc train grpo` on instances of three of its
families that it has not seen, and then plays the instances that are held out, as before. Exit 1 if the share that is solved does not
rise, or the interval of the rise holds 0.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import fsum
from pathlib import Path
from typing import Any

from bench.machine import machine
from bench.train_nightly import Scores, scores_of, shares
from clawc.runtime.stats.bootstrap import Resampling, bootstrap_interval

FAMILIES = ("copy_note", "first_row", "mail_of")
_FIRST = 5001  # seed of the instances that are trained on; lessons and held-out ones have others
_AT_ONCE = 2
_DONE = "done.json"


def gained(before: Sequence[Scores], after: Sequence[Scores]) -> dict[str, Any]:
    """The mean over models, before and after in pairs; its interval is that where instances vary, each with the mean of its models."""
    instances: dict[str, list[float]] = {}
    for was, now in zip(before, after, strict=True):
        for family in FAMILIES:
            for bundle, score in now.get(family, {}).items():
                if bundle in was.get(family, {}):
                    instances.setdefault(bundle, []).append(score - was[family][bundle])
    means = [(fsum(each) / len(each),) for each in instances.values()]
    if not means:
        return {"instances": 0}
    interval = bootstrap_interval(means, Resampling())
    return {
        "instances": len(means), "rise": round(fsum(mean for (mean,) in means) / len(means), 4),
        "interval_95": [round(interval.low, 4), round(interval.high, 4)] if interval else None,
    }  # fmt: skip


def train(given: argparse.Namespace, seed: int, folder: Path, model: Path, bundles: Path) -> None:
    """Raises SystemExit with what was said if it does not end."""
    options: dict[str, object] = {
        "model": model, "out": folder / "grpo", "agent": f"loop:{given.sft / 'agent.toml'}", "loss": "dapo", "steps": given.steps,
        "group": given.group, "tasks": given.tasks, "jobs": given.group * given.tasks, "rate": given.rate, "lora": 16, "refills": 0,
        "max-tokens": 256, "longest": 1200, "pass-tokens": 2048, "dtype": "bfloat16", "device": given.device, "seed": seed,
        "patience": given.steps, "save-every": 2,
    }  # fmt: skip
    command = [
        sys.executable, "-m", "clawc", "train", "grpo", str(bundles), *(f"--{key}={value}" for key, value in options.items()),
        *(["--resume"] if (folder / "grpo" / "training.json").is_file() else []),
    ]  # fmt: skip
    run(command, folder / "log")


def run(command: Sequence[str], log: Path) -> None:
    with open(log, "ab") as file:
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        if subprocess.run(command, env=env, stdout=file, stderr=file, check=False).returncode:
            raise SystemExit(f"{command[3:5]} failed: {log.read_text(errors='replace')[-2000:]}")


def part(given: argparse.Namespace, seed: int, work: Path) -> Mapping[str, Any]:
    from bench.train_learning import solved

    folder = work / f"seed-{seed}"
    if (folder / _DONE).is_file():
        kept: dict[str, Any] = json.loads((folder / _DONE).read_text(encoding="utf-8"))
        return kept
    folder.mkdir(exist_ok=True)
    model = given.sft / f"seed-{seed}" / "work" / "sft" / "model"
    train(given, seed, folder, model, work / "bundles")
    exported = folder / "model"
    shutil.rmtree(exported, ignore_errors=True)
    run(
        [sys.executable, "-m", "clawc", "train", "export", str(folder / "grpo"), "--out", str(exported)], folder / "log"
    )
    shutil.rmtree(folder / "play", ignore_errors=True)
    played = solved(work / "held", folder / "play", exported.absolute(), given.device, 24, False, deadline_s=3600)
    lines = [json.loads(line) for line in (folder / "grpo" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    parts = {name: fsum(line[f"{name}_s"] for line in lines) for name in ("rollout", "sync", "train")}
    seconds = fsum(parts.values())
    result = {
        "seed": seed, "seconds": round(seconds, 1), "play": played, "rewards": [line["reward"] for line in lines],
        "shares_of_time": {name: round(each / seconds, 3) for name, each in parts.items()},
        "largest_gap": max((line["gap"] for line in lines if line.get("gap") is not None), default=None),
        "trained_tokens": lines[-1]["num_tokens"],
        "tokens_per_s": {
            "sampled": round(sum(line["sampled_tokens"] for line in lines) / fsum(line["rollout_s"] for line in lines), 1),
            "trained": round(lines[-1]["num_tokens"] / fsum(line["train_s"] for line in lines), 1),
        },
    }  # fmt: skip
    (folder / _DONE).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"seed {seed}: {seconds:.0f} s, {played['families']}", flush=True)
    return result


def prepared(given: argparse.Namespace, work: Path) -> None:
    from bench.train_lessons import built

    if not (work / "bundles").is_dir():
        with tempfile.TemporaryDirectory(dir=work) as name:
            for family in FAMILIES:
                built(family, _FIRST, given.each, Path(name) / "bundles")
            (Path(name) / "bundles").rename(work / "bundles")
    if not (work / "held").is_dir():
        for path in sorted((given.sft / "bundles").iterdir()):
            if path.name.rsplit("-", 1)[0] in FAMILIES:
                shutil.copytree(path, work / "held" / path.name)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.train_reinforced")
    parser.add_argument("--sft", type=Path, required=True, help="`--work` of `python -m bench.train_nightly`")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="folder that keeps what is finished; without it a temporary one")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--each", type=int, default=24, help="instances of each family that are trained on")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--tasks", type=int, default=3)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args(arguments)
    given.sft = given.sft.absolute()
    with tempfile.TemporaryDirectory(prefix="clawc-reinforced-") as name:
        work: Path = (given.work or Path(name)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        prepared(given, work)

        def one(seed: int) -> Mapping[str, Any]:
            return part(given, seed, work)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = list(pool.map(one, given.seeds))
        before = [scores_of(given.sft / f"seed-{seed}" / "work" / "play" / "run") for seed in given.seeds]
        after = [scores_of(work / f"seed-{seed}" / "play" / "run") for seed in given.seeds]
        plotted = [str(work / f"seed-{seed}" / "grpo") for seed in given.seeds]
        plot = given.json.with_suffix(".svg").absolute()
        run([sys.executable, "-m", "clawc", "train", "plot", *plotted, "--out", str(plot)], work / "log")
    found = gained(before, after)
    met = bool(found.get("interval_95")) and found["interval_95"][0] > 0
    result = {
        "format_version": 1, "name": "train_reinforced", "machine": machine(), "families": FAMILIES, "met": met, "rise": found,
        "before": [shares(each, FAMILIES) for each in before], "after": [shares(each, FAMILIES) for each in after], "parts": parts,
        "settings": {name: getattr(given, name) for name in ("steps", "group", "tasks", "rate", "each", "device")},
    }  # fmt: skip
    given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({"rise": found, "met": met}))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
