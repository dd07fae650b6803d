"""A real model through real black boxes: what is captured are the tokens that were drawn, and each call goes on from those of the one before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clawc.runtime.engine.local.smollm2 import smollm2
from clawc.runtime.gateway.lineage import Lineage
from tests.gateway.test_rollouts import calls_of, run, settings_of
from tests.harness.conftest import agent_or_skip

pytestmark = [pytest.mark.nightly, pytest.mark.usefixtures("works")]


@pytest.mark.parametrize("agent", ["pi", "openclaw"])
def test_smollm2(greeting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: str) -> None:
    agent_or_skip(agent)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    folder = smollm2(Path(os.environ["CLAWC_TEST_FRAMEWORKS"]) / "models")
    settings = settings_of(tmp_path, 'turns = ["Go on.", "And now write the file."]')
    out = tmp_path / "run"
    [record] = run(greeting, out, f"{agent}:{settings}", f"local:{folder}", max_tokens=40)
    assert record.outcome == "ok", record.evidence
    calls = [call for call in calls_of(out, record) if call.kind == "train"]
    assert len(calls) >= 3
    lineage, known = Lineage(), dict[int, tuple[int, ...]]()
    for call in calls:
        asked = call.asked()
        place = lineage.place(asked.messages, asked.tools, asked.tool_choice)
        assert (
            call.sampled is not None
            and call.sampled.output_ids
            and len(call.sampled.logprobs) == len(call.sampled.output_ids)
        )
        assert call.parent == place.parent
        assert call.sampled.prompt_ids[: len(known.get(call.parent, ()))] == known.get(call.parent, ())
        known[call.number] = (*call.sampled.prompt_ids, *call.sampled.output_ids)
        lineage.answered(call.number, place, call.message)
    assert [call.parent for call in calls] == [0, *[call.number for call in calls[:-1]]]
