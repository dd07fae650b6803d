"""check, build and fmt need nothing that only some systems have: they run where a process cannot fork or limit itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "order_totals.claw"
# As on a system without these modules and calls.
RUN = """
import os, sys
for name in ("fcntl", "pwd", "grp", "resource", "termios"):
    sys.modules[name] = None
for name in ("fork", "getuid", "sched_getaffinity", "mkfifo"):
    delattr(os, name)
from clawc.cli import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["check", "--no-cache", "good.claw"], 0),
        (["check", "good.claw", "bad.claw"], 1),
        (["fmt", "--check", "good.claw"], 0),
        (["build", "good.claw", "-o", "out"], 0),
        (["explain", "E0402"], 0),
    ],
)
def test_without_what_only_some_systems_have(arguments: list[str], status: int, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path / "good.claw")
    text = EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "bad.claw").write_text(text.replace("sum(amount)", "sum(amuont)"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
