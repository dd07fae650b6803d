"""`python -m bench.train_learning`: one training on the lessons of the oracle, and how often the model then solves tasks that it has not
seen, played by the agent `loop` in sandboxes. A process of its own, so that several can share a card."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from clawc.runtime.train.rows import Row, read_rows
from clawc.runtime.train.sft import METRICS, Lora, SftSettings, sft

SYSTEM = "You work on files with tools. Read the files that the task names, write what it asks for, then say Done."
AGENT = f'system = "{SYSTEM}"\ntools = ["read", "write"]\nsteps = 6\n'
_PLAY_S = 240


def lessons(folder: Path, most: int) -> dict[str, list[Row]]:
    """The rows of each family, at most so many."""
    return {path.stem: list(islice(read_rows(path), most)) for path in sorted(folder.glob("*.jsonl"))}


def solved(
    bundles: Path, out: Path, model: Path, device: Literal["cpu", "cuda"], at_once: int, graphs: bool, adapter: Path | None = None,
    deadline_s: int = _PLAY_S,
) -> dict[str, Any]:  # fmt: skip
    """Of each family how many tasks were played and solved, drawn greedily."""
    out.mkdir(parents=True)
    (out / "agent.toml").write_text(AGENT, encoding="utf-8")
    lines = ["[engine.policy]", 'kind = "local"', f'folder = "{model}"', f'device = "{device}"', 'dtype = "bfloat16"']
    lines += [f"graphs = {str(graphs).lower()}", *([f'adapter = "{adapter}"'] if adapter else [])]
    (out / "claw.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "clawc",
        "run",
        str(bundles),
        "--agent",
        "loop:agent.toml",
        "--model",
        "policy",
        "--temperature",
        "0",
    ]
    command += ["--max-tokens", "384", "-j", str(at_once), "--out", "run", "--deadline", str(deadline_s)]
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    played: dict[str, list[bool]] = defaultdict(list)
    outcomes: dict[str, int] = defaultdict(int)
    tokens = 0
    journal = out / "run" / "episodes.jsonl"
    for line in journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else ():
        episode = json.loads(line)
        outcomes[episode["outcome"]] += 1
        tokens += episode["usage"]["completion_tokens"] or 0
        if episode["score"] is not None:
            played[episode["template"]].append(float(episode["score"]) == 1)
    return {
        "status": done.returncode, "said": done.stderr[-1000:] if done.returncode else "", "seconds": round(seconds, 1),
        "outcomes": dict(outcomes), "completion_tokens": tokens,
        "families": {name: {"played": len(each), "solved": sum(each)} for name, each in sorted(played.items())},
    }  # fmt: skip


def learning(
    model: Path, train: Mapping[str, Sequence[Row]], held: Mapping[str, Sequence[Row]], out: Path, settings: SftSettings
) -> tuple[Path, dict[str, Any]]:
    """Trains on all families of `train`; losses are those of the held-out rows of these families and, apart, of the others."""
    rows = [row for each in train.values() for row in each]
    known = [row for name, each in held.items() if name in train for row in each]
    begun = time.perf_counter()
    done = sft(model, rows, out, settings, known)
    lines = [json.loads(line) for line in (out / METRICS).read_text(encoding="utf-8").splitlines()]
    return done.model, {
        "rows": len(rows), "tokens": sum(len(row.input_ids) for row in rows), "trained_tokens": sum(row.trained for row in rows),
        "steps": done.steps, "seconds": round(done.seconds, 1), "whole_s": round(time.perf_counter() - begun, 1),
        "held_out_loss": {"before": done.loss_before, "after": done.loss_after},
        "losses": [round(line["loss"], 4) for line in lines if "loss" in line][:: max(1, done.steps // 40)],
    }  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.train_learning")
    for name in ("model", "rows", "held", "bundles", "out", "json"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=("before", "full", "lora"), default="full")
    parser.add_argument("--each", type=int, default=3000, help="rows of each family")
    parser.add_argument("--held-rows", type=int, default=36, help="held-out rows of each family that the loss is over")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rows-at-once", type=int, default=16, help="rows in one pass")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--at-once", type=int, default=48)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--deadline", type=int, default=_PLAY_S, help="seconds for playing")
    parser.add_argument("--graphs", action="store_true")
    parser.add_argument("--compiled", action="store_true")
    given = parser.parse_args(arguments)
    result: dict[str, Any] = {"kind": given.kind, "seed": given.seed}

    def write() -> None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")

    model: Path = given.model.absolute()
    adapter: Path | None = None
    if given.kind != "before":
        lora = Lora(rank=16) if given.kind == "lora" else None
        rate = given.rate or (1e-3 if lora else 3e-4)
        settings = SftSettings(
            epochs=given.epochs, steps=given.steps, batch=given.batch, at_once=min(given.batch, given.rows_at_once), learning_rate=rate, lora=lora,
            seed=given.seed, device=given.device, report_every=5, compiled=given.compiled,
        )  # fmt: skip
        trained, found = learning(
            model, lessons(given.rows, given.each), lessons(given.held, given.held_rows), given.out / "sft", settings
        )
        result |= {"learning_rate": rate, "batch": given.batch, **found}
        write()
        model, adapter = (model, trained.absolute()) if lora else (trained.absolute(), None)
    result["play"] = solved(
        given.bundles.absolute(),
        given.out / "play",
        model,
        given.device,
        given.at_once,
        given.graphs,
        adapter,
        given.deadline,
    )
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
