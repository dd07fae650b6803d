"""What an agent did and said, from the record of its run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from clawc.stdlib.checks.transcripts import final_text, in_order, tool_calls, transcript_of
from clawc.stdlib.checks.values import Table, Unmet
from clawc.stdlib.checks.workspace import Memory, Submission

EVENTS: list[dict[str, Any]] = [
    {"event": "start", "path": "p"},
    {"event": "final", "text": "Not yet."},
    {"event": "tool", "tool": "read", "arguments": {"path": "a.txt"}, "result": {"ok": True, "text": "A"}},
    {"event": "tool", "tool": "exec", "arguments": {"command": ["ls", "-l", 3]}, "result": {"ok": False, "text": ["x", "y"]}},
    {"event": "tool", "tool": "exec", "arguments": {"command": "pwd", "path": 5}, "result": {"ok": "true"}},
    {"event": "tool", "tool": None, "arguments": None, "result": "odd"},
    {"event": "tool"},
    {"event": "final", "text": "Done."},
    {"event": "end", "text": "ended"},
]  # fmt: skip


def submission(folder: Path, events: list[dict[str, Any]] = EVENTS) -> Submission:
    (folder / "trajectory.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    return Submission(Memory({}), [], {}, str(folder))


def test_calls(tmp_path: Path) -> None:
    found = tool_calls(submission(tmp_path))
    assert found.columns == ["step", "tool", "path", "command", "ok", "output", "arguments"]
    assert [tuple(row.values()) for row in found.rows] == [
        (1, "read", "a.txt", None, True, "A", '{"path": "a.txt"}'),
        (2, "exec", None, "ls -l 3", False, "x y", '{"command": ["ls", "-l", 3]}'),
        (3, "exec", None, "pwd", False, "", '{"command": "pwd", "path": 5}'),
        (4, "", None, None, False, "", "{}"),
        (5, "", None, None, False, "", "{}"),
    ]


def test_the_last_message(tmp_path: Path) -> None:
    assert final_text(submission(tmp_path)) == "Done."
    assert final_text(submission(tmp_path, [*EVENTS, {"event": "final", "text": None}])) == ""
    with pytest.raises(Unmet, match="the agent ended without a last message"):
        final_text(submission(tmp_path, EVENTS[2:7]))


def test_the_transcript_as_a_record(tmp_path: Path) -> None:
    found = transcript_of(submission(tmp_path))
    assert list(found) == ["calls", "commands", "final", "said", "messages"]
    assert isinstance(found["calls"], Table) and len(found["calls"].rows) == 5
    assert (found["commands"], found["final"]) == (["ls -l 3", "pwd"], "Done.")


def test_arguments_are_written_as_json_with_keys_in_order(tmp_path: Path) -> None:
    given = {"b": [1.5, None, True, {"d": "\u00e9"}], "a": 10**20}
    event = {"event": "tool", "tool": "x", "arguments": given, "result": {}}
    (row,) = tool_calls(submission(tmp_path, [event])).rows
    assert row["arguments"] == json.dumps(given, sort_keys=True)


def said(role: str, text: str, *tools: str) -> dict[str, Any]:
    calls = [{"id": "1", "name": name, "arguments": "{}"} for name in tools]
    return {"event": "message", "message": {"role": role, "content": text, **({"tool_calls": calls} if calls else {})}}


def test_messages_by_turn(tmp_path: Path) -> None:
    events = [
        said("system", "s"), said("user", "one"), said("assistant", "", "read", "exec"), said("tool", "x"), said("assistant", "A"),
        said("user", "two"), said("user", "and"), said("assistant", "B"), {"event": "message", "message": "odd"},
    ]  # fmt: skip
    found = transcript_of(submission(tmp_path, events))
    assert [tuple(row.values()) for row in found["messages"].rows] == [
        (1, "", ["read", "exec"]),
        (1, "A", []),
        (2, "B", []),
    ]
    assert (found["said"], found["final"]) == (["A", "B"], None)


def test_messages_where_none_were_recorded(tmp_path: Path) -> None:
    """Each call is one, and each last message ends a turn."""
    found = transcript_of(submission(tmp_path))
    assert [tuple(row.values()) for row in found["messages"].rows] == [
        (1, "Not yet.", []), (2, "", ["read"]), (2, "", ["exec"]), (2, "", ["exec"]), (2, "", [""]), (2, "", [""]), (2, "Done.", []),
    ]  # fmt: skip
    assert found["said"] == ["Done."]


def test_the_record_is_read_once(tmp_path: Path) -> None:
    ws = submission(tmp_path)
    assert len(tool_calls(ws).rows) == 5
    (tmp_path / "trajectory.jsonl").unlink()
    assert len(tool_calls(ws).rows) == 5


def test_nothing_was_recorded(tmp_path: Path) -> None:
    for folder in (None, str(tmp_path)):
        with pytest.raises(Unmet) as caught:
            tool_calls(Submission(Memory({}), [], {}, folder))
        assert str(caught.value) == "what the agent did was not recorded"
    os.symlink("elsewhere", tmp_path / "trajectory.jsonl")
    with pytest.raises(Unmet) as caught:
        tool_calls(Submission(Memory({}), [], {}, str(tmp_path)))
    assert str(caught.value) == "the record of what the agent did is a link"


@pytest.mark.parametrize(
    ("of", "what", "holds"),
    [
        ([1, 2, 3], [1, 3], True),
        ([1, 2, 3], [3, 1], False),
        ([1, 2, 1], [1, 1], True),
        ([1, 2], [1, 1], False),
        ([1], [], True),
        ([], [1], False),
        (None, [1], False),
        ([1], None, True),
    ],
)
def test_one_after_the_other(of: Any, what: Any, holds: bool) -> None:
    assert in_order(of, what) is holds
