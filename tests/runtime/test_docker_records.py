"""What is recorded of the examples does not depend on what keeps processes apart."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.engine import engine_or_skip

ROOT = Path(__file__).resolve().parents[2]
FEW = [f"examples/{name}.claw" for name in ("discount_script", "order_totals", "tighten_limits")]
# What is about the machine and the moment.
_OWN = ("started", "ended", "seconds", "run_id", "enforcers", "limits")


def _records(agent: str, sources: Sequence[str], sandbox: str, out: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "run", *sources, "--agent", agent, "--sandbox", sandbox, "-j", "4",
         "--out", str(out), "--format", "json"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    records = json.loads(done.stdout)["episodes"]
    return {record["key"]: {name: record[name] for name in record if name not in _OWN} for record in records}


@pytest.mark.parametrize(
    ("agent", "sources", "least"),
    [
        ("oracle", FEW, 3),
        *(pytest.param(agent, ["examples"], 22, marks=pytest.mark.nightly) for agent in ("oracle", "null")),
    ],
)
def test_records_are_the_same_in_docker(agent: str, sources: Sequence[str], least: int, tmp_path: Path) -> None:
    engine_or_skip().close()
    here = _records(agent, sources, "bubblewrap", tmp_path / "bubblewrap")
    assert len(here) >= least and _records(agent, sources, "docker", tmp_path / "docker") == here
