"""How a harness tells the model's answers otherwise, from the calls that it makes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.gateway.differences import Account, Answer, Difference, told_otherwise
from clawc.runtime.trajectory.records import Message, ToolCall, TrajectoryRecord
from clawc.runtime.trajectory.transcript import joined

SYSTEM = {"role": "system", "content": "You help."}
ASK = {"role": "user", "content": "Do it."}


def answer(text: str = "", *calls: tuple[str, str, str], **more: object) -> dict[str, Any]:
    found: dict[str, Any] = {"role": "assistant", "content": text, **more}
    if calls:
        found["tool_calls"] = [
            {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
            for id, name, arguments in calls
        ]
    return found


def result(id: str, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": text}


def call(number: int, said: dict[str, Any]) -> Answer:
    return Answer(number, f"id-{number}", said)


def kinds(*calls: tuple[list[dict[str, Any]], dict[str, Any]]) -> list[tuple[int, int, str]]:
    """The differences of calls, each with its messages and its answer, which was handed over."""
    account = Account()
    for number, (messages, said) in enumerate(calls, 1):
        account.asked(number, messages)
        account.answered(call(number, said))
        account.delivered(number)
    assert sum(account.counts.values()) == len(account.listed)
    return [(each.call, each.seen, each.kind) for each in account.listed]


WRITE = ("call_1", "write", '{"path": "a", "content": "b"}')


def test_an_honest_harness() -> None:
    said = answer("I write.", WRITE)
    later = [SYSTEM, ASK, said, result("call_1", "written")]
    assert kinds(([SYSTEM, ASK], said), (later, answer("Done."))) == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (answer("I write.", ("call1", WRITE[1], WRITE[2])), ["id_changed"]),
        (answer("I write.", ("call_1", "write", '{"content":"b","path":"a"}')), ["arguments_respelt"]),
        (answer("I write.", ("call_1", "write", '{"path":"a"}')), ["arguments_changed"]),
        (answer("I write."), ["call_dropped"]),
        (answer("", WRITE), ["text_changed"]),
        (answer("I write.", WRITE, ("x", "exec", "{}")), ["call_added"]),
        (answer("I write.", ("call_1", "exec", WRITE[2])), ["call_dropped", "call_added"]),
        (ASK, ["answer_dropped"]),
    ],
)
def test_each_kind(told: dict[str, Any], expected: list[str]) -> None:
    said = answer("I write.", WRITE)
    later = [SYSTEM, ASK, told, {"role": "user", "content": "Go on."}]
    found = kinds(([SYSTEM, ASK], said), (later, answer("Done.")))
    assert found == [(1, 2, kind) for kind in expected]


def test_mended_json() -> None:
    broken, mended = '{"path": "a", "content": "b', '{"path":"a","content":"b"}'
    said, told = answer("", ("c1", "write", broken)), answer("", ("c1", "write", mended))
    [found] = told_otherwise(call(1, said), told, 2)
    assert found == Difference(1, 2, "arguments_changed", broken, mended)


def test_a_question_is_asked_once_more() -> None:
    """The answer was not used; after a failure it is no difference."""
    said = answer("", WRITE)
    asked = [SYSTEM, ASK]
    assert kinds((asked, said), (asked, said)) == [(1, 2, "answer_dropped")]
    account = Account()
    account.asked(1, asked)
    account.answered(call(1, said))  # which nobody was there to take
    account.asked(2, asked)
    assert (account.listed, account.answers) == ([], {})


def test_a_history_that_is_cut_and_one_of_a_sub_agent() -> None:
    long = [SYSTEM, ASK, answer("One."), {"role": "user", "content": "More."}]
    compacted = [SYSTEM, ASK, {"role": "user", "content": "In short: one."}]
    first, second = (long, answer("Two.")), (compacted, answer("Three."))
    assert kinds(first, second) == [(1, 2, "history_changed")]
    other = [SYSTEM, {"role": "user", "content": "A task of its own."}]
    assert kinds(first, (other, answer("Yes."))) == []


def test_many_differences_are_counted() -> None:
    asked = [SYSTEM, ASK]
    account = Account()
    for number in range(1, 1_001):
        account.asked(number, asked)
        account.answered(call(number, answer("x" * 5_000)))
        account.delivered(number)
    assert (account.counts["answer_dropped"], len(account.listed)) == (999, 200)
    assert len(account.listed[0].was) == 2_000


_names = st.sampled_from(["read", "write", "exec"])
_calls = st.lists(
    st.tuples(st.text("ab1_", min_size=1, max_size=4), _names, st.text('{"a}: 1', max_size=8)), max_size=4
)


@given(st.text(max_size=20), _calls, st.text(max_size=20), _calls)
def test_no_difference_without_one(text: str, calls: list[Any], other: str, others: list[Any]) -> None:
    """Nothing is told of what is alike, and something of all that is not."""
    said, told = answer(text, *calls), answer(other, *others)
    found = list(told_otherwise(call(1, said), told))
    assert list(told_otherwise(call(1, said), said)) == [] or len({id for id, _, _ in calls}) < len(calls)
    alike = text.strip() == other.strip() and sorted(calls) == sorted(others)
    if not alike:
        assert found
    assert all(len(each.was) <= 2_000 and len(each.became) <= 2_000 for each in found)


def test_a_transcript_is_joined_by_the_ids_of_answers() -> None:
    calls = [call(1, answer("", WRITE)), call(2, answer("Done."))]
    messages = (
        Message(role="user", content="Do it."),
        Message(role="assistant", tool_calls=(ToolCall(id="call1", name="write", arguments=WRITE[2]),), call_id="id-1"),
        Message(role="assistant", content="500 boom"),
        Message(role="assistant"),
    )
    record = TrajectoryRecord(id="s", messages=messages, extra={"openclaw": {"errors": [{"text": "500 boom"}, 3]}})
    found = joined([record], calls)
    assert (found.answers, found.joined, found.untold, found.unheard) == (2, 1, (2,), ("500 boom",))
    assert found.errors == ("500 boom",)
    assert [each.kind for each in found.differences] == ["id_changed"]
    assert joined([], calls).untold == (1, 2)
