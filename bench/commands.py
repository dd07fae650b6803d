"""What a whole command costs, from the start of its process to the end: time, processor time, size."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.machine import ROOT

LIMIT_S = 1200
_LAUNCH = Path(__file__).with_name("launch.py")
_TAIL = 2000


class CommandFailed(Exception):
    """The text says which command ended how, and the end of what it wrote."""


class Spent(NamedTuple):
    """Seconds on the wall; seconds of processor time of the command and all processes below it; the resident size of the
    largest of these processes at its peak, in MB; and the standard output."""

    seconds: float
    cpu_s: float
    rss_mb: float
    output: str


def spent(
    command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT, limit_s: int | None = None
) -> Spent:
    """Runs a command to its end. Raises CommandFailed when it gives another exit status than 0, takes longer than `LIMIT_S` or the limit that is given, or leaves
    processes behind."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(_LAUNCH), str(report), str(LIMIT_S if limit_s is None else limit_s), *command],
            cwd=cwd, env=None if env is None else dict(env), stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        output, errors = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        if done.returncode or not report.exists():
            said = f"{output[-_TAIL:]}\n{errors[-_TAIL:]}".strip()
            raise CommandFailed(f"`{' '.join(command[:4])}` ended with {done.returncode}: {said}")
        cost = json.loads(report.read_text(encoding="utf-8"))
        if cost["left"]:
            raise CommandFailed(f"`{' '.join(command[:4])}` left processes behind")
    return Spent(float(cost["seconds"]), float(cost["cpu_s"]), float(cost["rss_mb"]), output)
