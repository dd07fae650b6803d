"""Trajectories for tests: one with all that the form has, any that can be, and run folders that hold such."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from clawc.runtime.records import EpisodeRecord
from clawc.runtime.trajectory.records import Document, Message, MessageUsage, ToolCall, TrajectoryRecord
from tests.runtime.run_folders import record, write_run

GOLDEN = Path(__file__).parent / "golden"
TOOL: Document = {
    "type": "function",
    "function": {"name": "read", "description": "Read a file.", "parameters": {"type": "object", "properties": {}}},
}


def conversation() -> TrajectoryRecord:
    """Two calls at once, one of which fails; arguments that are no JSON; a result of no call; times, tokens, costs."""
    return TrajectoryRecord(
        id="r1/parcels-1",
        task="parcels",
        bundle_id="0" * 64,
        agent="clawc-agent",
        model="tiny-1",
        seed=7,
        outcome="ok",
        score="0.333333333333333333333",
        tools=(TOOL,),
        messages=(
            Message(role="system", content="You work on files.", at="2026-01-02T03:04:05Z"),
            Message(role="user", content="Sum the parcels: é \U0001f4e6 \u2028", at="no time"),
            Message(
                role="assistant",
                content="I read both.",
                reasoning="Two files.",
                tool_calls=(
                    ToolCall(id="c1", name="read", arguments='{"path": "a.csv", "n": [1, 2.5, null]}'),
                    ToolCall(id="c2", name="read", arguments='{"path":"b.csv"'),
                ),
                at="2026-01-02T03:04:06.250Z",
                call_id="call-1",
                finish="tool_calls",
                model="tiny-1",
                usage=MessageUsage(prompt_tokens=20, completion_tokens=9, cached_tokens=4, cost="0.0010"),
            ),
            Message(role="tool", content="item,n\npen,12\n", tool_call_id="c1", name="read"),
            Message(role="tool", content="the arguments are no JSON", tool_call_id="c2", name="read", failed=True),
            Message(role="tool", content="late", tool_call_id="c0"),
            Message(role="assistant", content="12", finish="stop", name="scribe", at="2026-01-02T03:04:07Z"),
        ),
        usage=MessageUsage(prompt_tokens=20, completion_tokens=9, cached_tokens=4, cost="0.001"),
        started="2026-01-02T03:04:05+00:00",
        ended="2026-01-02T03:04:08+00:00",
        extra={"run_id": "r1", "clawc": "0.1.0", "checks": {"right": "1"}},
    )


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_text, inner, max_size=2),
    max_leaves=4,
)
_arguments = (
    st.dictionaries(_text, _json, max_size=2).map(json.dumps) | _text | st.sampled_from(["{}", '{"a":1}', "[]"])
)
_cost = st.none() | st.sampled_from(["0", "0.10", "1e-7", "0.000001", "12.5", "much", "nan", "1e999"]) | _text
_usage = st.builds(
    MessageUsage,
    prompt_tokens=st.integers(0, 10**9), completion_tokens=st.integers(0, 99), cached_tokens=st.integers(0, 99), cost=_cost,
)  # fmt: skip
_id = st.sampled_from(["", "a", "b", "c"])
_call = st.builds(ToolCall, id=_id, name=_text, arguments=_arguments)
_time = st.sampled_from(["", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123+02:00", "0001-01-01T00:00+23:00", "soon"])
_message = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool", "tool"]),
    content=_text, reasoning=st.just("") | _text, tool_calls=st.lists(_call, max_size=2).map(tuple), tool_call_id=_id,
    name=st.just("") | _text, failed=st.booleans(), at=_time, call_id=st.just("") | _text, finish=st.just("") | _text,
    model=st.just("") | _text, usage=st.none() | _usage,
)  # fmt: skip
# Any trajectory that the form can hold, sensible or not.
records = st.builds(
    TrajectoryRecord,
    id=st.text("abc", min_size=1, max_size=3), task=_text, bundle_id=_text, agent=_text, model=_text,
    seed=st.none() | st.integers(0, 2**40), outcome=_text, score=st.none() | st.sampled_from(["0", "1", "0.5", "x"]),
    tools=st.lists(st.dictionaries(_text, _json, max_size=2), max_size=1).map(tuple),
    messages=st.lists(_message, max_size=6).map(tuple), usage=st.none() | _usage, started=_time, ended=_time,
    extra=st.dictionaries(_text, _json, max_size=2),
)  # fmt: skip


def event(kind: str, step: int = 1, **data: object) -> bytes:
    """A line of `trajectory.jsonl`."""
    return json.dumps({"step": step, "t": step / 4, "event": kind, **data}).encode() + b"\n"


READ = event("tool", 1, tool="read", arguments={"path": "a"}, result={"ok": True, "text": "1"})
EXEC = event("tool", 2, tool="exec", arguments={"command": "x"}, result={"ok": False, "text": "no", "exit": 3})
FINAL = event("final", 3, text="done", stop="truncated", reason="time")
SAID = (
    event("tools", 1, tools=[TOOL])
    + event("message", 2, message={"role": "user", "content": "Sum."})
    + event("message", 3, message={"role": "assistant", "content": "3", "model": "m", "usage": {"prompt_tokens": 5}})
    + READ
    + FINAL
)


def run(folder: Path, *trajectories: bytes | None, records: Sequence[EpisodeRecord] = ()) -> Path:
    """A run folder with an episode for each trajectory; None leaves no file."""
    played = list(records) or [record(f"e{number}") for number in range(len(trajectories))]
    write_run(folder, played)
    for one, data in zip(played, trajectories):
        place = folder / "episodes" / one.key
        place.mkdir(parents=True)
        if data is not None:
            (place / "trajectory.jsonl").write_bytes(data)
    return folder
