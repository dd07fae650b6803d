"""Trajectories from session files of OpenClaw 2026.4 and of pi: JSON Lines, version 3, a tree of entries of which the path to the last one
was said.

Nothing that the path holds is dropped: a compaction or the summary of a branch is a message of the user where it stands, since so it is
told to the model, and `extra["openclaw"]` says from which message on the model still saw the others. The system prompt and the tools are
not in these files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from clawc.runtime.trajectory.arguments import arguments_text
from clawc.runtime.trajectory.own import validated
from clawc.runtime.trajectory.records import Document, TrajectoryRecord
from clawc.runtime.trajectory.session_tree import Entry, read_session
from clawc.runtime.trajectory.strangers import Given, Stored
from clawc.runtime.trajectory.values import decimal_of

_FINISH = {"stop": "stop", "length": "length", "toolUse": "tool_calls"}
_FAILED = ("error", "aborted")
# Takes what a message cannot hold: a name for it, and it.
_Note: TypeAlias = Callable[[str, Document], None]
# Entries that change nothing of what was said.
_SILENT = frozenset({"custom", "label", "session_info", "thinking_level_change", "model_change", "usage"})


def read_openclaw(stored: Stored) -> TrajectoryRecord:
    """The record of a session file. Raises RuntimeFault R0902 to R0905: R0904 for what is no session of version 3, R0905 for entries
    that are no tree."""
    session = read_session(stored)
    said = _Said()
    for entry in session.path:
        said.add(entry)
    messages = said.messages
    fields: Document = {
        "id": session.id,
        "source": "openclaw",
        "agent": "openclaw",
        "model": next((str(one["model"]) for one in reversed(messages) if one.get("model")), ""),
        "outcome": said.outcome,
        "messages": list(messages),
        "usage": said.usage,
        "started": session.started,
        "ended": str(messages[-1].get("at", "")) if messages else "",
        "extra": {"openclaw": {**session.more, **said.more, "entries_beside_the_path": session.beside}},
    }
    return validated(session.header, fields)


class _Said:
    """The messages on the path. `outcome` is "agent_error" if the last answer failed."""

    def __init__(self) -> None:
        self.messages: list[Document] = []
        self.more: Document = {}
        self.outcome = ""
        self._tokens = Counter[str]()
        self._cost: Decimal | None = None
        self._places: dict[str, int] = {}

    @property
    def usage(self) -> Document | None:
        """The sum over the answers; None if none says what it took."""
        if not self._tokens:
            return None
        return {**self._tokens, "cost": None if self._cost is None else format(self._cost, "f")}

    def add(self, entry: Entry) -> None:
        given = entry.given
        self._places[entry.id] = len(self.messages)
        match entry.type:
            case "message":
                self._message(
                    given.object("message") or given.wrong("message", "an object"), given.text_or("timestamp")
                )
            case "custom_message":
                self._user(_text(given, "content", self._note), given.text("customType"), given)
            case "compaction":
                first = given.text_or("firstKeptEntryId")
                self._note("compactions", {
                    "first_kept": self._places.get(first, len(self.messages)),
                    "tokens_before": given.count("tokensBefore"),
                })  # fmt: skip
                self._user(given.text("summary"), "compaction", given)
            case "branch_summary":
                self._note("branches", {"from": given.text_or("fromId")})
                self._user(given.text("summary"), "branch_summary", given)
            case kind if kind in _SILENT:
                pass
            case kind:
                self._note("unknown", {"type": kind[:100]})

    def _message(self, message: Given, at: str) -> None:
        at = at or _time(message)
        match message.text("role"):
            case "user":
                self._add({"role": "user", "content": _text(message, "content", self._note)}, at)
            case "assistant":
                self._answer(message, at)
            case "toolResult":
                self._result(message, at)
            case "bashExecution":
                self._command(message, at)
            case "custom":
                content = _text(message, "content", self._note)
                self._add({"role": "user", "content": content, "name": message.text_or("customType")}, at)
            case "branchSummary" | "compactionSummary" as role:
                name = "compaction" if role == "compactionSummary" else "branch_summary"
                self._add({"role": "user", "content": message.text("summary"), "name": name}, at)
            case role:
                message.refuse(f"the role `{role[:40]}` is unknown")

    def _answer(self, message: Given, at: str) -> None:
        texts: list[str] = []
        thoughts: list[str] = []
        calls: list[Document] = []
        for part in _parts(message, "content"):
            match part.text("type"):
                case "text":
                    texts.append(part.text("text"))
                case "thinking":
                    thoughts.append(part.text("thinking"))
                case "toolCall":
                    arguments = part.object("arguments")
                    text = arguments_text(arguments.fields if arguments else {})
                    calls.append({"id": part.text("id"), "name": part.text("name"), "arguments": text})
                case kind:
                    self._note("parts", {"type": kind[:100]})
        stop = message.text_or("stopReason")
        found: Document = {
            "role": "assistant",
            "content": "".join(texts),
            "reasoning": "\n".join(thoughts),
            "tool_calls": list(calls),
            "finish": _FINISH.get(stop, stop),
            "model": message.text_or("model"),
            "call_id": message.text_or("responseId"),
        }
        if (usage := message.object("usage")) is not None:
            found["usage"] = self._used(usage)
        if why := message.text_or("errorMessage"):
            self._note("errors", {"text": why})
        self.outcome = "agent_error" if stop in _FAILED else "truncated" if stop == "length" else ""
        self._add(found, at)

    def _result(self, message: Given, at: str) -> None:
        details = message.object("details") if isinstance(message.fields.get("details"), dict) else None
        if details is not None and details.fields:
            self._note("details", {"details": details.fields})
        self._add(
            {
                "role": "tool",
                "content": _text(message, "content", self._note),
                "tool_call_id": message.text("toolCallId"),
                "name": message.text_or("toolName"),
                "failed": message.flag("isError"),
            },
            at,
        )

    def _command(self, message: Given, at: str) -> None:
        """A command that the user ran; the model is told of it, unless the user said not to."""
        command, output = message.text("command"), message.text_or("output")
        if message.flag("excludeFromContext"):
            self._note("commands", {"command": command, "output": output})
        else:
            self._add({"role": "user", "content": f"$ {command}\n{output}", "name": "bash"}, at)

    def _user(self, text: str, name: str, entry: Given) -> None:
        self._add({"role": "user", "content": text, "name": name}, entry.text_or("timestamp"))

    def _add(self, message: Document, at: str) -> None:
        self.messages.append({**message, "at": at})

    def _note(self, name: str, what: Document) -> None:
        notes = self.more.setdefault(name, [])
        if isinstance(notes, list):
            notes.append({"message": len(self.messages), **what})

    def _used(self, usage: Given) -> Document:
        """Of one answer; added to the sum. Their `input` is without what came from the cache."""
        cached = usage.count("cacheRead")
        counts = {
            "prompt_tokens": usage.count("input") + cached + usage.count("cacheWrite"),
            "completion_tokens": usage.count("output"),
            "cached_tokens": cached,
        }
        self._tokens.update(counts)
        cost = usage.object("cost")
        total = cost.number("total") if cost is not None else None
        text = None if total is None else decimal_of(float(total))
        if text is not None:
            self._cost = (self._cost or Decimal(0)) + Decimal(text)
        return {**counts, "cost": text}


def _parts(given: Given, name: str) -> Iterable[Given]:
    """The parts of a content; text alone is one part."""
    if isinstance(text := given.fields.get(name), str):
        return [Given({"type": "text", "text": text}, given.where)]
    return given.objects(name)


def _text(given: Given, name: str, note: _Note) -> str:
    """The texts of a content, one below the other; pictures are told of."""
    texts: list[str] = []
    for part in _parts(given, name):
        if part.text("type") == "text":
            texts.append(part.text("text"))
        else:
            kind, media = part.text("type")[:40], part.text_or("mimeType")[:100]
            texts.append(f"[{kind}: {media}]" if media else f"[{kind}]")
            note("parts", {"type": kind, "media": media, "characters": len(part.text_or("data"))})
    return "\n".join(texts)


def _time(message: Given) -> str:
    """A time that is given in milliseconds since 1970."""
    milliseconds = message.number("timestamp")
    if milliseconds is None:
        return ""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return ""
