"""Many episodes over Docker, 32 at once: none fails, and neither containers nor volumes are left of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.sandbox.docker.labels import KIND, SANDBOX, STATE
from clawc.runtime.store.run_folder import read_attempts

JOBS = 32
# The engine removes containers and volumes after the command that asked for it has its answer.
_PATIENCE_S = 20


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder for the state of the runner, which users of sandboxes may pass through; it must be empty in the end."""
    path = Path(tempfile.mkdtemp(prefix="clawc-many-")).resolve()
    path.chmod(0o711)
    yield path
    left = os.listdir(path)
    shutil.rmtree(path)
    assert left == []


@pytest.mark.parametrize("episodes", [16, *(pytest.param(n, marks=pytest.mark.nightly) for n in (100, 1000))])
def test_none_of_many_fails_and_nothing_is_left(
    episodes: int, engine: Any, state: Path, make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    script, out = tmp_path / "script.json", tmp_path / "run"
    script.write_text(json.dumps([{"tool": "final", "text": "done"}]), encoding="utf-8")
    options = ["--sandbox", "docker", "-n", str(episodes), "-j", str(JOBS), "--out", str(out)]
    command = [sys.executable, "-m", "clawc", "run", str(make_bundle()), "--agent", f"scripted:{script}", *options]

    with (
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen(
            command, env={**os.environ, "TMPDIR": str(state)}, stdout=subprocess.DEVNULL, stderr=errors
        ) as run,
    ):
        volumes: set[str] = set()
        while run.poll() is None:
            volumes |= _volumes(engine, state)
            time.sleep(0.2)

    assert run.returncode == 0, (tmp_path / "errors").read_text()[-2000:]
    _, attempts = read_attempts(out)
    assert len({record.episode for record in attempts}) == len(attempts) == episodes
    assert {record.outcome for record in attempts} == {"ok"}
    assert volumes
    until = time.monotonic() + _PATIENCE_S
    while (left := _left(engine, state, volumes)) and time.monotonic() < until:
        time.sleep(0.2)
    assert left == []


def _containers(engine: Any, state: Path) -> list[dict[str, Any]]:
    """Those of runners whose state is in the folder."""
    found: list[dict[str, Any]] = engine.containers(all=True, filters={"label": f"{KIND}={SANDBOX}"})
    return [one for one in found if one["Labels"][STATE].startswith(f"{state}/")]


def _volumes(engine: Any, state: Path) -> set[str]:
    """The volumes of these containers; some have nothing by which they would be known without their container."""
    mounts = [mount for one in _containers(engine, state) for mount in one["Mounts"]]
    return {mount["Name"] for mount in mounts if mount["Type"] == "volume"}


def _left(engine: Any, state: Path, volumes: set[str]) -> list[str]:
    """What is there of containers, of volumes that were seen, and of volumes that name the folder."""
    there = engine.volumes()["Volumes"] or ()
    return [
        *(one["Id"] for one in _containers(engine, state)),
        *(one["Name"] for one in there if one["Name"] in volumes or str(state) in str(one.get("Options"))),
    ]
