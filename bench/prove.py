"""How fast checkers are proved: distinct specs and instances at level admit, memory over a long run, and what one mutant costs
in the process of the compiler beside `check.py` as a process."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.commands import spent
from bench.machine import ROOT, machine
from bench.specs import spec
from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import build, check
from clawc.compiler.prove.plan import plan_of

AIM_SPECS_A_MINUTE, AIM_INSTANCES, AIM_INSTANCES_S = 3_000.0, 13_500, 600.0
MUTANTS = 40
COMMAND = (sys.executable, "-m", "clawc", "test")
_TEMPLATE = ROOT / "examples" / "overdue_letters.claw"


def _tested(paths: Sequence[str], folder: Path, name: str, more: Sequence[str] = ()) -> dict[str, Any]:
    """A whole `clawc test` of a fresh process without anything kept: seconds, processor time, memory, and its document."""
    out = folder / f"{name}.json"
    env = {**os.environ, "CLAWC_CACHE": str(folder / f"cache-{name}")}
    used = spent([*COMMAND, *paths, "--format", "json", "-o", str(out), "--mutants", str(MUTANTS), *more], env=env)
    document = json.loads(out.read_bytes())
    cards = document["cards"]
    return {
        "cards": len(cards), "clean": sum(c["clean"] for c in cards), "seconds": round(used.seconds, 2), "cpu_s": round(used.cpu_s, 2),
        "largest_process_mb": round(used.rss_mb, 1), "mutants_each": round(statistics.fmean(c["counts"]["wrong"] + c["counts"]["equivalent"] for c in cards), 1),
        "real_runs": sum(c["real"]["runs"] for c in cards), "disagreed": sum(len(c["real"]["disagreed"]) for c in cards),
    }  # fmt: skip


def _distinct(folder: Path, count: int) -> dict[str, Any]:
    here = folder / f"specs-{count}"
    for number in range(count):
        path = here / f"{number // 500:03}" / f"t{number}.claw"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(spec(number), encoding="utf-8")
    found = _tested([str(here)], folder, f"specs-{count}")
    return {**found, "a_minute": round(found["cards"] / found["seconds"] * 60)}


def _instances(folder: Path, count: int) -> dict[str, Any]:
    found = _tested([str(_TEMPLATE)], folder, f"instances-{count}", ["-n", str(count)])
    return {**found, "template": _TEMPLATE.name, "a_minute": round(found["cards"] / found["seconds"] * 60)}


def _one_mutant(times: int) -> dict[str, Any]:
    """Processor time of one verdict here, and of `check.py` as a process on the same workspaces."""
    checked = check("t0.claw", spec(0), DiskAssets(ROOT))
    compiled = checked.tasks[0]
    plan = plan_of(compiled, "admit", MUTANTS)
    cases = list(plan.cases())
    began = time.process_time()
    for _ in range(times):
        for case in cases:
            compiled.trial.judge(case.files, case.events)
    here_us = (time.process_time() - began) * 1e6 / (times * len(cases))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        files = build(compiled).files
        (root / "check.py").write_bytes(files["private/check.py"])
        for path, data in {**compiled.trial.pristine, **plan.oracle.files}.items():
            if data is not None:
                target = root / "w" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        command = [sys.executable, "-I", "-S", str(root / "check.py"), str(root / "w"), "--json"]
        subprocess.run(command, check=True, capture_output=True)
        process = statistics.median(spent(command).cpu_s for _ in range(9))
    return {
        "here_us": round(here_us, 1),
        "process_us": round(process * 1e6),
        "times_less": round(process * 1e6 / here_us, 1),
    }


def benchmark(specs: int, instances: int, times: int) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = _distinct(folder, max(1, specs // 10))
        many = _distinct(folder, specs)
        made = _instances(folder, instances)
    return {
        "format_version": 1, "benchmark": "prove", "machine": machine(), "specs": many, "a_tenth": few,
        "memory_ratio": round(many["largest_process_mb"] / few["largest_process_mb"], 3), "instances": made,
        "seconds_for_13500": round(AIM_INSTANCES / made["a_minute"] * 60, 1), "one_mutant": _one_mutant(times),
        "aims": {"specs_a_minute": AIM_SPECS_A_MINUTE, "seconds_for_13500": AIM_INSTANCES_S},
    }  # fmt: skip


def table(document: dict[str, Any]) -> str:
    """The figures as lines."""
    many, made, one = document["specs"], document["instances"], document["one_mutant"]
    return (
        f"distinct specs     {many['cards']}: {many['a_minute']} a minute (aim {AIM_SPECS_A_MINUTE:.0f}), {many['mutants_each']} mutants each, {many['clean']} clean, {many['real_runs']} real runs\n"
        f"instances          {made['cards']} of {made['template']}: {made['a_minute']} a minute, {made['clean']} clean; 13,500 in {document['seconds_for_13500']} s (aim {AIM_INSTANCES_S:.0f})\n"
        f"largest process    {many['largest_process_mb']} MB, {document['memory_ratio']} times that of a tenth of the specs\n"
        f"one verdict        {one['here_us']} us here, {one['process_us']} us as a process: {one['times_less']} times less\n"
    )  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench prove")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--specs", type=int, default=3_000)
    parser.add_argument("--instances", type=int, default=1_500)
    parser.add_argument("--times", type=int, default=50)
    options = parser.parse_args(arguments)
    document = benchmark(options.specs, options.instances, options.times)
    sys.stdout.write(table(document))
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0
