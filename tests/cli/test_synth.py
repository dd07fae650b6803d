"""`clawc synth` from the shell: a small set, proved for real, twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rensa", reason="the extra `synth` is not installed")


def synth(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clawc", "synth", "-n", "6", "--seed", "4", "--no-semantic", "--to", "folder", "--to", "jsonl", "-o", "set", *more],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip


def test_a_set(tmp_path: Path) -> None:
    made = synth(tmp_path)
    assert made.returncode == 0, made.stderr
    assert "6 tasks of" in made.stdout and "6 cards clean" in made.stdout
    rows = [json.loads(line) for file in (tmp_path / "set/jsonl").iterdir() for line in file.read_text().splitlines()]
    assert len(rows) == 6 and all(row["card"]["clean"] for row in rows)
    # Of five seeds; of its own where programs would have to be run, or where nothing is drawn.
    assert {row["card"]["independent"] for row in rows} <= {1, 5}
    assert "task_categories" in (tmp_path / "set/README.md").read_text()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "set").rglob("*") if path.is_file()}
    again = synth(tmp_path)
    assert again.returncode == 0 and again.stdout == made.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--provider", "models"), "the provider `models` is unknown"),
        (("--to", "xml"), "the form `xml` is unknown"),
        (("--against", "nowhere"), "nowhere"),
    ],
)
def test_what_is_refused(tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    made = synth(tmp_path, *more)
    assert made.returncode in (2, 3) and said in made.stderr and "Traceback" not in made.stderr
