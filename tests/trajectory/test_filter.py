"""Which trajectories are taken, and what is counted of the others."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.trajectory.filter import REASONS, Choice, Reason, Selection
from clawc.runtime.trajectory.records import Message, ToolCall, TrajectoryRecord
from tests.trajectory.samples import records


def one(*results: str, failed: bool = False, call: str = "c", **fields: str) -> TrajectoryRecord:
    """A question, a call, its results, an answer."""
    messages = (
        Message(role="user", content=fields.pop("said", "Sum."), at=fields.pop("at", "")),
        Message(role="assistant", tool_calls=(ToolCall(id=call, name="read", arguments="{}"),)),
        *(Message(role="tool", content=text, tool_call_id=call, failed=failed) for text in results),
        Message(role="assistant", content="3"),
    )
    given: dict[str, str] = {"id": "i", "task": "t", "outcome": "ok", "score": "1", **fields}
    return TrajectoryRecord.model_validate({**given, "messages": messages})


CASES: dict[str, tuple[Choice, list[TrajectoryRecord | None], int, dict[Reason, int]]] = {
    "all": (Choice(), [one("1"), one("1")], 2, {}),
    "outcome": (Choice(), [one("1"), one("1", outcome="truncated"), one("1", outcome="")], 1, {"outcome": 2}),
    "any outcome": (Choice(frozenset()), [one("1", outcome="truncated"), one("1", outcome="")], 2, {}),
    "score": (Choice(min_score=Decimal("0.5")), [one("1", score="0.5"), one("1", score="0.49999")], 1, {"score": 1}),
    "no score": (
        Choice(min_score=Decimal(0)),
        [one("1").model_copy(update={"score": score}) for score in (None, "x", "nan", "0")],
        1,
        {"score": 3},
    ),
    "unrecorded": (Choice(), [None, one("1")], 1, {"unrecorded": 1}),
    "empty": (Choice(), [one().model_copy(update={"messages": (Message(role="user", content="x"),)})], 0, {"empty": 1}),
    "sound": (
        Choice(sound=True),
        [one("1"), one("1", failed=True), one(), one("1", "2")],
        2,
        {"failed": 1, "unfinished": 1},
    ),
    "not asked": (Choice(), [one("1", failed=True), one()], 2, {}),
    "per task": (Choice(per_task=1), [one("1"), one("2"), one("3", task="u"), one("4", task="")], 3, {"per_task": 1}),
    "unique": (
        Choice(unique=True),
        [one("1"), one("1", call="other", id="j", at="later"), one("2"), one("1", said="Add.")],
        3,
        {"duplicate": 1},
    ),
    "both": (
        Choice(unique=True, per_task=2),
        [one("1"), one("1"), one("2"), one("3")],
        2,
        {"duplicate": 1, "per_task": 1},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_records_are_taken_or_counted(name: str) -> None:
    choice, offered, taken, left = CASES[name]
    selection = Selection(choice)
    assert len(list(selection.chosen(offered))) == selection.taken == taken
    assert selection.counts() == left


def test_results_of_other_calls_make_others() -> None:
    calls = tuple(ToolCall(id=id, name="read", arguments="{}") for id in "ab")
    crossed = [
        TrajectoryRecord(
            id="i",
            messages=(
                Message(role="assistant", tool_calls=calls),
                *(Message(role="tool", tool_call_id=id) for id in order),
            ),
            extra={},
        )
        for order in ("ab", "ba")
    ]
    assert len(list(Selection(Choice(frozenset(), unique=True)).chosen(crossed))) == 2


@settings(max_examples=50, deadline=None)
@given(st.lists(records, max_size=5), st.booleans(), st.booleans(), st.none() | st.integers(1, 2))
def test_everything_is_counted_once(
    offered: list[TrajectoryRecord], unique: bool, sound: bool, per: int | None
) -> None:
    selection = Selection(Choice(frozenset(), None, per, unique, sound))
    assert len(list(selection.chosen(offered))) + sum(selection.counts().values()) == len(offered)
    assert set(selection.counts()) <= set(REASONS)
