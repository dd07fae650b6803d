"""Conversations are known again by what was said."""

from __future__ import annotations

from collections.abc import Mapping

from clawc.runtime.gateway.lineage import Lineage

Message = Mapping[str, object]
SYSTEM: Message = {"role": "system", "content": "be good"}
TASK: Message = {"role": "user", "content": "do it"}
TOOLS = ({"type": "function", "function": {"name": "read"}},)


def called(arguments: str, id: str = "call1x0") -> Message:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": id, "type": "function", "function": {"name": "read", "arguments": arguments}}],
    }


def result(text: str) -> Message:
    return {"role": "tool", "tool_call_id": "call1x0", "content": text}


def test_what_a_harness_rewrites_is_still_the_same() -> None:
    """As OpenClaw replays it: other ids, compact arguments, an empty text for none."""
    lineage = Lineage()
    first = lineage.place([SYSTEM, TASK], TOOLS)
    assert (first.parent, first.covered) == (0, 0)
    lineage.answered(1, first, called('{"path": "a", "n": 1}'))
    replayed = {**called('{"n":1,"path":"a"}', "callother"), "content": ""}
    second = lineage.place([SYSTEM, TASK, replayed, result("x")], TOOLS)
    assert (second.parent, second.covered) == (1, 3)


def test_other_words_or_tools_are_another_conversation() -> None:
    lineage = Lineage()
    lineage.answered(1, lineage.place([SYSTEM, TASK], TOOLS), called("{}"))
    assert lineage.place([SYSTEM, TASK, called('{"path":"b"}'), result("x")], TOOLS).parent == 0
    assert lineage.place([SYSTEM, {"role": "user", "content": "do that"}, called("{}"), result("x")], TOOLS).parent == 0
    assert lineage.place([SYSTEM, TASK, called("{}"), result("x")], ()).parent == 0


def test_the_longest_conversation_counts() -> None:
    """A harness that drops its last answer goes on from the one before."""
    lineage = Lineage()
    history = [SYSTEM, TASK]
    for number in (1, 2, 3):
        answer = called(f'{{"n": {number}}}')
        lineage.answered(number, lineage.place(history, TOOLS), answer)
        history = [*history, answer, result(str(number))]
    assert lineage.place(history, TOOLS).parent == 3
    assert lineage.place(history[:-2], TOOLS).parent == 2
    assert lineage.place([*history[:-2], {"role": "user", "content": "again"}], TOOLS).parent == 2


def test_a_question_asked_again_has_the_same_digest() -> None:
    lineage = Lineage()
    one, other = lineage.place([SYSTEM, TASK], TOOLS), lineage.place([dict(SYSTEM), dict(TASK)], TOOLS)
    assert one == other
    assert one.digest != lineage.place([SYSTEM, TASK], ()).digest
