"""Any tree of conversations, whatever a harness does to it: a call goes on from the answers that it holds, and from no other."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.engine.meaning import meaning
from clawc.runtime.gateway.lineage import Lineage

Message = Mapping[str, object]
TOOLS = ({"type": "function", "function": {"name": "read"}},)
TASK: Message = {"role": "user", "content": "do it"}


def said(what: str, thought: str, called: bool) -> Message:
    message: dict[str, object] = {"role": "assistant", "content": what}
    if thought:
        message["reasoning_content"] = thought
    if called:
        function = {"name": "read", "arguments": json.dumps({"path": what, "n": 1})}
        message |= {"content": None, "tool_calls": [{"id": f"id_{what}", "type": "function", "function": function}]}
    return message


def rewritten(message: Message) -> Message:
    """As harnesses replay: other ids, compact arguments, an empty text for none."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    function = calls[0]["function"]  # pyright: ignore[reportUnknownVariableType]
    compact = json.dumps(json.loads(function["arguments"]), sort_keys=True, separators=(",", ":"))  # pyright: ignore[reportUnknownArgumentType]
    return {
        **message, "content": "", "tool_calls": [{"id": "idx", "type": "function", "function": {"name": "read", "arguments": compact}}],
    }  # fmt: skip


STEP = st.tuples(
    st.integers(0, 30), st.sampled_from("ab"), st.sampled_from(["", "t", "u"]), st.booleans(), st.booleans(), st.booleans(), st.sampled_from("xy"),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=14))
def test_a_call_goes_on_from_what_it_holds(steps: list[tuple[int, str, str, bool, bool, bool, str]]) -> None:
    """`covered` are exactly the messages of the parent and its answer, and no longer conversation was there."""
    lineage = Lineage()
    asked: dict[int, list[Message]] = {}
    whole: dict[int, list[Message]] = {0: []}
    for number, (at, what, thought, called, rewrites, drops, result) in enumerate(steps, 1):
        before = whole[at % len(whole)]
        replayed = [rewritten(each) if rewrites else each for each in before]
        if drops:
            replayed = [
                {name: value for name, value in each.items() if name != "reasoning_content"} for each in replayed
            ]
        messages = [*replayed, TASK if not before else {"role": "tool", "tool_call_id": "idx", "content": result}]
        place = lineage.place(messages, TOOLS)
        prefixes = [n for n, other in whole.items() if n and other and same(other, messages[: len(other)])]
        if place.parent:
            parent = whole[place.parent]
            assert place.covered == len(parent)
            assert same(parent, messages[: place.covered])
            assert place.parent in prefixes
            assert place.covered == max(len(whole[n]) for n in prefixes)
        else:
            assert (place.covered, prefixes) == (0, [])
        answer = said(what, thought, called)
        lineage.answered(number, place, answer)
        asked[number], whole[number] = messages, [*messages, answer]


def same(one: list[Message], other: list[Message]) -> bool:
    """They say the same, and where both have thoughts they are those of the last answer."""
    if [meaning(each) for each in one] != [meaning(each) for each in other]:
        return False
    thought = other[-1].get("reasoning_content") if other else None
    return not thought or thought == one[-1].get("reasoning_content")


def test_thoughts_tell_equal_answers_apart() -> None:
    lineage = Lineage()
    for number, thought in ((1, "t"), (2, "u")):
        lineage.answered(number, lineage.place([TASK], TOOLS), said("a", thought, False))
    for number, thought in ((3, "t"), (4, "u")):
        place = lineage.place([TASK, said("a", thought, False), TASK], TOOLS)
        assert place.parent == number - 2
        lineage.answered(number, place, said("b", "", False))
    for thought, parent in (("t", 3), ("u", 4), ("", 4)):
        assert (
            lineage.place([TASK, said("a", thought, False), TASK, said("b", "", False), TASK], TOOLS).parent == parent
        )
    assert lineage.place([TASK, said("a", "another", False), TASK], TOOLS).parent == 0


def test_nobody_beside_the_harness_takes_its_place() -> None:
    lineage = Lineage()
    place = lineage.place([TASK], TOOLS)
    lineage.answered(1, place, said("a", "", True))
    lineage.answered(2, place, said("a", "", True), main=False)
    assert lineage.place([TASK, said("a", "", True), TASK], TOOLS).parent == 1


def test_a_call_without_tools_is_another_conversation() -> None:
    """With `tool_choice` "none" the model is told of no tools, so its tokens are none to go on from with them."""
    lineage = Lineage()
    place = lineage.place([TASK], TOOLS, "none")
    lineage.answered(1, place, said("a", "", False))
    assert lineage.place([TASK, said("a", "", False), TASK], TOOLS).parent == 0
    assert lineage.place([TASK, said("a", "", False), TASK], TOOLS, "none").parent == 1
    assert place.tools == lineage.place([TASK], TOOLS).tools
