"""ATIF of others: what is kept of it, and files that are none."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.trajectory.atif import atif_of
from clawc.runtime.trajectory.from_atif import read_atif
from clawc.runtime.trajectory.records import MessageUsage, TrajectoryRecord
from clawc.runtime.trajectory.strangers import Stored
from tests.trajectory.samples import conversation

THEIRS: dict[str, Any] = {
    "schema_version": "ATIF-v1.8",
    "session_id": "run-1",
    "trajectory_id": "t-1",
    "agent": {"name": "their-agent", "version": "2.0", "model_name": "m", "extra": {"mode": "plan"}},
    "steps": [
        {"step_id": 1, "source": "system", "message": "Be short.", "is_copied_context": True},
        {"step_id": 2, "source": "user", "message": [
            {"type": "text", "text": "Look:"},
            {"type": "image", "source": {"media_type": "image/png", "path": "a.png"}},
        ]},
        {
            "step_id": 3, "source": "agent", "message": "I look.", "reasoning_content": "Hm.", "reasoning_effort": "high",
            "tool_calls": [{"tool_call_id": "c1", "function_name": "look", "arguments": {"at": "a.png"}, "extra": {"tries": 2}}],
            "observation": {"results": [
                {"source_call_id": "c1", "content": "a pen", "extra": {"confidence": 0.5}},
                {"content": None, "subagent_trajectory_ref": [{"trajectory_path": "sub.json"}]},
            ]},
            "metrics": {"prompt_tokens": 5, "completion_tokens": 2, "cost_usd": 0.00001, "logprobs": [-0.5, -1.5]},
        },
    ],
    "notes": "by hand",
    "final_metrics": {"total_prompt_tokens": 5, "total_steps": 3},
    "extra": {"lab": "x"},
}  # fmt: skip


def read(document: object) -> TrajectoryRecord:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_atif(Stored(io.BytesIO(data), "t.json"))


def test_what_has_no_place_is_kept() -> None:
    found = read(THEIRS)
    assert [(one.role, one.content) for one in found.messages] == [
        ("system", "Be short."), ("user", "Look:\n[image: a.png]"), ("assistant", "I look."), ("tool", "a pen"), ("tool", ""),
    ]  # fmt: skip
    answer, result = found.messages[2:4]
    assert (answer.reasoning, answer.tool_calls[0].arguments) == ("Hm.", '{"at": "a.png"}')
    assert answer.usage == MessageUsage(prompt_tokens=5, completion_tokens=2, cost="0.00001")
    assert (result.tool_call_id, result.name) == ("c1", "look")
    assert (found.id, found.agent, found.model, found.source) == ("t-1", "their-agent", "m", "atif")
    assert found.usage == MessageUsage(prompt_tokens=5)
    steps = THEIRS["steps"]
    assert found.extra == {"atif": {
        "session_id": "run-1", "notes": "by hand", "extra": {"lab": "x"}, "agent": {"version": "2.0", "extra": {"mode": "plan"}},
        "steps": {
            "1": {"is_copied_context": True},
            "2": {"message": steps[1]["message"]},
            "3": {
                "reasoning_effort": "high", "metrics": {"logprobs": [-0.5, -1.5]}, "tool_calls": {"0": {"tries": 2}},
                "results": {
                    "0": {"extra": {"confidence": 0.5}},
                    "1": {"subagent_trajectory_ref": [{"trajectory_path": "sub.json"}]},
                },
            },
        },
    }}  # fmt: skip
    # And it goes out again and comes back.
    assert read(atif_of(found)) == found


def changed(path: list[str | int], value: object) -> bytes:
    document = copy.deepcopy(THEIRS)
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return json.dumps(document).encode()


HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "R0903", "t.json"),
    "list": (b"[]", "R0903", "a list, and no object"),
    "not UTF-8": (b'{"\xff"}', "R0903", "UTF-8"),
    "deep": (b'{"a":' * 100_000, "R0903", "nested too deep"),
    "NaN": (b'{"agent": NaN}', "R0903", "`NaN`"),
    "newer": (changed(["schema_version"], "ATIF-v1.9"), "R0904", "`ATIF-v1.9`"),
    "no version": (changed(["schema_version"], None), "R0904", "`schema_version` is null"),
    "no agent": (changed(["agent"], None), "R0904", "`agent`"),
    "odd name": (changed(["agent", "name"], 1), "R0904", "`agent.name` is a number"),
    "no steps": (changed(["steps"], []), "R0904", "`steps` is empty"),
    "odd steps": (changed(["steps"], {}), "R0904", "`steps` is an object"),
    "odd step": (changed(["steps", 1], 7), "R0904", "`steps[1]` is a number"),
    "other number": (changed(["steps", 1, "step_id"], 3), "R0904", "`steps[1].step_id` should be 2"),
    "odd source": (changed(["steps", 1, "source"], "judge"), "R0904", "`steps[1].source`"),
    "odd message": (changed(["steps", 1, "message"], 5), "R0904", "`steps[1].message` is a number"),
    "odd part": (changed(["steps", 1, "message"], [{"type": "text"}]), "R0904", "`steps[1].message[0].text` is missing"),
    "odd arguments": (changed(["steps", 2, "tool_calls", 0, "arguments"], "x"), "R0904", "`steps[2].tool_calls[0].arguments`"),
    "odd results": (changed(["steps", 2, "observation"], [1]), "R0904", "`steps[2].observation` is a list"),
    "odd tokens": (changed(["steps", 2, "metrics", "prompt_tokens"], -3), "R0904", "`steps[2].metrics.prompt_tokens`"),
    "vast cost": (changed(["steps", 2, "metrics", "cost_usd"], 10**400), "R0904", "`steps[2].metrics.cost_usd`"),
    "odd extra": (changed(["extra"], []), "R0904", "`extra` is a list"),
    "ours forged": (changed(["extra"], {"clawc": {"seed": "x"}}), "R0904", "`seed`"),
    "ours unknown": (changed(["extra"], {"clawc": {"more": 1}}), "R0904", "`more`"),
    "step forged": (changed(["steps", 0, "extra"], {"clawc": {"usage": {"cost": 5}}}), "R0904", "`messages.0.usage.cost`"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_where_it_is_wrong(name: str) -> None:
    data, code, said = HOSTILE[name]
    with pytest.raises(RuntimeFault) as caught:
        read(data)
    assert caught.value.code == code and said in caught.value.message, caught.value.message
    assert "t.json" in caught.value.message and caught.value.help and len(caught.value.message) < 400


_places = st.sampled_from(["schema_version", "agent", "steps", "extra", "final_metrics", "message", "source", "tool_calls",
                           "observation", "metrics", "clawc", "content", "results", "arguments", "step_id", "role"])  # fmt: skip
_values = st.sampled_from([None, True, -1, 0.5, 1e300, "", "x", [], [1], {}, {"clawc": {"role": "tool"}}, {"clawc": 1}])


def _planted(value: JsonValue, name: str, put: JsonValue, left: list[int]) -> JsonValue:
    """The document with one field of that name replaced, the one that is come to after `left` others."""
    if isinstance(value, list):
        return [_planted(one, name, put, left) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, JsonValue] = {}
    for key, inner in value.items():
        left[0] -= key == name
        found[key] = put if key == name and left[0] == -1 else _planted(inner, name, put, left)
    return found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([THEIRS, atif_of(conversation())]), _places, _values, st.integers(0, 6))
def test_a_changed_field_is_read_or_refused(document: dict[str, Any], name: str, put: JsonValue, nth: int) -> None:
    try:
        read(_planted(document, name, put, [nth]))
    except RuntimeFault as fault:
        assert fault.code in ("R0903", "R0904") and "t.json" in fault.message and fault.help
