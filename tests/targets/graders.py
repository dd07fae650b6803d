"""Starts the grader in tests: as which user, with which means to isolate programs, and on what."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.sandbox.bench import word
from tests.targets.exported import laid

ROOT = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"
ORDINARY = 12345
ASK = """
task NAME {
  title = "Write a program that answers"
  workspace { file given "in/a.txt" { content = "a\\n" } }
  environment { tools = [python3]; timeout = 30s; memory = 128MiB; disk = 16MiB; processes = 40 }
  deliver tool "tool.py" { kind = program }
  instruction = "Write {{ path.tool }}: `python3 tool.py` prints the word of word.txt; without that file it ends with status 1."
  verify {
    check words {
      let one = run(["python3", tool], files = {"word.txt": "k7f3a"}, timeout = LIMIT)
      expect one.exit == 0 and trim(one.stdout) == "k7f3a"
    }
    check ends {
      let none = run(["./tool.py"], timeout = LIMIT)
      expect none.exit == 1 and not contains(none.stdout, "k7f3a")
    }
  }
  solution { write tool = "#!/usr/bin/env python3\\n" }
}
"""
# `patient` waits for programs whose limits are not what is tried, whatever else the machine does.
SPEC = "claw 1\n" + "".join(
    ASK.replace("NAME", name).replace("LIMIT", limit) for name, limit in (("ask", "2s"), ("patient", "12s"))
)
RIGHT = """
import sys
try:
    print(open("word.txt").read().strip())
except FileNotFoundError:
    sys.exit(1)
"""


class Ground(NamedTuple):
    """What every user may read: the grader, bundles by name, bwrap."""

    folder: Path

    @property
    def grade(self) -> Path:
        return self.folder / "grader" / "grade.py"

    def bundle(self, name: str) -> Path:
        return self.folder / "bundles" / name


def public_folder() -> Path:
    """A new folder that every user may pass; pytest's own are shut whenever it starts anywhere."""
    folder = Path(tempfile.mkdtemp(prefix="clawc-grader-")).resolve()
    folder.chmod(0o755)
    return folder


class Graded(NamedTuple):
    """`document` is empty where none was printed."""

    status: int
    document: Mapping[str, Any]
    errors: str

    @property
    def reward(self) -> float | None:
        return self.document.get("reward")


# Ways to isolate programs: whether the grader is root, and whether it has bwrap.
MODES: Mapping[str, tuple[bool, bool]] = {
    "bwrap-root": (True, True), "bwrap": (False, True), "user": (True, False), "none": (False, False),
}  # fmt: skip


def grade(
    ground: Ground, bundle: Path, workspace: Path, *options: str, mode: str = "bwrap-root", python: str = PYTHON
) -> Graded:
    """Start the grader as a mode says."""
    root, bwrap = MODES[mode]
    scratch = workspace.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    scratch.chmod(0o1777)
    if mode == "user" and "--disposable" not in options:  # which is shut for good
        bundle = Path(shutil.copytree(bundle, workspace.parent / f"bundle-{word()}"))
    done = subprocess.run(
        [python, "-I", "-S", str(ground.grade), str(bundle), str(workspace), *options,
         *(["--bwrap", str(ground.folder / "staged" / "p" / "b" / "bwrap")] if bwrap else [])],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch)}, cwd="/", capture_output=True, text=True, timeout=60, check=False,
        user=None if root or os.geteuid() != 0 else ORDINARY, group=None if root or os.geteuid() != 0 else ORDINARY,
    )  # fmt: skip
    return Graded(done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr)


def tool(folder: Path, text: str) -> Path:
    """A workspace with this program."""
    path = laid({"tool.py": ("#!/usr/bin/env python3\n" + text).encode()}, folder) / "tool.py"
    path.chmod(0o755)
    folder.chmod(0o755)
    return folder
