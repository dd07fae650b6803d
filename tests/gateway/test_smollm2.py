"""A real model through the loop agent in a sandbox: what is captured is what was drawn, token by token."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from pathlib import Path

import pytest

from clawc.runtime.engine.choose import Wishes
from clawc.runtime.engine.local.packages import CONVERSION, TOKENS, WORKER
from clawc.runtime.engine.local.smollm2 import smollm2
from clawc.runtime.engine.settings import EngineSettings
from clawc.runtime.gateway.calls import CallRecord
from clawc.runtime.train.sources import attempt_rows
from tests.engine_local.conftest import skip_without
from tests.gateway.conftest import MakeBundle
from tests.gateway.test_rollouts import calls_of, events_of, playing, settings_of

pytestmark = pytest.mark.usefixtures("works")
skip_without(*TOKENS, *WORKER, *CONVERSION)
GAP = 1e-4
AGENT = """
system = "You run shell commands. To look at a file: <tool_call>{\\"name\\": \\"exec\\", \\"arguments\\": {\\"command\\": \\"cat in/data.txt\\"}}</tool_call>"
tools = ["exec"]
steps = 2
demand = 2
[[turns]]
when = "always"
"""


def drawn(call: CallRecord) -> tuple[int, ...]:
    """The tokens as the engine gave them, before anything was made of them."""
    parts = [json.loads(line) for _, what, data in call.engine if what != "failure" for line in data.splitlines()]
    return tuple(id for part in parts for id in part.get("ids", ()))


def gap(folder: Path, calls: list[CallRecord]) -> float:
    """The largest difference of a captured log probability to that of a forward pass in float32 over prompt and answer."""
    import torch
    from transformers import LlamaForCausalLM

    torch.set_num_threads(1)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
    found = 0.0
    for call in calls:
        assert call.sampled is not None
        assert call.sampled.sampling is not None and call.sampled.sampling.temperature
        ids = torch.tensor([[*call.sampled.prompt_ids, *call.sampled.output_ids]])
        with torch.no_grad():
            logits = model(ids).logits[0, len(call.sampled.prompt_ids) - 1 : -1] / call.sampled.sampling.temperature
        logprobs = torch.log_softmax(logits, -1).gather(1, torch.tensor(call.sampled.output_ids)[:, None])[:, 0]
        found = max(found, float((logprobs - torch.tensor(call.sampled.logprobs)).abs().max()))
    return found


@pytest.mark.nightly
def test_smollm2_acts_in_a_sandbox(make_bundle: MakeBundle, tmp_path: Path) -> None:
    folder = smollm2(Path(os.environ["CLAWC_TEST_FRAMEWORKS"]) / "models")
    settings = EngineSettings(kind="local", folder=str(folder), dtype="float32", device="cpu")
    wishes = Wishes(temperature=0.7, max_tokens=24, engines={"small": settings})
    agent = f"loop:{settings_of(tmp_path, AGENT)}"
    bundle = make_bundle(limits={"wall_s": 300})
    records = asyncio.run(playing(bundle, tmp_path / "run", agent, "small", wishes, 2))
    calls = [call for record in records for call in calls_of(tmp_path / "run", record)]
    assert {record.outcome for record in records} <= {"ok", "truncated"}
    assert all(call.kind == "train" and call.state == "answered" for call in calls)
    assert len(calls) == 4
    for call in calls:
        assert call.sampled is not None
        assert call.sampled.output_ids == drawn(call)
        assert len(call.sampled.output_ids) == len(call.sampled.logprobs) > 0
    assert gap(folder, calls) <= GAP
    spliced = 0  # also where an answer calls no tool: it is told to go on
    for record in records:
        mine = calls_of(tmp_path / "run", record)
        for before, after in itertools.pairwise(mine):
            assert before.sampled is not None
            assert after.sampled is not None
            known = (*before.sampled.prompt_ids, *before.sampled.output_ids)
            assert after.parent == before.number
            assert after.sampled.prompt_ids[: len(known)] == known
            spliced += 1
    assert spliced == 2
    for record in records:  # a conversation that only grows is one row of exactly what was drawn
        (row,) = attempt_rows(tmp_path / "run", record, parse_errors=True)
        sampled = [call.sampled for call in calls_of(tmp_path / "run", record) if call.sampled is not None]
        assert [row.input_ids[span.start : span.end] for span in row.spans] == [each.output_ids for each in sampled]
        assert [row.input_ids[: span.start] for span in row.spans] == [each.prompt_ids for each in sampled]
        assert row.trained == sum(len(each.output_ids) for each in sampled)
        assert row.old_logprobs is not None
        assert [row.old_logprobs[span.start : span.end] for span in row.spans] == [each.logprobs for each in sampled]
    used = [event for record in records for event in events_of(tmp_path / "run", record) if event["event"] == "tool"]
    assert {event["tool"] for event in used} <= {"exec"}
