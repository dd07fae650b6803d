"""How long it takes to make a set of proved tasks without a model, what it takes of the machine, and what the set is like.

The baseline is `clawc check` of the same sources: what compiling alone takes. Diversity stands beside the published figures of
another set, as far as they are comparable.

With `--decoding` instead: what share of the files that a small model writes can be parsed, held to the grammar and not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.commands import spent
from bench.machine import machine

TASKS, SEED, LIMIT_S = 13_500, 1, 7_200
DECODED_TOKENS = 300
AIMS = {
    "seconds": 1_800.0,
    "largest_process_mb": 4_096.0,
    "structures": 2_000,
    "largest_structure": 0.01,
    "opening": 0.02,
}


def benchmark(count: int, seed: int, folder: Path) -> dict[str, Any]:
    """All figures; the set is left in the folder."""
    env = {**os.environ, "CLAWC_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "clawc", "synth", "-n", str(count), "--seed", str(seed), "-o", str(folder / "set")]
    made = spent(command, env=env, limit_s=LIMIT_S)
    again = spent(command, env=env, limit_s=LIMIT_S)
    checked = spent(
        [sys.executable, "-m", "clawc", "check", str(folder / "set" / "tasks"), "--no-cache"], limit_s=LIMIT_S
    )
    report = json.loads((folder / "set" / "report.json").read_bytes())
    size = sum(path.stat().st_size for path in (folder / "set" / "data").iterdir())
    return {
        "format_version": 1, "benchmark": "synth", "machine": machine(), "tasks": count, "seed": seed,
        "seconds": round(made.seconds, 1), "cpu_s": round(made.cpu_s, 1), "largest_process_mb": round(made.rss_mb, 1),
        "tasks_a_minute": round(count / made.seconds * 60), "again_seconds": round(again.seconds, 1), "check_seconds": round(checked.seconds, 1),
        "ratio_to_check": round(made.seconds / checked.seconds, 2), "parquet_mb": round(size / 1e6, 2), "report": report, "aims": AIMS,
    }  # fmt: skip


def table(document: dict[str, Any]) -> str:
    """The figures as lines."""
    report = document["report"]
    structures, opening = report["diversity"]["structures"], report["diversity"]["openings"][0]
    return (
        f"{document['tasks']} tasks in {document['seconds']} s (aim {AIMS['seconds'] * document['tasks'] / TASKS:.0f}), {document['tasks_a_minute']} a minute, {document['ratio_to_check']} times `clawc check` of them\n"
        f"largest process {document['largest_process_mb']} MB; once more: {document['again_seconds']} s; Parquet {document['parquet_mb']} MB\n"
        f"{report['clean']} cards clean, {structures['distinct']} structures, the most frequent {structures['largest_share']:.2%}; opening {opening}\n"
    )  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench synth")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path, help="folder in which the set stays")
    parser.add_argument("--decoding", type=int, metavar="N", help="N files of SmolLM2, with the grammar and without")
    options = parser.parse_args(arguments)
    if options.decoding:
        return _decoding(options.decoding, options.json)
    with tempfile.TemporaryDirectory() as name:
        document = benchmark(options.tasks, options.seed, options.keep or Path(name))
    sys.stdout.write(table(document))
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


def _decoding(count: int, path: Path | None) -> int:
    from bench.decoding import decoding_shares

    shares = decoding_shares(count, DECODED_TOKENS)
    document = {"format_version": 1, "benchmark": "synth decoding", "machine": machine(), **shares}
    sys.stdout.write(json.dumps(shares, indent=1) + "\n")
    if path is not None:
        path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0
