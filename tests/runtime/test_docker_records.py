"""What is recorded of the examples does not depend on what keeps processes apart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine import engine_or_skip

ROOT = Path(__file__).resolve().parents[2]
# What is about the machine and the moment.
_OWN = ("started", "ended", "seconds", "run_id", "enforcers", "limits")


def _records(agent: str, sandbox: str, out: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "run", "examples", "--agent", agent, "--sandbox", sandbox, "-j", "4",
         "--out", str(out), "--format", "json"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    records = json.loads(done.stdout)["episodes"]
    return {record["key"]: {name: record[name] for name in record if name not in _OWN} for record in records}


@pytest.mark.parametrize("agent", ["oracle", pytest.param("null", marks=pytest.mark.nightly)])
def test_records_are_the_same_in_docker(agent: str, tmp_path: Path) -> None:
    engine_or_skip().close()
    here = _records(agent, "bubblewrap", tmp_path / "bubblewrap")
    assert len(here) >= 22 and _records(agent, "docker", tmp_path / "docker") == here
