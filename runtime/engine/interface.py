"""What a model is to the runtime: something that answers a conversation piece by piece, or says why it cannot.

An engine never sees who asks: what a call may be, and whose it is, the gateway has settled before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias, runtime_checkable

# A JSON object as it came.
Object: TypeAlias = Mapping[str, object]
Finish = Literal["stop", "length", "tool_calls", "content_filter"]
ConstraintKind = Literal["grammar", "schema"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. What is None is left to the engine. `top_k` 0 means all."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Continued:
    """The call that a request goes on from: the first `messages` of the request, the last of them what the model said then, stand
    for exactly these tokens: what it was given, `prompt_ids`, and what it gave, `output_ids`."""

    messages: int
    prompt_ids: tuple[int, ...]
    output_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Constraint:
    """What the whole text of an answer has to be of: a grammar in llguidance's notation, or a JSON schema, as text."""

    kind: ConstraintKind
    text: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call. `messages` and `tools` are OpenAI's, checked: content is text or null, and arguments of tool calls are text.
    `stream` says whether pieces are wanted as they come. An engine that cannot hold to a `constraint` rejects the call; see `constrains`."""

    messages: tuple[Object, ...]
    tools: tuple[Object, ...] = ()
    tool_choice: object = None
    sampling: Sampling = field(default_factory=Sampling)
    stream: bool = False
    continued: Continued | None = None
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True)
class ToolCallPiece:
    """A part of the call number `index`; `id` and `name` come with its first part, `arguments` are appended."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of a call; `cached` of the prompt were not computed anew. `cost` is in US dollars, None where no price is known."""

    prompt: int
    completion: int
    cached: int = 0
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """What was computed, token by token: `logprobs[i]` is that of `output_ids[i]` under the distribution it was drawn from.
    `version` counts the updates of the weights. `parse_error` says why the text is not the tool call that it begins. `sampling` is
    what they were drawn with, which the request need not have said."""

    prompt_ids: tuple[int, ...]
    output_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    version: int = 0
    tokenizer: str = ""
    template: str = ""
    parse_error: str = ""
    sampling: Sampling | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer. Texts are appended. The last piece of a whole answer has `finish`; `usage` and `sampled` come with it
    or after it. `model` is what the engine calls itself."""

    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallPiece, ...] = ()
    finish: Finish | None = None
    usage: TokenUsage | None = None
    sampled: Sampled | None = None
    model: str = ""


FailureKind = Literal["unavailable", "broken", "refused", "rejected", "context", "budget"]


class EngineFailure(Exception):
    """No answer, or not a whole one. `kind`: `unavailable` (no connection, out of time, overloaded), `broken` (what came is no answer),
    `refused` (the engine refuses every call: a wrong key, an unknown model), `rejected` (it does not take this call), `context` (longer
    than the model takes) and `budget` (the money is spent). `retry_after_s` is what the engine asks to wait. Only the first two are worth another try."""

    def __init__(self, kind: FailureKind, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def worth_a_try(self) -> bool:
        return self.kind in ("unavailable", "broken")


# Gets what an engine says before anything is made of it: which upstream, what kind of thing ("status", "bytes", "failure"), and it.
Tap: TypeAlias = Callable[[str, str, bytes], None]


class Engine(Protocol):
    """Answers calls, several at once. `name` stands in records and never holds a secret."""

    @property
    def name(self) -> str: ...

    async def open(self) -> None:
        """Get ready. Raises RuntimeFault if no call could be answered."""
        ...

    def chat(self, request: ChatRequest, tap: Tap) -> AsyncIterator[Piece]:
        """The pieces of the answer as they come; raises EngineFailure, also after some have come. Ends at once when the iterator is
        closed."""
        ...

    async def close(self) -> None:
        """May be called twice."""
        ...


@runtime_checkable
class Constraining(Protocol):
    """An engine that says what it can be held to."""

    @property
    def constrains(self) -> frozenset[ConstraintKind]: ...


@dataclass(frozen=True, slots=True)
class Drawn:
    """Tokens as they are drawn, each with its log probability. The last one has `finish`."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish: Literal["stop", "length"] | None = None
    version: int = 0


class TokenEngine(Protocol):
    """Continues sequences of tokens, several at once."""

    @property
    def name(self) -> str: ...

    async def open(self) -> None:
        """Get ready. Raises RuntimeFault if no call could be answered."""
        ...

    def generate(
        self, prompt_ids: Sequence[int], sampling: Sampling, constraint: Constraint | None = None
    ) -> AsyncIterator[Drawn]:
        """The tokens as they are drawn, the end token with them; raises EngineFailure. Ends at once when the iterator is closed.
        Log probabilities are of what a constraint leaves of the distribution."""
        ...

    async def close(self) -> None:
        """May be called twice."""
        ...


def constrains(engine: Engine | TokenEngine) -> frozenset[ConstraintKind]:
    """What its answers can be held to; nothing if it does not say so."""
    return engine.constrains if isinstance(engine, Constraining) else frozenset()
