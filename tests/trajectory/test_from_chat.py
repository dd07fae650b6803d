"""Chat lines of others, and those that clawc has written, read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.trajectory.chat import chat_of
from clawc.runtime.trajectory.from_chat import read_chat
from clawc.runtime.trajectory.records import Message, ToolCall, TrajectoryRecord
from clawc.runtime.trajectory.strangers import open_file


def read(path: Path, *lines: Any) -> list[TrajectoryRecord]:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    stored = open_file(path)
    with stored.file:
        return list(read_chat(stored))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    call = ToolCall(id="1", name="read", arguments='{"path": "a"}')
    messages = (
        Message(role="system", content="Work."), Message(role="user", content="Do."),
        Message(role="assistant", content="so", reasoning="hm", tool_calls=(call,)), Message(role="tool", content="text", tool_call_id="1"),
    )  # fmt: skip
    record = TrajectoryRecord(
        id="one", task="t", outcome="ok", score="0.5", tools=({"type": "function"},), messages=messages, extra={}
    )
    (found,) = read(tmp_path / "a", chat_of(record, metadata=True))
    assert found == record.model_copy(update={"source": "chat"})


def test_forms_of_others(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path / "a",
        {
            "messages": [
                {
                    "role": "developer",
                    "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}],
                },
                {"role": "tool", "content": "r"},
            ]
        },
    )
    assert [message.content for message in found.messages] == ["a[image_url]", "", "r"]
    assert found.messages[0].role == "system" and found.messages[1].tool_calls[0].arguments == '{"x": 1}'


LINES: list[Any] = [
    {}, {"messages": {}}, {"messages": [{"role": "user", "content": 3}]}, {"messages": [{"content": "a"}]},
    {"messages": [{"role": "assistant", "tool_calls": [{}]}]}, {"messages": [], "tools": "a"},
    {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": 3}}]}]}, {"messages": [], "metadata": []},
    {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_what_is_no_line_is_refused(tmp_path: Path, line: Any) -> None:
    with pytest.raises(RuntimeFault, match="R0904"):
        read(tmp_path / "a", line)
