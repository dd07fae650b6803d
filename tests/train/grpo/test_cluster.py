"""Episodes on nodes, with the engine and the trainer here: tokens come back as they were drawn, from the weights of now."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.ray_nodes import Machines
from clawc.commands.train_grpo import GrpoOptions, grpo_command, settings_of
from clawc.exits import UserError
from clawc.runtime.cluster.player import ClusterPlayer, Plan
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.train.grpo.run import grpo
from clawc.runtime.train.records import MODEL, read_training
from clawc.runtime.train.trainer import TRAINER
from tests.campaign.conftest import Project, project, works
from tests.cluster.nearby import Nearby, machine
from tests.engine_local.conftest import skip_without
from tests.train.grpo.test_sandboxes import lines, options

__all__ = ["options", "project", "works"]
skip_without(*TOKENS, *TRAINER, extra="train")
pytestmark = pytest.mark.usefixtures("works")


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder for the temporary files of nodes, which must be empty when they have ended."""
    with tempfile.TemporaryDirectory(prefix="clawc-nodes-") as name:
        os.chmod(name, 0o711)
        yield Path(name)
        assert os.listdir(name) == []


def test_what_is_played_on_nodes_is_trained_on(
    project: Project, options: GrpoOptions, tmp_path: Path, state: Path
) -> None:
    """An update changes the weights that the next step is played with, on the nodes too: the log probabilities say so."""
    settings = settings_of(replace(options, eval_every=1))
    bundles = [project.root / "bundles" / name for name in ("one", "two")]
    near, out = Nearby(state, machine("a"), machine("b")), tmp_path / "out"
    grpo(options.model, bundles, out, settings, options.agent, ClusterPlayer(near, Plan(jobs=6)), held_out=bundles[:1])
    found = lines(out)
    assert all(near.remotes[name][0].called["play"] >= 3 for name in ("a", "b")) and near.opened == 1
    assert all(0 <= float(str(line["gap"])) < 1e-4 and line["groups"] for line in found), found
    assert [(line["version"], line["eval_reward"]) for line in found] == [(0, 0.0), (1, 0.0)]
    assert (out / MODEL / "model.safetensors").read_bytes() != (options.model / "model.safetensors").read_bytes()


@pytest.mark.nightly
def test_a_cluster_of_ray(project: Project, options: GrpoOptions, tmp_path: Path) -> None:
    """By one process and by two that train together."""
    fields = {
        "model": options.model, "agent": options.agent, "steps": 2, "group": 3, "tasks": 2, "jobs": 6, "max-tokens": 6, "dtype": "float32",
        "device": "cpu", "rate": 1e-3, "refills": 0, "overlong-penalty": 1.0, "longest": 900, "eval-every": 1,
        "held-out": project.root / "bundles" / "one",
    }  # fmt: skip
    command = [sys.executable, "-m", "clawc", "train", "grpo", str(project.root / "bundles")]
    command += [f"--{name}={value}" for name, value in fields.items()]
    with Machines() as machines:
        machines.join()
        for name, more in (("one", ()), ("both", ("--launch=several", "--processes=2"))):
            out = tmp_path / name
            done = subprocess.run(
                [*command, f"--out={out}", f"--cluster={machines.address}", *more], env=machines.environment, capture_output=True, text=True
            )  # fmt: skip
            assert done.returncode == 0, done.stderr[-2000:] + machines.said()
            found = lines(out)
            assert [line["eval_reward"] for line in found] == [0.0, 0.0] and len(found) == 2
            assert all(0 <= float(str(line["gap"])) < 1e-4 and line["groups"] for line in found), found
            nodes = [json.loads(line) for line in (out / "cluster.jsonl").read_text().splitlines()]
            assert [each["event"] for each in nodes].count("joined") == 2, nodes
            assert read_training(out).result is not None


@pytest.mark.parametrize(("address", "why"), [("nowhere", "R0701"), ("127.0.0.1:9", "R0703: cannot reach")])
def test_a_cluster_that_is_none(project: Project, options: GrpoOptions, address: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        grpo_command([project.root / "bundles"], replace(options, cluster=address))
