"""What the agent did and said: the calls of its tools and its last message, as the runtime recorded them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Dict, List, Optional, cast

from clawc.stdlib.checks.kinds import list_in, plain
from clawc.stdlib.checks.readers import jsonl_table
from clawc.stdlib.checks.values import MISSING, File, Row, Table, Unmet
from clawc.stdlib.checks.workspace import Disk, Submission

CALL_COLUMNS = ["step", "tool", "path", "command", "ok", "output", "arguments"]
MESSAGE_COLUMNS = ["turn", "text", "tools"]


def _events(ws: Submission) -> List[Row]:
    """The recorded events, in order; raises Unmet if nothing was recorded."""
    if ws.events is None:
        if ws.jobs_dir is None:
            raise Unmet("what the agent did was not recorded")
        data, problem = Disk(ws.jobs_dir).read("trajectory.jsonl")
        if data is None:
            raise Unmet(
                f"the record of what the agent did {problem}" if problem else "what the agent did was not recorded"
            )
        ws.events = jsonl_table(File("trajectory", "trajectory.jsonl", "jsonl", data)).rows
    return ws.events


def _text(value: Any) -> str:
    return value if isinstance(value, str) else " ".join(str(part) for part in list_in(value) or ())


def tool_calls(ws: Submission) -> Table:
    """The calls of tools: step, tool, path (read, write, edit), command (exec), ok, output, arguments as the text of a JSON
    object with its keys in order; null where there is none."""
    rows: List[Any] = []
    for event in _events(ws):
        if event.get("event") != "tool":
            continue
        arguments = event.get("arguments")
        given = cast(Row, arguments) if isinstance(arguments, dict) else {}
        answer = event.get("result")
        result = cast(Row, answer) if isinstance(answer, dict) else {}
        path = given.get("path")
        command = given.get("command", MISSING)
        rows.append(
            (
                len(rows) + 1,
                _text(event.get("tool")),
                path if isinstance(path, str) else None,
                None if command is MISSING else _text(command),
                result.get("ok") is True,
                _text(result.get("text")),
                json.dumps(_plain(given), sort_keys=True),
            )
        )
    return Table(CALL_COLUMNS, rows)


def _plain(value: Any) -> Any:
    """A value of the record as `json` writes it; numbers are no decimals there."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in cast(Row, value).items()}
    if isinstance(value, list):
        return [_plain(item) for item in list_in(value) or ()]
    return float(plain(value)) if isinstance(value, Decimal) else value


def final_text(ws: Submission) -> str:
    """The last message of the agent."""
    for event in reversed(_events(ws)):
        if event.get("event") == "final":
            return _text(event.get("text"))
    raise Unmet("the agent ended without a last message")


def said_texts(ws: Submission) -> List[str]:
    """The messages of the agent, in order; the last one alone where no others were recorded."""
    found: List[str] = []
    final: List[str] = []
    for event in _events(ws):
        message = _message(event)
        if message is not None and message.get("role") == "assistant":
            text = _text(message.get("content"))
            found += [text] if text else []
        elif event.get("event") == "final":
            final = [_text(event.get("text"))]
    return found or final


def messages_of(ws: Submission) -> Table:
    """The messages of the agent: the turn of the user that they answer, from 1, their text, and the tools that they call.

    Where none were recorded, each call is a message and each last message ends a turn.
    """
    rows: List[Any] = []
    turn, answered = 1, False
    spoken = [_message(event) for event in _events(ws)]
    for message in spoken:
        if message is not None and message.get("role") == "user":
            turn, answered = turn + answered, False
        elif message is not None and message.get("role") == "assistant":
            calls = [cast(Row, call) for call in list_in(message.get("tool_calls")) or () if isinstance(call, dict)]
            rows.append((turn, _text(message.get("content")), [_text(call.get("name")) for call in calls]))
            answered = True
    if any(message is not None for message in spoken):
        return Table(MESSAGE_COLUMNS, rows)
    for event in _events(ws):
        if event.get("event") == "tool":
            rows.append((turn, "", [_text(event.get("tool"))]))
        elif event.get("event") == "final":
            rows.append((turn, _text(event.get("text")), []))
            turn += 1
    return Table(MESSAGE_COLUMNS, rows)


def _message(event: Row) -> Optional[Row]:
    message = event.get("message") if event.get("event") == "message" else None
    return cast(Row, message) if isinstance(message, dict) else None


def transcript_of(ws: Submission) -> Dict[str, Any]:
    """The transcript as a record: `calls`, `commands` that were run, the `final` message (null where there is none), all that
    the agent `said`, and its `messages`."""
    calls = tool_calls(ws)
    commands = [row["command"] for row in calls.rows if row["command"] is not None]
    final = final_text(ws) if any(event.get("event") == "final" for event in _events(ws)) else None
    return {
        "calls": calls, "commands": commands, "final": final, "said": said_texts(ws), "messages": messages_of(ws),
    }  # fmt: skip


def in_order(of: Any, what: Any) -> bool:
    """Whether the values of `what` occur in `of` one after the other, others between them allowed."""
    rest = iter(list_in(of) or [])
    return all(any(value == wanted for value in rest) for wanted in list_in(what) or [])
