"""The same over Docker: the port of a container leads to the gateway, and who calls through it is known."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.player import LocalPlayer
from clawc.runtime.run import RunPlan, play_all
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from tests.engine import engine_or_skip
from tests.gateway.conftest import MakeBundle
from tests.gateway.test_rollouts import BASH, DONE, calls_of, planting, steps, tiny_agent


def test_a_command_over_docker(make_bundle: MakeBundle, tmp_path: Path) -> None:
    engine_or_skip().close()
    model = steps(tmp_path, planting('print(ask([{"role": "user", "content": "say yes"}]))'), BASH, DONE)

    async def main() -> None:
        player = LocalPlayer(backend_of(SandboxChoice("docker", "")), tmp_path / "run")
        harness = harness_named(tiny_agent(tmp_path), model_named(model, Wishes()))
        try:
            summary = await play_all(RunPlan([load(make_bundle())], harness, tmp_path / "run"), player)
        finally:
            await player.close()
        [record] = summary.records
        assert (record.outcome, record.score) == ("ok", "1"), record.evidence
        calls = calls_of(tmp_path / "run", record)
        assert [(call.caller, call.kind) for call in calls] == [
            ("harness", "train"), ("other", "side"), ("harness", "train"), ("harness", "train"),
        ]  # fmt: skip

    asyncio.run(main())


@pytest.mark.usefixtures("works")
def test_a_program_of_ones_own_cannot_be_sent_to_a_cluster(tmp_path: Path) -> None:
    from clawc.runtime.cluster.ship import script_of
    from clawc.runtime.errors import RuntimeFault

    with pytest.raises(RuntimeFault, match="R0706"):
        script_of(harness_named(tiny_agent(tmp_path), model_named(steps(tmp_path, DONE), Wishes())))
