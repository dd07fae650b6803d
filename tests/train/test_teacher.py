"""What the teacher says and is asked is what the agent `loop` and the gateway make of the same answers, token by token."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import cast

import pytest

from clawc.commands.compiling import Lot, build_sources
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.engine.interface import Constraint, Drawn, Sampling
from clawc.runtime.engine.local.chat import ChatOverTokens
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.engine.local.template import Template
from clawc.runtime.gateway.budget import Budget
from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE, Capture
from clawc.runtime.gateway.limits import Caps
from clawc.runtime.gateway.line import Line, Rules
from clawc.runtime.harness.interface import Final, Task
from clawc.runtime.harness.loop.agent import LoopAgent
from clawc.runtime.harness.loop.settings import LoopSettings
from clawc.runtime.harness.tools import SandboxTools, Trajectory
from clawc.runtime.sandbox.interface import Sandbox
from clawc.runtime.train.rows import rows_of, sampled_calls
from clawc.runtime.train.teacher import Lesson, MemoryFiles, Unteachable, lesson
from clawc.spec.bundle import INSTRUCTION
from tests.engine_local.conftest import skip_without

skip_without(*TOKENS)
FAMILIES = Path(__file__).parents[2] / "bench" / "families"
SETTINGS = LoopSettings(system="Work.", tools=("read", "write", "exec"))


class Spoken:
    """An engine of tokens that says what it is given, with made-up log probabilities."""

    name = "spoken"

    def __init__(self, answers: Sequence[Sequence[int]]) -> None:
        self._answers = iter(answers)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def generate(
        self, prompt_ids: Sequence[int], sampling: Sampling, constraint: Constraint | None = None
    ) -> AsyncGenerator[Drawn]:
        ids = tuple(next(self._answers))
        yield Drawn(ids, (-0.5,) * len(ids), "stop")


def built(source: Path, folder: Path) -> Bundle:
    found = build_sources([source], folder, lot=Lot(3))
    assert not [each for each in found.found if each.severity == "error"]
    return load(folder / found.manifests[0].task)


def played(bundle: Bundle, said: Lesson, template: Template, folder: Path) -> tuple[Final, Path]:
    """The agent, whose model says what the teacher says, over files in memory: how it ended, and what was captured."""

    async def main() -> Final:
        engine = ChatOverTokens(Spoken([call.output_ids for call in said.calls]), template, 1 << 20)
        rules = Rules(pinned=Sampling(max_tokens=1 << 16))
        line = Line("key", engine, rules, Caps(), Capture(folder / CAPTURE), Budget())
        task = Task(bundle.read(INSTRUCTION).decode(), bundle.manifest.limits, 0, line=line)
        tools = SandboxTools(cast(Sandbox, MemoryFiles.of(bundle)), Trajectory(Path(os.devnull)))
        final = await LoopAgent(SETTINGS).run(task, tools)
        await line.close()
        return final

    return asyncio.run(main()), folder / CAPTURE


@pytest.mark.parametrize("family", ["region_rows", "csv_to_json"])
@pytest.mark.parametrize("reasons", [True, False])
def test_the_agent_would_have_had_the_same_tokens(
    family: str, reasons: bool, template: Template, tmp_path: Path
) -> None:
    bundle = built(FAMILIES / f"{family}.claw", tmp_path / "bundles")
    said = asyncio.run(lesson(bundle, template, SETTINGS, reasons=reasons))
    final, capture = played(bundle, said, template, tmp_path)
    assert (final.stop, final.text) == ("done", "Done.")
    calls = read_calls(capture)
    assert all(call.kind == "train" for call in calls)
    captured = [(call.sampled.prompt_ids, call.sampled.output_ids) for call in calls if call.sampled]
    assert captured == [(call.prompt_ids, call.output_ids) for call in said.calls]
    (taught,), (policy,) = rows_of(said.calls, "e"), rows_of(sampled_calls(calls), "e")
    assert (taught.input_ids, taught.loss_mask) == (policy.input_ids, policy.loss_mask)
    assert taught.old_logprobs is None


def test_inputs_that_the_task_names_are_read_before_deliverables_are_written(
    template: Template, tmp_path: Path
) -> None:
    bundle = built(FAMILIES / "region_rows.claw", tmp_path / "bundles")
    said = asyncio.run(lesson(bundle, template, SETTINGS))
    tools = [call["function"]["name"] for message in said.messages for call in cast("list[dict[str, dict[str, str]]]", message.get("tool_calls", []))]  # fmt: skip
    assert tools == ["read", "write"]
    assert [message["role"] for message in said.messages] == ["system", "user", *("assistant", "tool") * 2, "assistant"]
    assert "order,client,region,amount" in str(said.messages[3]["content"])


def test_tasks_with_further_turns_are_not_taught(template: Template, tmp_path: Path) -> None:
    text = (FAMILIES / "region_rows.claw").read_text().rstrip().removesuffix("}")
    source = tmp_path / "turns.claw"
    source.write_text(text + '  turn { text = "Now say how many there were." }\n}\n')
    with pytest.raises(Unteachable, match="further turns"):
        asyncio.run(lesson(built(source, tmp_path / "bundles"), template, SETTINGS))


def test_a_tool_that_the_agent_does_not_have_is_not_called(template: Template, tmp_path: Path) -> None:
    bundle = built(FAMILIES / "region_rows.claw", tmp_path / "bundles")
    with pytest.raises(Unteachable, match="no tool `write`"):
        asyncio.run(lesson(bundle, template, LoopSettings(tools=("read",))))
