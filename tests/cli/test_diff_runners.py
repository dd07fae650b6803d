"""`clawc diff-runners` from outside: what it says where nothing can be compared. No framework is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clawc.commands.diff_runners import RunnerOptions, diff_runners_command
from clawc.exits import UserError
from clawc.runtime.runners import compare
from clawc.runtime.runners.installed import INSPECT
from clawc.spec.manifest_id import manifest_id

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "examples" / "order_totals.claw"


class Done(NamedTuple):
    code: int
    out: str
    err: str


def clawc(folder: Path, *arguments: object) -> Done:
    """The command of a user who has no runner."""
    command = [sys.executable, "-m", "clawc", *map(str, arguments)]
    env = {**os.environ, "CLAWC_CACHE": str(folder / "cache")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and done.returncode != 70, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def test_an_unknown_runner(tmp_path: Path) -> None:
    done = clawc(tmp_path, "diff-runners", GOOD, "--runner", "harbour")
    assert (done.code, done.out) == (2, "")
    assert "unknown runner `harbour`" in done.err and "harbor, inspect, verifiers" in done.err


def test_no_runner_is_installed(tmp_path: Path) -> None:
    done = clawc(tmp_path, "diff-runners", GOOD)
    assert (done.code, done.out) == (3, "")
    *left_out, said, help = done.err.splitlines()
    assert [line.split()[0] for line in left_out] == ["harbor", "inspect", "verifiers"]
    assert said == "clawc: no runner is installed" and help.startswith("  help: ") and "--install" in help


def test_the_runner_that_is_asked_for_is_not_installed(tmp_path: Path) -> None:
    done = clawc(tmp_path, "diff-runners", GOOD, "--runner", "inspect")
    assert done.code == 3 and f"inspect {INSPECT.version} is not installed" in done.err and "--install" in done.err


def test_an_unknown_format(tmp_path: Path) -> None:
    done = clawc(tmp_path, "diff-runners", GOOD, "--format", "yaml")
    assert done.code == 2 and "text, json" in done.err


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A runner that looks as if it were there; what is refused never starts it."""

    def found(framework: object, cache: Path) -> Path:
        return tmp_path / "runner"

    monkeypatch.setattr("clawc.commands.diff_runners.installed", found)


def refusal(*paths: Path, mutants: int = 1, out: Path | None = None) -> UserError:
    with pytest.raises(UserError) as caught:
        diff_runners_command(paths, RunnerOptions(tuple(compare.FRAMEWORKS), False, mutants, "text", out))
    return caught.value


def test_a_bundle_without_its_source(tmp_path: Path, installed: None) -> None:
    bundle = tmp_path / "order_totals"
    assert clawc(tmp_path, "build", GOOD, "-o", tmp_path).code == 0
    manifest: dict[str, Any] = json.loads((bundle / "bundle.json").read_bytes())
    manifest["files"] = [file for file in manifest["files"] if not file["path"].startswith("private/source")]
    manifest["id"] = manifest_id({key: value for key, value in manifest.items() if key != "id"})
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    shutil.rmtree(bundle / "private" / "source")
    (bundle / "private" / "source.json").unlink()
    error = refusal(bundle)
    assert error.code == 2 and error.message.startswith("R0108") and "does not hold its source" in error.message
    assert "clawc build" in error.help


def test_two_tasks_of_one_name(tmp_path: Path, installed: None) -> None:
    assert clawc(tmp_path, "build", GOOD, "-o", tmp_path).code == 0
    error = refusal(tmp_path / "order_totals", GOOD)
    assert (error.code, error.message) == (2, "two tasks are called `order_totals`")


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_played(tmp_path: Path, installed: None) -> None:
    error = refusal(GOOD, out=tmp_path / "nowhere" / "report.json")
    assert error.code == 2 and "there is no folder for it" in error.message
