"""Our sandboxes in Inspect: Inspect's own conformance checks of providers, and its other sandbox beside ours. Needs Inspect, from
PyPI in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from clawc.runtime.runners.installed import INSPECT
from clawc.runtime.runners.processes import stage
from tests.frameworks import framework
from tests.targets.graders import public_folder

HERE = Path(__file__).parent


@pytest.mark.parametrize("cases", ["read_and_write", pytest.param("", marks=pytest.mark.nightly)])
def test_conformance(cases: str, tmp_path: Path) -> None:
    python = framework(INSPECT) / "bin" / "python"
    staged, scratch = stage(tmp_path / "staged"), public_folder()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(staged), "TMPDIR": str(scratch)}
    done = subprocess.run(
        [python, "-P", "-m", "pytest", "-q", "-p", "anyio", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", tmp_path,
         "-k", cases, HERE / "inspect_self_check.py"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    shutil.rmtree(scratch, ignore_errors=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout and " skipped" not in done.stdout
