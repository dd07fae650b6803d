"""The evaluator in this process and the emitted checker give the same verdict on the same files."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.pipeline import build
from clawc.spec.bundle import CHECKER, VENDOR

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted([*ROOT.glob("examples/*.claw"), *ROOT.glob("examples/clawgym/*/*.claw")])


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """Something an agent may have left instead."""
    lines = data.splitlines(keepends=True)
    kind = rng.randrange(8)
    if kind == 0:
        return b""
    if kind == 1:
        return data[: rng.randrange(len(data) + 1)]
    if kind == 2 and lines:
        del lines[rng.randrange(len(lines))]
        return b"".join(lines)
    if kind == 3:
        rng.shuffle(lines)
        return b"".join(lines)
    if kind == 4:
        at = rng.randrange(len(data) + 1)
        return data[:at] + bytes([rng.randrange(256)]) + data[at:]
    if kind == 5:
        return b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
    if kind == 6:
        return data.replace(b"1", b"2", 1)
    return data + (rng.choice(lines) if lines else b"x")


@pytest.mark.sampled(5)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_both_judges_agree(path: Path, tmp_path: Path) -> None:
    compiled = check_file(path).tasks[0]
    if compiled.task.context.task.jobs:
        pytest.skip("its programs are run by the runtime; tests/runtime and tests/cli judge it")
    checker = tmp_path / "check.py"
    files_of = build(compiled).files
    checker.write_bytes(files_of[CHECKER])
    for name, data in files_of.items():
        if name.startswith(f"{VENDOR}/"):
            (tmp_path / "vendor" / name[len(VENDOR) + 1 :]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "vendor" / name[len(VENDOR) + 1 :]).write_bytes(data)
    rng = random.Random(7)
    for number in range(12):
        files = dict(compiled.witness.files) if number else {}
        if number > 1:
            for name in rng.sample(sorted(files), rng.randint(1, len(files))):
                files[name] = spoiled(files[name], rng)
        workspace = tmp_path / str(number)
        for name, data in {**compiled.trial.pristine, **files}.items():
            target = workspace / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        command = [sys.executable, "-I", "-S", str(checker), str(workspace), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        emitted: dict[str, Any] = json.loads(done.stdout)
        assert emitted == compiled.trial.judge(files)
