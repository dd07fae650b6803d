"""OpenAI's chat completions as bytes: what a call asks for, and answers, errors and event streams that a client understands.

A call is a stranger's: it is bounded, checked field by field, and nothing of it goes further that is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from clawc.runtime.engine.interface import Object, Piece, TokenUsage, ToolCallPiece
from clawc.runtime.engine.untyped import listing, parsed

BODY_BYTES = 8 << 20
_MESSAGES = 20_000
_TOOLS = 512
_WISH = 4_096
_ROLES = {"system", "developer", "user", "assistant", "tool"}
# The fields of a call that mean something to servers of models; others are only counted by name.
_KNOWN = {
    "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "stream", "stream_options", "max_tokens",
    "max_completion_tokens", "temperature", "top_p", "top_k", "n", "stop", "seed", "user", "metadata", "store", "logit_bias", "logprobs",
    "top_logprobs", "response_format",
}  # fmt: skip


class BadCall(Exception):
    """A call that is refused: an HTTP status, a code for programs and a text for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for. `wished` are the parameters that it gives, as they came; `unknown` the names of fields that mean nothing
    here."""

    messages: tuple[Object, ...]
    tools: tuple[Object, ...] = ()
    tool_choice: object = None
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    wished: Mapping[str, object] = field(default_factory=dict[str, object])
    unknown: tuple[str, ...] = ()


def parse_call(body: bytes) -> Asked:
    """Raises BadCall."""
    if len(body) > BODY_BYTES:
        raise BadCall(413, "too_large", f"the call is larger than {BODY_BYTES >> 20} MiB")
    try:
        found = parsed(body.decode("utf-8"))
    except ValueError as error:
        raise BadCall(400, "invalid_json", f"the body is not JSON: {str(error)[:200]}") from error
    if not isinstance(found, dict):
        raise BadCall(400, "invalid_request", "the body is not a JSON object")
    call = cast("dict[str, object]", found)
    _refuse(call)
    options = _object(call.get("stream_options"), "stream_options")
    tokens = _integer(call, "max_completion_tokens", 1)
    return Asked(
        messages=_messages(call.get("messages")),
        tools=_tools(call.get("tools")),
        tool_choice=_choice(call.get("tool_choice")),
        stream=_flag(call, "stream"),
        include_usage=options.get("include_usage") is True,
        max_tokens=_integer(call, "max_tokens", 1) if tokens is None else tokens,
        temperature=_number(call, "temperature", 0, 2),
        top_p=_number(call, "top_p", 0, 1),
        seed=_integer(call, "seed", -(1 << 63)),
        stop=_stops(call.get("stop")),
        wished={name: _brief(call[name]) for name in sorted(_KNOWN & call.keys()) if name not in ("messages", "tools")},
        unknown=tuple(sorted(str(name)[:100] for name in call.keys() - _KNOWN)[:50]),
    )


def _brief(found: object) -> object:
    """A parameter as a record has it, which the body of the call has whole."""
    size = len(json.dumps(found))
    return found if size <= _WISH else {"bytes": size}


def _refuse(call: Mapping[str, object]) -> None:
    """What would change what is measured or trained, or make others fetch what a stranger names."""
    if call.get("n") not in (None, 1):
        raise BadCall(400, "unsupported_parameter", "`n` must be 1")
    if call.get("logit_bias"):
        raise BadCall(400, "unsupported_parameter", "`logit_bias` is not taken")
    form = call.get("response_format")
    if form is not None and _object(form, "response_format").get("type") != "text":
        raise BadCall(400, "unsupported_parameter", "`response_format` is not taken")


def _messages(found: object) -> tuple[Object, ...]:
    if not isinstance(found, list) or not found:
        raise BadCall(400, "invalid_request", "`messages` is not a list with at least one message")
    listed = cast("list[object]", found)
    if len(listed) > _MESSAGES:
        raise BadCall(400, "invalid_request", f"more than {_MESSAGES} messages")
    return tuple(_message(each, f"messages[{number}]") for number, each in enumerate(listed))


def _message(found: object, where: str) -> Object:
    message = _object(found, where)
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise BadCall(400, "invalid_request", f"`{where}.role` is not one of {', '.join(sorted(_ROLES))}")
    kept: dict[str, object] = {"role": "system" if role == "developer" else role}
    kept["content"] = _content(message.get("content"), f"{where}.content")
    if role == "assistant":
        if message.get("tool_calls") is not None:
            kept["tool_calls"] = _calls(message["tool_calls"], f"{where}.tool_calls")
        for name in ("reasoning_content", "reasoning"):
            if isinstance(message.get(name), str) and message[name]:
                kept["reasoning_content"] = message[name]
    elif kept["content"] is None:
        kept["content"] = ""
    if role == "tool":
        kept["tool_call_id"] = _text(message.get("tool_call_id", ""), f"{where}.tool_call_id")
    if isinstance(message.get("name"), str):
        kept["name"] = message["name"]
    return kept


def _content(found: object, where: str) -> str | None:
    if found is None or isinstance(found, str):
        return found
    if not isinstance(found, list):
        raise BadCall(400, "invalid_request", f"`{where}` is neither text nor a list of parts")
    parts: list[str] = []
    for number, each in enumerate(cast("list[object]", found)):
        part = _object(each, f"{where}[{number}]")
        kind = part.get("type")
        if kind not in ("text", "refusal"):
            raise BadCall(
                400,
                "unsupported_content",
                f"`{where}[{number}]`: parts of the type {str(kind)[:40]!a} are not taken, only text",
            )
        parts.append(_text(part.get(kind, ""), f"{where}[{number}].{kind}"))
    return "\n".join(parts)


def _calls(found: object, where: str) -> list[Object]:
    if not isinstance(found, list):
        raise BadCall(400, "invalid_request", f"`{where}` is not a list")
    calls: list[Object] = []
    for number, each in enumerate(cast("list[object]", found)):
        call = _object(each, f"{where}[{number}]")
        function = _object(call.get("function"), f"{where}[{number}].function")
        arguments = function.get("arguments", "")
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments)
        name = _text(function.get("name"), f"{where}[{number}].function.name")
        id = _text(call.get("id", ""), f"{where}[{number}].id")
        calls.append({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
    return calls


def _tools(found: object) -> tuple[Object, ...]:
    if found is None:
        return ()
    if not isinstance(found, list) or len(cast("list[object]", found)) > _TOOLS:
        raise BadCall(400, "invalid_request", f"`tools` is not a list of at most {_TOOLS} tools")
    tools: list[Object] = []
    for number, each in enumerate(cast("list[object]", found)):
        tool = _object(each, f"tools[{number}]")
        if tool.get("type", "function") != "function":
            raise BadCall(400, "unsupported_parameter", f"`tools[{number}]`: only functions are taken")
        function = _object(tool.get("function"), f"tools[{number}].function")
        _text(function.get("name"), f"tools[{number}].function.name")
        kept = {name: function[name] for name in ("name", "description", "parameters", "strict") if name in function}
        tools.append({"type": "function", "function": kept})
    return tuple(tools)


def _choice(found: object) -> object:
    if found is None or found in ("auto", "none", "required") or isinstance(found, dict):
        return cast(object, found)
    raise BadCall(400, "invalid_request", "`tool_choice` is none that is known")


def _stops(found: object) -> tuple[str, ...]:
    if found is None:
        return ()
    listed = [found] if isinstance(found, str) else listing(found)
    if not isinstance(found, str | list) or len(listed) > 16 or not all(isinstance(each, str) for each in listed):
        raise BadCall(400, "invalid_request", "`stop` is no text and no list of at most 16 texts")
    return tuple(str(each) for each in listed if each)


def _object(found: object, where: str) -> Mapping[str, object]:
    if found is None and where == "stream_options":
        return {}
    if not isinstance(found, dict):
        raise BadCall(400, "invalid_request", f"`{where}` is not an object")
    return cast("dict[str, object]", found)


def _text(found: object, where: str) -> str:
    if not isinstance(found, str):
        raise BadCall(400, "invalid_request", f"`{where}` is not text")
    return found


def _flag(call: Mapping[str, object], name: str) -> bool:
    found = call.get(name)
    if found not in (None, True, False):
        raise BadCall(400, "invalid_request", f"`{name}` is neither true nor false")
    return found is True


def _integer(call: Mapping[str, object], name: str, least: int) -> int | None:
    found = call.get(name)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found < 1 << 63:
        raise BadCall(400, "invalid_request", f"`{name}` is no whole number from {least} on")
    return found


def _number(call: Mapping[str, object], name: str, least: float, most: float) -> float | None:
    found = call.get(name)
    if found is None:
        return None
    if not isinstance(found, int | float) or isinstance(found, bool) or not least <= found <= most:
        raise BadCall(400, "invalid_request", f"`{name}` is no number from {least} to {most}")
    return float(found)


@dataclass(frozen=True, slots=True)
class Head:
    """What is the same in all parts of an answer."""

    id: str
    created: int
    model: str


def error_body(code: str, message: str) -> bytes:
    """An error as clients of OpenAI know it."""
    return _json({"error": {"message": message, "type": code, "code": code, "param": None}})


def completion(head: Head, message: Object, finish: str, usage: TokenUsage | None) -> bytes:
    """A whole answer."""
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    return _json({
        "id": head.id, "object": "chat.completion", "created": head.created, "model": head.model, "choices": [choice],
        "usage": usage_object(usage),
    })  # fmt: skip


def models(name: str) -> bytes:
    return _json({"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "clawc"}]})


def first_event(head: Head) -> bytes:
    """The event that opens a stream."""
    return _event(head, {"role": "assistant", "content": ""}, None)


def piece_event(head: Head, piece: Piece) -> bytes:
    """The events of one piece; may be empty."""
    delta: dict[str, object] = {}
    if piece.content:
        delta["content"] = piece.content
    if piece.reasoning:
        delta["reasoning_content"] = piece.reasoning
    if piece.tool_calls:
        delta["tool_calls"] = [_call_delta(call) for call in piece.tool_calls]
    events = _event(head, delta, None) if delta else b""
    return events + (_event(head, {}, piece.finish) if piece.finish else b"")


def last_events(head: Head, usage: TokenUsage | None, include_usage: bool) -> bytes:
    """The end of a stream."""
    if not include_usage:
        return b"data: [DONE]\n\n"
    body: dict[str, object] = {"id": head.id, "object": "chat.completion.chunk", "created": head.created, "model": head.model, "choices": [],
            "usage": usage_object(usage)}  # fmt: skip
    return b"data: " + _json(body) + b"\n\ndata: [DONE]\n\n"


def _event(head: Head, delta: Object, finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "choices": [choice],
    }
    return b"data: " + _json(body) + b"\n\n"


def _call_delta(call: ToolCallPiece) -> Object:
    function: dict[str, object] = {"arguments": call.arguments}
    if call.name or call.id:
        function["name"] = call.name
    head: dict[str, object] = {"index": call.index}
    if call.id:
        head |= {"id": call.id, "type": "function"}
    return {**head, "function": function}


def usage_object(usage: TokenUsage | None) -> Object:
    prompt, completion = (usage.prompt, usage.completion) if usage else (0, 0)
    found: dict[str, object] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if usage and usage.cached:
        found["prompt_tokens_details"] = {"cached_tokens": usage.cached}
    return found


def _json(found: object) -> bytes:
    return json.dumps(found, ensure_ascii=True, separators=(",", ":")).encode()


@dataclass(slots=True)
class _GatheredCall:
    id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Gathered:
    """Pieces put together; `size` is that of their text."""

    content: list[str] = field(default_factory=list[str])
    reasoning: list[str] = field(default_factory=list[str])
    size: int = 0
    _calls: dict[int, _GatheredCall] = field(default_factory=dict[int, _GatheredCall])

    def add(self, piece: Piece, prefix: str = "call") -> Piece:
        """The piece as a client gets it: each call of a tool has its name, and an id that begins with `prefix`, once."""
        for text, kept in ((piece.content, self.content), (piece.reasoning, self.reasoning)):
            if text:
                kept.append(text)
                self.size += len(text)
        return replace(piece, tool_calls=tuple(self._call(call, prefix) for call in piece.tool_calls))

    def _call(self, call: ToolCallPiece, prefix: str) -> ToolCallPiece:
        before = self._calls.get(call.index)
        known = before or self._calls.setdefault(call.index, _GatheredCall(f"{prefix}{call.index}"))
        name = "" if known.name else call.name
        known.name += name
        known.arguments.append(call.arguments)
        self.size += len(call.arguments) + len(name)
        return ToolCallPiece(call.index, "" if before else known.id, name, call.arguments)

    def message(self) -> dict[str, object]:
        """The answer as a message of OpenAI's."""
        text, thought = "".join(self.content), "".join(self.reasoning)
        found: dict[str, object] = {"role": "assistant", "content": text or (None if self._calls else "")}
        if thought:
            found["reasoning_content"] = thought
        if self._calls:
            calls = [self._calls[index] for index in sorted(self._calls)]
            found["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": "".join(call.arguments)},
                }
                for call in calls
            ]
        return found
