"""The measured part of `docs/comparison.md`: sizes of tasks, what verifiers pay, episodes in other runners, ways there and back."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import compare_answers, compare_page, compare_runners, compare_sizes, importing
from bench.commands import spent
from bench.machine import ROOT, machine
from bench.runs import COMMAND
from clawc.compiler.targets.table import TARGETS
from clawc.runtime.bundle import load
from clawc.runtime.stats.quantile import wilson
from clawc.spec.bundle import SOLUTION_STEPS

EXAMPLES = ROOT / "examples"
MADE_UP = 20
FORMAT_VERSION = 1


def sources(ports: Sequence[str]) -> list[Path]:
    """The specs that are measured: those at the top of `examples/`, and these ports."""
    return [*sorted(EXAMPLES.glob("*.claw")), *(compare_sizes.port(task) for task in ports)]


def benchmark(
    ports: Sequence[str], answers: Sequence[str], peers: Sequence[str], times: int, targets: Sequence[str], made_up: int
) -> dict[str, Any]:
    """The whole document. `answers` are names of recorded workspaces, all if empty; so many tasks are `made_up` to be imported."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        specs, bundles = sources(ports), folder / "bundles"
        spent([*COMMAND, "build", *map(str, specs), "-o", str(bundles)])
        exports = _exported(bundles, folder / "exports", targets)
        recorded = list(compare_answers.recorded(ports, answers))
        scratch = folder / "workspaces"
        scratch.mkdir()
        return {
            "format_version": FORMAT_VERSION,
            "name": "compare",
            "machine": {**machine(), "load_before": round(os.getloadavg()[0], 2)},
            "sizes": {
                **compare_sizes.measured(ports, bundles),
                "exports": {"tasks": len(specs), "targets": compare_sizes.of_exports(exports, len(specs))},
            },
            "answers": compare_answers.summary(compare_answers.judged(recorded, bundles, scratch)),
            "runners": _in_runners(bundles, peers, times, folder),
            "round_trip": [_round_trip(target, exports / target, specs, folder) for target in targets],
            "import": _imported(folder, made_up),
        }


def _exported(bundles: Path, exports: Path, targets: Sequence[str]) -> Path:
    exports.mkdir()
    for target in targets:
        spent([*COMMAND, "build", str(bundles), "--target", target, "--name", "tasks", "-o", str(exports / target)])
    return exports


def without_programs(bundles: Path) -> list[Path]:
    """Bundles with a solution whose checkers start no program of the agent: what such programs take is not the runner's."""
    found = [load(path) for path in sorted(bundles.iterdir())]
    return [one.path for one in found if not one.manifest.jobs and SOLUTION_STEPS in one.files]


def _in_runners(bundles: Path, peers: Sequence[str], times: int, folder: Path) -> dict[str, Any]:
    chosen, own = without_programs(bundles), folder / "runners"
    own.mkdir()
    groups = {"all": chosen, "one": chosen[:1]}
    for group, paths in groups.items():
        for path in paths:
            shutil.copytree(path, own / group / path.name)
    places: Mapping[str, tuple[Path, Path]] = {
        compare_runners.OURS: (own / "all", own / "one"),
        **{peer: (own / f"{peer}-all", own / f"{peer}-one") for peer in peers},
    }
    for peer in peers:
        for group, place in zip(groups, places[peer]):
            words = ["build", str(own / group), "--target", peer, "--name", "tasks", "-o", str(place)]
            spent([*COMMAND, *words])
    return {
        "jobs": compare_runners.JOBS,
        "tasks": [path.name for path in chosen],
        "players": compare_runners.measured(peers, places, len(chosen), times, own),
    }


def _round_trip(target: str, export: Path, specs: Sequence[Path], folder: Path) -> dict[str, Any]:
    """How many sources come back byte for byte out of an export."""
    out = folder / "back" / target
    out.parent.mkdir(exist_ok=True)
    spent([*COMMAND, "import", str(export), "-o", str(out), "--format", "json"])
    back = [path.read_bytes() for path in out.rglob("*.claw")]
    same = sum(path.read_bytes() in back for path in specs)
    low, high = wilson(same / len(specs), len(specs))
    return {"target": target, "n": len(specs), "same": same, "interval": [round(low, 4), round(high, 4)]}


def _imported(folder: Path, count: int) -> dict[str, Any]:
    """Made-up tasks of ClawGym's shape: what becomes of their verifiers, and whether rewards stay."""
    source, out = folder / "made-up", folder / "imported"
    importing.corpus(source, count)
    spent([*COMMAND, "import", str(source), "-o", str(out)])
    report = json.loads((out / "import.json").read_text(encoding="utf-8"))
    env = {**os.environ, "CLAWC_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    return {
        "tasks": count,
        "formats": report["formats"],
        "fidelity": importing.fidelity(source, out, folder / "fidelity", env),
    }


def main(arguments: Sequence[str]) -> int:
    """Prints the tables; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench compare")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--ports", type=int, default=len(compare_sizes.PUBLISHED), help="how many published tasks")
    parser.add_argument(
        "--answers", default="", help="names of recorded workspaces, with commas between; all unless given"
    )
    parser.add_argument("--times", type=int, default=2, help="how often each runner plays; more for timings")
    parser.add_argument("--peers", default=",".join(compare_runners.NAMES), help="frameworks to play in, or `none`")
    parser.add_argument("--targets", default=",".join(TARGETS), help="formats to export to and to import from")
    parser.add_argument("--made-up", type=int, default=MADE_UP, help="how many tasks of ClawGym's shape are imported")
    options = parser.parse_args(arguments)
    peers = [] if options.peers == "none" else str(options.peers).split(",")
    targets = str(options.targets).split(",")
    for word, known in (
        *((peer, compare_runners.NAMES) for peer in peers),
        *((name, tuple(TARGETS)) for name in targets),
    ):
        if word not in known:
            parser.error(f"`{word}` is none of: {', '.join(known)}")
    if min(options.times, options.made_up) < 1 or not 1 <= options.ports <= len(compare_sizes.PUBLISHED):
        parser.error(f"`--times` and `--made-up` are at least 1, `--ports` 1 to {len(compare_sizes.PUBLISHED)}")
    answers = [name for name in str(options.answers).split(",") if name]
    known_answers = {one.name for one in compare_answers.recorded(list(compare_sizes.PUBLISHED))}
    if not known_answers.issuperset(answers):
        parser.error(f"no recorded workspace is called `{min(set(answers) - known_answers)}`")
    ports = list(compare_sizes.PUBLISHED)[: options.ports]
    document = benchmark(ports, answers, peers, options.times, targets, options.made_up)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(compare_page.tables(document).values()) + "\n")
    return 0
