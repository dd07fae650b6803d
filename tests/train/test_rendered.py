"""Trajectories without tokens: rendered as the engine of a local model would have been given them, each answer trained once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.commands.compiling import Lot, build_sources
from clawc.runtime.bundle import load
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.engine.local.template import Template
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.loop.schemas import schemas
from clawc.runtime.harness.loop.settings import LoopSettings
from clawc.runtime.train.filters import RowChoice, RowSelection
from clawc.runtime.train.rendered import Unrenderable, rendered_rows
from clawc.runtime.train.rows import Row, rows_of, write_rows
from clawc.runtime.train.sources import Gathered, Rendering, file_rows
from clawc.runtime.train.teacher import lesson
from clawc.runtime.trajectory.chat import write_chat
from clawc.runtime.trajectory.from_chat import read_chat
from clawc.runtime.trajectory.own import write_records
from clawc.runtime.trajectory.records import Message, ToolCall, TrajectoryRecord
from clawc.runtime.trajectory.strangers import open_file
from tests.engine_local.conftest import byte_tokenizer, skip_without

skip_without(*TOKENS)
FAMILY = Path(__file__).parents[2] / "bench" / "families" / "most_of.claw"
READ: dict[str, object] = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}


def record(*messages: Message, tools: Sequence[dict[str, object]] = (READ,), **more: object) -> TrajectoryRecord:
    return TrajectoryRecord.model_validate({"id": "one", "tools": tools, "messages": messages, **more})


def call(arguments: str, name: str = "read") -> Message:
    return Message(role="assistant", tool_calls=(ToolCall(id="1", name=name, arguments=arguments),))


def trained(row: Row) -> list[str]:
    """The texts of the answers that the loss is over."""
    tokenizer = byte_tokenizer()
    texts: list[str] = []
    for span in row.spans:
        assert all(row.loss_mask[span.start : span.end])
        texts.append(tokenizer.decode(list(row.input_ids[span.start : span.end]), skip_special_tokens=True))
    return texts


def test_a_lesson_that_is_read_from_its_messages_is_the_lesson(template: Template, tmp_path: Path) -> None:
    build_sources([FAMILY], tmp_path, lot=Lot(3))
    (folder,) = tmp_path.iterdir()
    agent = LoopSettings(system="Work.", tools=("read", "write"))
    taught = asyncio.run(lesson(load(folder), template, agent))
    lines = [{"messages": taught.messages, "tools": schemas(agent.tools)}]
    (tmp_path / "chat.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    stored = open_file(tmp_path / "chat.jsonl")
    with stored.file:
        (said,) = read_chat(stored)
    (row,) = rendered_rows(said, template)
    (expected,) = rows_of(taught.calls, "one")
    assert (row.input_ids, row.loss_mask) == (expected.input_ids, expected.loss_mask)
    assert row.old_logprobs is None


def reading(path: str) -> Message:
    return call(json.dumps({"path": path}))


WORDS = st.text(alphabet="ab <|>\n{}é", max_size=12)
MESSAGES = st.lists(
    st.one_of(
        st.builds(Message, role=st.just("user"), content=WORDS),
        st.builds(Message, role=st.just("assistant"), content=WORDS, reasoning=WORDS),
        st.builds(reading, WORDS),
        st.builds(Message, role=st.just("tool"), content=WORDS, tool_call_id=st.just("1")),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(messages=MESSAGES)
def test_each_answer_is_trained_once_after_what_stands_before_it(messages: list[Message]) -> None:
    template = Template(byte_tokenizer(), "none")
    rows = rendered_rows(record(*messages), template)
    answers = [each for each in messages if each.role == "assistant" and (each.content or each.tool_calls)]
    assert len(rows) == bool(answers)
    for row in rows:
        texts = trained(row)
        assert len(texts) == len(answers)
        for text, answer in zip(texts, answers, strict=True):
            assert text.startswith(answer.content)
            assert bool(answer.tool_calls) == ("<tool_call>" in text.removeprefix(answer.content))
            end = row.spans[len(row.spans) - 1].end
            assert row.input_ids[end - 1] == template.end


def test_what_was_cut_off_or_is_no_call_is_context_only(template: Template) -> None:
    messages = [
        Message(role="user", content="Do it."),
        call("{no json"),
        Message(role="tool", content="what?", tool_call_id="1"),
        call('{"path": "a"}', name="fetch"),
        Message(role="tool", content="no such tool", tool_call_id="1"),
        call('{"path": "a"}'),
        Message(role="tool", content="text", tool_call_id="1"),
        Message(role="assistant", content="and so", finish="length"),
    ]
    (row,) = rendered_rows(record(*messages), template)
    (text,) = trained(row)
    assert '"name": "read", "arguments": {"path": "a"}' in text


def test_calls_of_tools_that_nobody_offered_are_not_taught(template: Template) -> None:
    one = record(Message(role="user", content="Do it."), call('{"path": "a"}'), tools=())
    with pytest.raises(Unrenderable, match="does not say which there were"):
        rendered_rows(one, template)
    assert rendered_rows(one, template, (READ,))


def test_files_of_all_kinds_give_the_same_rows(template: Template, tmp_path: Path) -> None:
    one = record(Message(role="user", content="Say a."), Message(role="assistant", content="a"), score="1")
    with open(tmp_path / "own.jsonl", "wb") as file:
        write_records([one], file)
    with open(tmp_path / "chat.jsonl", "wb") as file:
        write_chat([one], file)
    (row,) = rendered_rows(one, template)
    write_rows(tmp_path / "rows.jsonl", [row])
    for name in ("own.jsonl", "chat.jsonl", "rows.jsonl"):
        gathered = Gathered()
        (found,) = file_rows(tmp_path / name, Rendering(template), RowSelection(RowChoice()), gathered)
        assert (found.input_ids, found.loss_mask) == (row.input_ids, row.loss_mask), name
        (task,) = gathered.tasks()
        assert task.rows == 1


def test_scores_of_files_are_looked_at(template: Template, tmp_path: Path) -> None:
    said = (Message(role="user", content="Say a."), Message(role="assistant", content="a"))
    with open(tmp_path / "own.jsonl", "wb") as file:
        write_records([record(*said, score="0.2", outcome="ok"), record(*said, score="1", outcome="truncated")], file)
    selection = RowSelection(RowChoice(min_score=Decimal("0.5")))
    assert not list(file_rows(tmp_path / "own.jsonl", Rendering(template), selection, Gathered()))
    assert selection.counts() == {"outcome": 1, "score": 1}


def test_a_long_row_ends_with_an_answer(template: Template) -> None:
    said = [Message(role="user", content="Say a."), Message(role="assistant", content="a" * 30)] * 4
    (row,) = rendered_rows(record(*said), template)
    for most in (row.spans[1].end, row.spans[1].end + 3, row.spans[2].end - 1):
        (cut,) = RowSelection(RowChoice(most_tokens=most, cut=True)).chosen([row])
        assert cut.input_ids == row.input_ids[: row.spans[1].end]
        assert cut.spans == row.spans[:2] and sum(cut.loss_mask) == sum(row.loss_mask[: row.spans[1].end])
    selection = RowSelection(RowChoice(most_tokens=3, cut=True))
    assert not list(selection.chosen([row])) and selection.counts() == {"long": 1}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "text",
    [
        "[]", "{}", '{"messages": 3}', '{"messages": [3]}', '{"messages": [{"role": "root", "content": "a"}]}', "{" * 5000,
        '{"messages": [{"role": "assistant", "tool_calls": [{"function": 3}]}]}', "\x00\x01",
        '{"input_ids": [1, 2], "v": 1}', '{"v": 99, "input_ids": []}', '{"format_version": 99, "messages": []}',
        '{"v": 1, "episode_id": "a", "group_id": "", "row_index": 0, "versions": [0, 0], "advantage": null, "spans": [["a", 0, 99]], "input_ids": [1], "old_logprobs": null}',
    ],
)  # fmt: skip
def test_files_that_hold_something_else_are_refused(template: Template, tmp_path: Path, text: str) -> None:
    path = tmp_path / "given.jsonl"
    path.write_text(text)
    with pytest.raises(RuntimeFault, match="R09"):
        list(file_rows(path, Rendering(template), RowSelection(RowChoice()), Gathered()))
