"""Bundles and findings about the check library that are kept from one command to the next: never another result."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = """claw 1

task sums {
  title      = "Sum up"
  category   = office.records
  operations = [data.aggregate]

  workspace { file sales "sales.csv" }

  let totals = csv(sales) | group who, total = sum(amount) | sort who

  deliver report "out/totals.csv" { columns = columns(totals) }

  instruction = "Sum the amounts of {{ path.sales }} by who into {{ path.report }}, sorted by who."

  verify { check right { because = "sorted by who"
    expect rows(report) == totals } }
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "sums.claw").write_text(SOURCE)
    (tmp_path / "sales.csv").write_text("who,amount\nAda,1\nBela,2\nAda,3\n")
    return tmp_path


def build(project: Path, out: str, cache: Path | None = None) -> dict[str, bytes]:
    """The files of the bundle that a fresh process builds."""
    env = {**os.environ, "CLAWC_CACHE": str(cache or project / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "build", "sums.claw", "-o", out],
        cwd=project, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {
        str(p.relative_to(project / out)): p.read_bytes() for p in sorted((project / out).rglob("*")) if p.is_file()
    }


def test_the_same_bytes_with_and_without_what_was_kept(project: Path) -> None:
    first = build(project, "a")
    assert list((project / "cache").glob("library-*.sqlite"))
    second = build(project, "b")
    elsewhere = build(project, "c", project / "other-cache")
    (project / "cache/check-1.sqlite").unlink()
    library_only = build(project, "d")
    assert first and first == second == elsewhere == library_only


def test_a_changed_input_is_seen(project: Path) -> None:
    before = build(project, "a")
    (project / "sales.csv").write_text("who,amount\nAda,1\nBela,2\nAda,4\n")
    after = build(project, "b")
    assert before["sums/public/workspace/sales.csv"] != after["sums/public/workspace/sales.csv"]
    assert before["sums/private/check.py"] != after["sums/private/check.py"]
    assert after == build(project, "c", project / "fresh")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_files_cost_time_only(project: Path, data: bytes) -> None:
    whole = build(project, "a")
    for path in (project / "cache").glob("*.sqlite*"):
        path.write_bytes(data)
    assert build(project, "b") == whole
    assert build(project, "c") == whole


def test_a_kept_bundle_that_makes_no_sense_is_built_anew(project: Path) -> None:
    whole = build(project, "a")
    for result in ('{"found": [], "tasks": ["sums"], "files": {"../evil": "eA=="}}', "[]", '{"files": 1}', "null"):
        with sqlite3.connect(project / "cache/check-1.sqlite") as database:
            database.execute("update checks set result = ?", (result,))
        database.close()
        assert build(project, "b") == whole
        assert not list(project.rglob("evil"))


def test_no_cache_folder(project: Path) -> None:
    (project / "file").write_text("")
    assert build(project, "a", project / "file/cache") == build(project, "b")
