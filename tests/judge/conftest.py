"""A compiled task with a rubric, a run of it by the real runtime, and what a model says of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc import cli
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.sandbox.interface import Probe
from tests.runtime.conftest import works

__all__ = ["works"]

EXAMPLES = Path(__file__).parents[2] / "examples"
MakeRun = Callable[[], Path]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """`outage_digest`, compiled."""
    out = tmp_path_factory.mktemp("bundles")
    assert cli.run(["build", str(EXAMPLES / "outage_digest.claw"), "-o", str(out)]) == 0
    return load(out / "outage_digest")


@pytest.fixture(scope="session")
def played(built: Bundle, works: Probe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with four episodes of the oracle: all checks pass, so the score hangs on the rubric."""
    out = tmp_path_factory.mktemp("played") / "run"
    assert cli.run(["run", str(built.path), "--agent", "oracle", "-n", "4", "-o", str(out)]) == 0
    return out


@pytest.fixture
def run(played: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(played, tmp_path / "run", symlinks=True))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test knows what another one was told."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CLAWC_CACHE", str(folder))
    return folder
