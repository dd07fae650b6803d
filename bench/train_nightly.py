"""`python -m bench.train_nightly --json FILE`: what a small model learns from the oracle on a processor, in the time that a night has.

SmolLM2-135M-Instruct is trained on lessons of five families of `bench/families`, three times; before and after, the agent `loop` plays unseen
instances of these families, and of one that was not trained on, in sandboxes. Exit 1 if the share that is solved does not rise by 30 points
on the families that were trained on, or the interval of the rise holds 0.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import fsum
from pathlib import Path
from typing import Any

from bench.machine import machine
from clawc.runtime.stats.bootstrap import Resampling, bootstrap_interval
from clawc.runtime.stats.quantile import wilson
from clawc.runtime.store.run_folder import read_run

FAMILIES = ("copy_note", "csv_to_json", "first_row", "mail_of", "two_columns")
UNSEEN = ("one_column", "open_tickets")
RISE = 0.30
_AT_ONCE = 2
_BEFORE = "before"
_DONE = "done.json"

Scores = Mapping[str, Mapping[str, float]]


def scores_of(run: Path) -> Scores:
    """Whether each task was solved, by family and bundle; one that could not be scored is not there."""
    found: dict[str, dict[str, float]] = {}
    for record in read_run(run)[1]:
        if record.score is not None:
            found.setdefault(record.template, {})[record.bundle_id] = float(float(record.score) == 1)
    return found


def rise(before: Scores, after: Sequence[Scores], families: Sequence[str]) -> dict[str, Any]:
    """The mean over the seeds, and its interval where instances vary: each instance counts once, with the mean of its seeds."""
    differences: list[tuple[float]] = []
    for family in families:
        for bundle, was in before.get(family, {}).items():
            now = [each[family][bundle] for each in after if bundle in each.get(family, {})]
            if now:
                differences.append((fsum(now) / len(now) - was,))
    if not differences:
        return {"instances": 0}
    interval = bootstrap_interval(differences, Resampling())
    return {
        "instances": len(differences),
        "rise": round(fsum(each for (each,) in differences) / len(differences), 4),
        "interval_95": [round(interval.low, 4), round(interval.high, 4)] if interval else None,
    }


def shares(scores: Scores, families: Sequence[str]) -> dict[str, Any]:
    played = [value for family in families for value in scores.get(family, {}).values()]
    if not played:
        return {"played": 0}
    low, high = wilson(fsum(played) / len(played), len(played))
    return {
        "played": len(played), "solved": round(fsum(played)), "share": round(fsum(played) / len(played), 4),
        "interval_95": [round(low, 4), round(high, 4)],
        "families": {name: [round(fsum(scores.get(name, {}).values())), len(scores.get(name, {}))] for name in families},
    }  # fmt: skip


def _part(name: str, folder: Path, given: argparse.Namespace, model: Path) -> dict[str, Any]:
    out = folder / name
    if (out / _DONE).is_file():
        kept: dict[str, Any] = json.loads((out / _DONE).read_text())
        return kept
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    options: dict[str, object] = {
        "device": "cpu",
        "model": model,
        "out": out / "work",
        "json": out / "learning.json",
        "at-once": 16,
        "deadline": 3600,
    }
    options |= {each: folder / each for each in ("rows", "held", "bundles")}
    if name == _BEFORE:
        options["kind"] = _BEFORE
    else:
        options |= {"seed": name.removeprefix("seed-"), "batch": given.batch, "rows-at-once": 2, "held-rows": 2}
        options |= {"epochs": given.epochs, "rate": given.rate}
    command = [sys.executable, "-m", "bench.train_learning", *(f"--{key}={value}" for key, value in options.items())]
    begun = time.perf_counter()
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    with open(out / "log", "wb") as log:
        status = subprocess.run(command, env=env, stdout=log, stderr=log, check=False).returncode
    print(f"{name}: status {status}, {time.perf_counter() - begun:.0f} s", flush=True)
    if status:
        raise SystemExit(f"{name} failed: {(out / 'log').read_text(errors='replace')[-2000:]}")
    (out / "learning.json").rename(out / _DONE)
    found: dict[str, Any] = json.loads((out / _DONE).read_text())
    return found


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.train_nightly")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="folder that keeps what is finished; without it a temporary one")
    parser.add_argument("--model", type=Path, help="SmolLM2-135M-Instruct unless given")
    parser.add_argument("--each", type=int, default=24, help="lessons of each family")
    parser.add_argument("--held", type=int, default=40, help="unseen instances of each family")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=5e-4)
    given = parser.parse_args(arguments)
    from bench import train_lessons
    from clawc.runtime.engine.local.smollm2 import smollm2

    model: Path = (given.model or smollm2()).absolute()
    with tempfile.TemporaryDirectory(prefix="clawc-nightly-") as name:
        folder: Path = given.work or Path(name)
        made = ["--out", str(folder), "--each", str(given.each), "--held", str(given.held), "--model", str(model)]
        if not (folder / "agent.toml").is_file():
            train_lessons.main([*made, "--families", *FAMILIES, *UNSEEN])
        parts = [_BEFORE, *(f"seed-{seed}" for seed in range(given.seeds))]

        def play(part: str) -> dict[str, Any]:
            return _part(part, folder, given, model)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = dict(zip(parts, pool.map(play, parts)))
        scores = {part: scores_of(folder / part / "work" / "play" / "run") for part in parts}
    after = [scores[part] for part in parts[1:]]
    known, new = rise(scores[_BEFORE], after, FAMILIES), rise(scores[_BEFORE], after, UNSEEN)
    met = known.get("rise", 0) >= RISE and known["interval_95"] is not None and known["interval_95"][0] > 0
    result = {
        "format_version": 1, "name": "train_nightly", "machine": machine(), "aims": {"rise": RISE, "instances": 200},
        "lessons_of_each": given.each, "families": FAMILIES, "unseen": UNSEEN, "met": met,
        "same_families": known, "unseen_family": new,
        "shares": {part: {"same_families": shares(scores[part], FAMILIES), "unseen_family": shares(scores[part], UNSEEN)} for part in parts},
        "parts": found,
    }  # fmt: skip
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({"same_families": known, "unseen_family": new, "met": met}))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
