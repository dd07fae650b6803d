"""How long it takes to import and check 2,000 tasks of ClawGym's shape, beside copying the same files.

The tasks are made here, with the sizes of the published corpus: checkers of 411 lines, prompts of 400 words, 3.3 inputs. A sample is
judged as the original does it (a process of Python for each workspace) and by the imported verifier in its sandbox.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.machine import ROOT, machine

AIM_S = 60.0
TASKS = 2_000
SAMPLE = 10
COMMAND = (sys.executable, "-m", "clawc")
_WORDS = [
    "report",
    "total",
    "region",
    "client",
    "file",
    "write",
    "count",
    "sorted",
    "value",
    "table",
    "column",
    "output",
    "input",
    "summary",
    "check",
    "lines",
    "section",
]
_REWARD = """#!/usr/bin/env bash
set -euo pipefail

python3 /root/.openclaw/workspace/reward/check.py /root/.openclaw/workspace | python3 -c 'import json, sys; raw = \
sys.stdin.read().strip(); data = json.loads(raw); print(sum(float(v) for v in data.values()) / len(data) if \
isinstance(data, dict) and data else float(data) if isinstance(data, (int, float)) else 0.0)'
"""


def checker(criteria: int) -> str:
    """A checker of 16 criteria, each of about 25 lines."""
    lines = ["import csv", "import json", "import os", "import re", "import sys", "", "", "def read(path):", "    try:",
             "        with open(path, encoding='utf-8') as file:", "            return file.read()", "    except Exception:", "        return None", ""]  # fmt: skip
    for number in range(criteria):
        lines += ["", f"def criterion_{number}(ws):", f"    path = os.path.join(ws, 'output', 'part_{number % 4}.txt')",
                  "    text = read(path)", "    if text is None:", "        return 0.0", "    lines = [line.strip() for line in text.splitlines()]",
                  "    found = 0", "    for line in lines:", "        if not line:", "            continue",
                  f"        if re.search(r'word{number}\\b', line):", "            found += 1", "        elif line.startswith('#'):", "            found += 0",
                  "    if found == 0:", "        return 0.0", f"    if found > {number + 3}:", "        return 1.0",
                  "    share = found / max(1, len(lines))", "    if share > 1:", "        share = 1.0", "    return round(share, 4)"]  # fmt: skip
    lines += ["", "", "def main():", "    ws = sys.argv[1]", "    scores = {}"]
    lines += [f"    scores['criterion_{number}'] = criterion_{number}(ws)" for number in range(criteria)]
    return "\n".join([*lines, "    print(json.dumps(scores))", "", "", "main()"]) + "\n"


def corpus(folder: Path, count: int) -> int:
    """The tasks; gives their size in bytes."""
    draw = random.Random(7)
    size = 0
    for number in range(count):
        at = folder / f"task_{number:04d}"
        files = {"reward/reward.sh": _REWARD, "reward/check.py": checker(16)}
        query = " ".join(draw.choice(_WORDS) for _ in range(400))
        files["data_entry.json"] = json.dumps({
            "task_id": at.name, "user_query": query, "input_mount_dir": "/root/.openclaw/workspace",
            "metadata": {"category": "", "grading_type": "automated"},
        })  # fmt: skip
        for place in range(draw.choice((2, 3, 3, 4, 5))):
            rows = "".join(f"{draw.randrange(1000)},{draw.random():.4f}\n" for _ in range(40))
            files[f"input_files/input/data_{place}.csv"] = "id,value\n" + rows
        for path, text in files.items():
            (at / path).parent.mkdir(parents=True, exist_ok=True)
            (at / path).write_text(text, encoding="utf-8")
            size += len(text)
    return size


def run(words: Sequence[str], env: dict[str, str]) -> float:
    """The seconds that a command takes. Raises SystemExit when it fails."""
    began = time.perf_counter()
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{words}: {done.stdout}{done.stderr}")
    return time.perf_counter() - began


def fidelity(source: Path, out: Path, folder: Path, env: dict[str, str]) -> dict[str, Any]:
    """A sample judged by the original and by what was imported: the largest difference, and the time of each."""
    bundles = folder / "bundles"
    names = sorted(p.name for p in source.iterdir())[:SAMPLE]
    run([*COMMAND, "build", *(str(out / name) for name in names), "-o", str(bundles)], env)
    worst, theirs, ours = 0.0, 0.0, 0.0
    for place, name in enumerate(names):
        workspace = folder / "ws" / name
        (workspace / "output").mkdir(parents=True)
        for number in range(place % 5):
            text = "\n".join(f"word{n} and more" for n in range(number, 16))
            (workspace / "output" / f"part_{number}.txt").write_text(text)
        began = time.perf_counter()
        plain = subprocess.run(
            [sys.executable, str(source / name / "reward" / "check.py"), str(workspace)],
            capture_output=True,
            check=True,
        )
        theirs += time.perf_counter() - began
        values = [float(v) for v in json.loads(plain.stdout).values()]
        began = time.perf_counter()
        judged = subprocess.run([*COMMAND, "score", str(bundles / name), str(workspace), "--format", "json"],
                                cwd=ROOT, env=env, capture_output=True, check=False)  # fmt: skip
        ours += time.perf_counter() - began
        worst = max(worst, abs(float(json.loads(judged.stdout)["score"]) - sum(values) / len(values)))
    return {"workspaces": len(names), "largest_difference": worst, "original_ms": round(1000 * theirs / len(names), 1),
            "imported_ms": round(1000 * ours / len(names), 1)}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Exit 1 if the aim is missed."""
    parser = argparse.ArgumentParser(prog="bench import", description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--tasks", type=int, default=TASKS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        env = {**os.environ, "CLAWC_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
        source, out = folder / "source", folder / "out"
        size = corpus(source, given.tasks)
        began = time.perf_counter()
        shutil.copytree(source, folder / "copy")
        copied = time.perf_counter() - began
        imported = run([*COMMAND, "import", str(source), "-o", str(out)], env)
        checked = run([*COMMAND, "check", str(out)], env)
        suggested = run([*COMMAND, "import", str(source), "-o", str(folder / "suggested"), "--suggest"], env)
        judged = fidelity(source, out, folder, env)
        found: dict[str, Any] = {
            "format_version": 1, "name": "import", "machine": machine(), "tasks": given.tasks, "bytes": size,
            "seconds": {"copy": round(copied, 2), "import": round(imported, 2), "check": round(checked, 2),
                        "import_suggest": round(suggested, 2)},
            "import_and_check_s": round(imported + checked, 2), "aim_s": AIM_S * given.tasks / TASKS,
            "against_copy": round((imported + checked) / copied, 1), "fidelity": judged,
        }  # fmt: skip
    text = json.dumps(found, indent=2) + "\n"
    if given.json:
        given.json.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return int(imported + checked > AIM_S * given.tasks / TASKS or judged["largest_difference"] > 1e-6)
