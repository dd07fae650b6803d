"""What OpenAI-compatible servers answer, as pieces: whole bodies and event streams. Nothing in them is believed before it is checked.

Servers report failures in many ways: by status, as an error in a body of status 200, as an event in a stream, by ending early.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from clawc.runtime.engine.interface import EngineFailure, Finish, Piece, Sampled, TokenUsage, ToolCallPiece
from clawc.runtime.engine.untyped import listing, mapping, shown, sound

_FINISH: Mapping[str, Finish] = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "function_call": "tool_calls", "content_filter": "content_filter",
    "end_turn": "stop", "max_tokens": "length", "eos": "stop",
}  # fmt: skip
# How servers say that a conversation is longer than the model takes.
_CONTEXT = (
    "context length",
    "context_length",
    "context window",
    "maximum context",
    "too many tokens",
    "prompt is too long",
    "exceeds the model",
)
_SAID = 300
_MOST_CALLS = 256
_NAME = 1_000


def status_failure(status: int, body: bytes, retry_after_s: float | None) -> EngineFailure:
    """The failure that an answer with this status stands for."""
    said = said_in(body)
    text = f"HTTP {status}" + (f": {said}" if said else "")
    if status in (400, 413, 422) and any(mark in said.lower() for mark in _CONTEXT):
        return EngineFailure("context", text)
    if status in (408, 409, 425, 429) or status >= 500:
        return EngineFailure("unavailable", text, retry_after_s=retry_after_s)
    if status in (400, 413, 414, 422, 431, 451):
        return EngineFailure("rejected", text)
    return EngineFailure("refused", text)


def said_in(body: bytes) -> str:
    """The message of an error, or the start of what stands in its place."""
    try:
        found: object = json.loads(body)
        error = mapping(found).get("error", found)
        message = mapping(error).get("message", error)
        text = message if isinstance(message, str) else json.dumps(message)
    except (ValueError, RecursionError):
        text = body[: _SAID * 4].decode("utf-8", "replace")
    return shown(text[: _SAID * 4])[:_SAID]


def whole(body: bytes) -> Iterator[Piece]:
    """The pieces of a body of status 200. Raises EngineFailure."""
    found = _object(body)
    choice = _choice(found)
    if choice is None:
        raise EngineFailure("broken", "an answer without a choice")
    message = choice.get("message")
    if not isinstance(message, dict):
        raise EngineFailure("broken", "an answer without a message")
    finish = _finish(choice)
    if finish is None:
        raise EngineFailure("broken", "an answer that does not say why it ends")
    piece = _piece(cast("Mapping[str, object]", message), choice)
    yield Piece(
        piece.content, piece.reasoning, piece.tool_calls, _ended(finish, bool(piece.tool_calls)), _usage(found), _sampled(found, choice), _model(found)
    )  # fmt: skip


@dataclass(slots=True)
class Stream:
    """The pieces of an event stream, fed line by line. `done` at its end; one that ended without a reason is broken."""

    done: bool = False
    finish: Finish | None = None
    _event: str = ""
    _calls: int = 0
    _prompt_ids: list[int] = field(default_factory=list[int])
    _output_ids: list[int] = field(default_factory=list[int])
    _logprobs: list[float] = field(default_factory=list[float])
    _exact: bool = True

    def feed(self, line: bytes) -> Iterator[Piece]:
        """The pieces that a line brings. Raises EngineFailure."""
        line = line.rstrip(b"\r\n")
        if line.startswith(b"event:"):
            self._event = line[6:].strip().decode("ascii", "replace")
        elif line.startswith(b"data:") and not self.done:
            data = line[5:].strip()
            if data == b"[DONE]":
                self.done = True
            elif self._event == "error":
                raise EngineFailure("broken", f"the stream says: {said_in(data)}")
            elif data:
                yield from self._pieces(_object(data))
        elif not line:
            self._event = ""
        elif self.finish is None and line[:1] in (b"{", b"<"):
            raise EngineFailure("broken", f"no stream of events: {said_in(line)}")

    def end(self) -> Iterator[Piece]:
        """No more lines come. Raises EngineFailure if the answer is not whole."""
        if self.finish is None:
            raise EngineFailure("broken", "the stream ended before its end")
        if self._exact and self._prompt_ids and len(self._output_ids) == len(self._logprobs) > 0:
            yield Piece(sampled=Sampled(tuple(self._prompt_ids), tuple(self._output_ids), tuple(self._logprobs)))

    def _pieces(self, found: Mapping[str, object]) -> Iterator[Piece]:
        choice = _choice(found, empty=True)
        usage = _usage(found)
        if choice is None:
            if usage is not None:
                yield Piece(usage=usage)
            return
        piece = _piece(mapping(choice.get("delta")), choice)
        self._calls += len(piece.tool_calls)
        self._take_tokens(found, choice, bool(piece.content or piece.reasoning or piece.tool_calls))
        finish = _finish(choice)
        if finish is not None:
            self.finish = _ended(finish, self._calls > 0)
        yield Piece(
            piece.content,
            piece.reasoning,
            piece.tool_calls,
            self.finish if finish else None,
            usage,
            None,
            _model(found),
        )

    def _take_tokens(self, found: Mapping[str, object], choice: Mapping[str, object], said: bool) -> None:
        prompt = _ids(found.get("prompt_token_ids") or choice.get("prompt_token_ids"))
        if prompt:
            self._prompt_ids = prompt
        ids, logprobs = _ids(choice.get("token_ids")), _logprobs(choice)
        if len(ids) != len(logprobs) or (said and not ids):
            self._exact = False
        self._output_ids += ids
        self._logprobs += logprobs


def _object(data: bytes) -> Mapping[str, object]:
    """An object that is no error. Raises EngineFailure."""
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EngineFailure("broken", f"an answer that is no JSON: {said_in(data[:_SAID])}") from error
    if not isinstance(found, dict):
        raise EngineFailure("broken", "an answer that is no JSON object")
    answer = cast("dict[str, object]", found)
    if answer.get("error"):
        failure = said_in(data)
        if any(mark in failure.lower() for mark in _CONTEXT):
            raise EngineFailure("context", failure)
        raise EngineFailure("broken", f"status 200 with an error: {failure}")
    return answer


def _choice(found: Mapping[str, object], *, empty: bool = False) -> Mapping[str, object] | None:
    """The only choice; without one, None. Raises EngineFailure."""
    choices = found.get("choices")
    if not isinstance(choices, list):
        raise EngineFailure("broken", "an answer without `choices`")
    listed = cast("list[object]", choices)
    if not listed:
        return None
    first = listed[0]
    if not isinstance(first, dict) or len(listed) > 1:
        raise EngineFailure("broken", "an answer with other choices than one")
    return cast("dict[str, object]", first)


def _piece(message: Mapping[str, object], choice: Mapping[str, object]) -> Piece:
    content, calls = message.get("content"), message.get("tool_calls")
    if content is not None and not isinstance(content, str):
        raise EngineFailure("broken", "an answer whose content is no text")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    listed = listing(calls)
    if len(listed) > _MOST_CALLS:
        raise EngineFailure("broken", f"an answer with more than {_MOST_CALLS} calls of tools")
    return Piece(
        sound(content or ""),
        sound(reasoning) if isinstance(reasoning, str) else "",
        tuple(_call(each, number) for number, each in enumerate(listed)),
    )


def _call(found: object, number: int) -> ToolCallPiece:
    call = mapping(found)
    given = mapping(call.get("function"))
    index, id, name, arguments = call.get("index", number), call.get("id"), given.get("name"), given.get("arguments")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < _MOST_CALLS:
        raise EngineFailure("broken", "a call of a tool without a number")
    if arguments is not None and not isinstance(arguments, str):
        try:
            arguments = json.dumps(arguments)
        except RecursionError as error:
            raise EngineFailure("broken", "a call of a tool that is nested too deep") from error
    id, name = (sound(each)[:_NAME] if isinstance(each, str) else "" for each in (id, name))
    return ToolCallPiece(index, id, name, sound(arguments or ""))


def _finish(choice: Mapping[str, object]) -> Finish | None:
    found = choice.get("finish_reason")
    if found is None:
        return None
    if found == "error":
        raise EngineFailure("broken", "an answer that ended by an error")
    return _FINISH.get(str(found), "stop")


def _ended(finish: Finish, called: bool) -> Finish:
    """Some servers say `stop` after calls of tools."""
    return "tool_calls" if called and finish == "stop" else finish


def _usage(found: Mapping[str, object]) -> TokenUsage | None:
    usage = found.get("usage")
    if not isinstance(usage, dict):
        return None
    counts = cast("Mapping[str, object]", usage)
    prompt, completion = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    if prompt is None or completion is None:
        return None  # as good as none: others count for themselves then
    return TokenUsage(
        prompt, completion, _count(mapping(counts.get("prompt_tokens_details")).get("cached_tokens")) or 0
    )


def _count(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 40 else None


def _model(found: Mapping[str, object]) -> str:
    model = found.get("model")
    return shown(model[:200]) if isinstance(model, str) else ""


def _ids(found: object) -> list[int]:
    listed = listing(found)
    ids = [each for each in listed if isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 1 << 31]
    return ids if len(ids) == len(listed) else []


def _logprobs(choice: Mapping[str, object]) -> list[float]:
    values = [mapping(each).get("logprob") for each in listing(mapping(choice.get("logprobs")).get("content"))]
    return [float(value) for value in values if isinstance(value, int | float) and -1e9 < value < 1e9]


def _sampled(found: Mapping[str, object], choice: Mapping[str, object]) -> Sampled | None:
    """The tokens of a whole answer, where the server gives all of them."""
    prompt = _ids(found.get("prompt_token_ids") or choice.get("prompt_token_ids"))
    ids, logprobs = _ids(choice.get("token_ids")), _logprobs(choice)
    return Sampled(tuple(prompt), tuple(ids), tuple(logprobs)) if prompt and ids and len(ids) == len(logprobs) else None
