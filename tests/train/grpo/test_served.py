"""Trainings whose episodes an external server plays: both kinds, whole weights and adapters, and a server that keeps its weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clawc.commands.train_grpo import GrpoOptions, grpo_command
from clawc.exits import OK, UserError
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.train.records import METRICS, MODEL, read_training
from clawc.runtime.train.trainer import TRAINER
from tests.campaign.conftest import Project, project, works
from tests.engine_local.conftest import skip_without
from tests.train.grpo.conftest import often_ending
from tests.train.grpo.server import ModelServer, serving

__all__ = ["project", "works"]
skip_without(*TOKENS, *TRAINER, extra="train")
pytestmark = pytest.mark.usefixtures("works")


@pytest.fixture
def model(project: Project, tiny_model: Path) -> Path:
    return often_ending(tiny_model, project.root / "long")


@pytest.fixture
def server(model: Path) -> Iterator[ModelServer]:
    with serving(model) as found:
        yield found


@pytest.fixture
def options(project: Project, model: Path) -> GrpoOptions:
    (project.root / "agent.toml").write_text('system = "Work."\ntools = ["write"]\nsteps = 1\n')
    return GrpoOptions(
        model, project.out, f"loop:{project.root / 'agent.toml'}", steps=2, group=3, tasks=2, jobs=6, max_tokens=6, dtype="float32",
        device="cpu", rate=1e-2, save_every=1, refills=0, overlong_penalty=1.0, longest=900,
    )  # fmt: skip


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / METRICS).read_text().splitlines()]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("kind", "lora", "synced"),
    [
        pytest.param("vllm", 0, ["/v1/models", "/collective_rpc", "/reset_prefix_cache"], marks=pytest.mark.nightly),
        ("sglang", 0, ["/update_weights_from_disk", "/model_info"]),
        ("vllm", 4, ["/v1/models", "/v1/unload_lora_adapter", "/v1/load_lora_adapter", "/v1/models"]),
        pytest.param("sglang", 4, ["/unload_lora_adapter", "/load_lora_adapter"], marks=pytest.mark.nightly),
    ],
)
def test_a_server_plays_with_the_weights_of_the_trainer(
    project: Project, options: GrpoOptions, server: ModelServer, kind: str, lora: int, synced: list[str]
) -> None:
    bundles = [project.root / "bundles"]
    assert grpo_command(bundles, replace(options, served=f"{kind}:{server.url}", lora=lora)) == OK
    found = lines(project.out)
    assert [line["version"] for line in found] == [0, 1] and all(line["groups"] for line in found)
    assert all(0 <= float(str(line["gap"])) < 1e-3 for line in found), found
    first = [path for path in synced if "unload" not in path]
    assert server.asked == [*first, *synced]
    assert len(server.adapters) == (1 if lora else 0)
    assert (project.out / MODEL).is_dir()
    assert read_training(project.out).settings["served"] == f"{kind}:{server.url}"


@pytest.mark.nightly
def test_a_training_goes_on_with_another_server(project: Project, options: GrpoOptions, server: ModelServer) -> None:
    """The other one is a server that another training has left with other weights."""
    bundles, served = [project.root / "bundles"], replace(options, served=f"vllm:{server.url}")
    assert grpo_command(bundles, served) == OK
    with serving(options.model) as other:
        assert grpo_command(bundles, replace(served, served=f"sglang:{other.url}", steps=3, resume=True)) == OK
    found = lines(project.out)
    assert [line["version"] for line in found] == [0, 1, 2]
    assert float(str(found[2]["gap"])) < 1e-3


@pytest.mark.nightly
def test_a_server_that_keeps_its_weights_ends_the_training(
    project: Project, options: GrpoOptions, server: ModelServer
) -> None:
    server.ignores = True
    with pytest.raises(UserError, match=r"log probabilities of engine and trainer are .* apart"):
        grpo_command([project.root / "bundles"], replace(options, served=f"vllm:{server.url}", rate=1e-1))
    assert len(lines(project.out)) == 1, "the first step is played with the weights of the beginning"


@pytest.mark.nightly
def test_what_the_server_lacks_is_said_and_nothing_is_lost(
    project: Project, options: GrpoOptions, server: ModelServer
) -> None:
    bundles, served = [project.root / "bundles"], replace(options, served=f"sglang:{server.url}")
    server.missing.add("/update_weights_from_disk")
    with pytest.raises(UserError, match="has no `/update_weights_from_disk`") as told:
        grpo_command(bundles, served)
    assert "--resume" in told.value.help
    server.missing.clear()
    assert grpo_command(bundles, replace(served, resume=True)) == OK


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"served": "http://127.0.0.1:1"}, "no kind of server"), ({"served": "vllm:ftp://127.0.0.1"}, "is no address"),
        ({"served": "vllm:http://u:p@127.0.0.1"}, "without a key"), ({"served": "sglang:http://127.0.0.1:1/v1"}, "has no path"),
        ({"served_out": "/elsewhere"}, "`served_out`"), ({"served": "vllm:http://127.0.0.1:1", "served_out": "near"}, "`served_out`"),
        ({"served": "vllm:http://127.0.0.1:1", "graphs": True}, "this machine"), ({"served": "vllm:http://127.0.0.1:1"}, "R0998"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(project: Project, options: GrpoOptions, change: dict[str, object], why: str) -> None:
    with pytest.raises(UserError, match=why):
        grpo_command([project.root / "bundles"], replace(options, **change))  # type: ignore[arg-type]
