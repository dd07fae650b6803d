"""`clawc bench` where numpy is not installed: only what fits a model needs it, and says what to install."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.exits import ENVIRONMENT, OK
from tests.suite.project import Done, Project
from tests.suite.suites import SIX, calibrated, suite
from tests.suite.test_report import TASKS, drawn, run_of

# A module that is None counts as one that is not there.
HIDDEN = "import sys; sys.modules['numpy'] = None; from clawc.cli import run; sys.exit(run(sys.argv[1:]))"


def clawc(*arguments: object) -> Done:
    command = [sys.executable, "-c", HIDDEN, "bench", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def test_calibrating_says_what_to_install_before_anything_is_played(tmp_path: Path) -> None:
    suite(tmp_path / "suite", {"one": ""})
    done = clawc("calibrate", tmp_path / "suite", "--out", tmp_path / "out")
    assert (done.code, done.out) == (ENVIRONMENT, "")
    assert done.err.splitlines() == [
        "clawc: numpy is needed and not installed", "  help: install it: pip install 'clawc[bench]'",
    ]  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_calibration_is_read_without_it(tmp_path: Path) -> None:
    record = calibrated(tmp_path, SIX)
    (tmp_path / "calibration.json").write_text(record.model_dump_json())
    done = clawc("select", tmp_path, "--size", 3, "--out", tmp_path / "set.json")
    assert done.code == OK and len(json.loads((tmp_path / "set.json").read_text())["tasks"]) == 3
    (tmp_path / "suite.json").unlink()
    done = clawc("plan", tmp_path)
    assert done.code == OK and "variances between `mid` and `strong`" in done.out


def test_runs_are_reported_without_it(tmp_path: Path) -> None:
    record = suite(tmp_path / "suite", dict.fromkeys(TASKS, ""))
    runs = [run_of(tmp_path / name, record, tmp_path / "suite", name, drawn(0.5, n)) for n, name in enumerate("ab")]
    done = clawc("report", *runs, "--resamples", 200, "--out", tmp_path / "page.html")
    assert done.code == OK and "Paired differences" in (tmp_path / "page.html").read_text()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("verb", ["build", "pack", "plan"])
def test_a_suite_is_built_packed_and_planned_without_it(project: Project, built: Path, verb: str) -> None:
    more = {
        "build": (project.file, "--out", project.root / "built", "--unproved"),
        "pack": (built, "--out", project.root / "small.tar.gz"),
        "plan": (built,),
    }
    done = clawc(verb, *more[verb])
    assert done.code == OK, done.err
