"""Answers that were recorded once, played again: `record` asks a model and keeps what it says, `replay` never asks.

An answer is found by what was asked, not by when; what is asked several times gets the recorded answers in their order, per start of
the program, and then the last one again.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from clawc.runtime.engine.closing import closing
from clawc.runtime.engine.interface import (
    ChatRequest,
    ConstraintKind,
    Engine,
    EngineFailure,
    Piece,
    Sampled,
    Sampling,
    Tap,
    TokenUsage,
    ToolCallPiece,
    constrains,
)
from clawc.runtime.engine.meaning import meaning
from clawc.runtime.engine.untyped import shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.store.journal import lines, open_to_read
from clawc.spec.bundle import Sha256, Strict

_BYTES = 1 << 30


_Count = Annotated[int, Field(ge=0, lt=1 << 40)]
_Token = Annotated[int, Field(ge=0, lt=1 << 31)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Part(Strict):
    index: Annotated[int, Field(ge=0, lt=256)]
    id: str = ""
    name: str = ""
    arguments: str = ""


class _Usage(Strict):
    prompt: _Count
    completion: _Count
    cached: _Count = 0
    cost: Annotated[Decimal, Field(ge=0, le=1_000_000)] | None = None


class _Sampling(Strict):
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


class _Tokens(Strict):
    prompt_ids: tuple[_Token, ...]
    output_ids: tuple[_Token, ...]
    logprobs: tuple[_Finite, ...]
    version: int = 0
    tokenizer: str = ""
    template: str = ""
    parse_error: str = ""
    sampling: _Sampling | None = None

    @model_validator(mode="after")
    def _paired(self) -> _Tokens:
        if len(self.output_ids) != len(self.logprobs):
            raise ValueError("not every token has a log probability")
        return self


class _Piece(Strict):
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[_Part, ...] = ()
    finish: Literal["stop", "length", "tool_calls", "content_filter"] | None = None
    usage: _Usage | None = None
    sampled: _Tokens | None = None
    model: str = ""


class Recorded(Strict):
    """One line of a cassette: what was asked, by its digest, and what was said."""

    format_version: Literal[1] = 1
    asked: Sha256
    model: str
    pieces: tuple[_Piece, ...] = Field(min_length=1)


def digest_of(request: ChatRequest) -> str:
    """Stands for what is asked: messages by what they mean, tools, sampling, and a constraint if there is one."""
    sampling = {name: getattr(request.sampling, name) for name in Sampling.__slots__}
    asked: list[object] = [
        [meaning(message) for message in request.messages],
        list(request.tools),
        request.tool_choice,
        sampling,
    ]
    if request.constraint is not None:
        asked.append([request.constraint.kind, request.constraint.text])
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class Recording:
    """An Engine that keeps what another one says, at the end of `path`; answers that fail are not kept."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.name = engine.name
        self.priced = bool(getattr(engine, "priced", False))
        self._engine = engine
        self._path = path
        self._fd = -1

    @property
    def constrains(self) -> frozenset[ConstraintKind]:
        return constrains(self._engine)

    async def open(self) -> None:
        """Raises RuntimeFault R0963 where the file cannot be written."""
        await self._engine.open()
        if self._fd < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            try:
                self._fd = os.open(self._path, flags, 0o644)
                found = os.fstat(self._fd)
                if not stat.S_ISREG(found.st_mode):
                    raise OSError(0, "it is not a regular file")
                if found.st_size and os.pread(self._fd, 1, found.st_size - 1) != b"\n":
                    os.write(self._fd, b"\n")  # what a kill has torn stays by itself
            except OSError as error:
                raise RuntimeFault("R0963", f"cannot write `{self._path}`: {error.strerror}") from error

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        kept: list[Piece] = []
        async with closing(self._engine.chat(request, tap)) as pieces:
            async for piece in pieces:
                kept.append(piece)
                yield piece
        line = Recorded(asked=digest_of(request), model=self.name, pieces=tuple(_kept(piece) for piece in kept))
        os.write(self._fd, line.model_dump_json(exclude_defaults=True).encode() + b"\n")

    async def close(self) -> None:
        await self._engine.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Replaying:
    """An Engine that says what a cassette holds, whatever it is to be held to: that is part of what was asked. Raises RuntimeFault R0963 if
    the file is none."""

    constrains: frozenset[ConstraintKind] = frozenset(("grammar", "schema"))

    def __init__(self, path: Path) -> None:
        digest = hashlib.sha256()
        self._answers: defaultdict[str, list[Recorded]] = defaultdict(list)
        self._played: Counter[str] = Counter()
        try:
            with open_to_read(path) as file:
                if os.fstat(file.fileno()).st_size > _BYTES:
                    raise OSError(0, f"it is larger than {_BYTES >> 20} MiB")
                for line in lines(file, path):
                    digest.update(line.data)
                    self._add(path, line.number, line.data)
        except OSError as error:
            raise RuntimeFault("R0963", f"cannot read `{path}`: {error.strerror}") from error
        self.name = f"cassette:{path.name}#{digest.hexdigest()[:8]}"

    def _add(self, path: Path, number: int, data: bytes) -> None:
        if not data.startswith(b"{") or not data.endswith(b"}"):
            if data[:1] in (b"", b"{"):  # torn by a kill while it was recorded
                return
        try:
            recorded = Recorded.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = shown(".".join(str(part) for part in first["loc"]))[:200] or "start"
            raise RuntimeFault(
                "R0963", f"`{path}`:{number}: no line of a cassette: at `{where}`: {first['msg']}"
            ) from error
        self._answers[recorded.asked].append(recorded)

    async def open(self) -> None:
        """Nothing to do."""

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        asked = digest_of(request)
        answers = self._answers.get(asked)
        if not answers:
            raise EngineFailure("refused", f"the cassette holds no answer to call {asked[:12]}; record it anew")
        recorded = answers[min(self._played[asked], len(answers) - 1)]
        self._played[asked] += 1
        tap(self.name, "bytes", recorded.model_dump_json(exclude_defaults=True).encode())
        for piece in recorded.pieces:
            yield _played(piece)

    async def close(self) -> None:
        """Nothing to do."""


def _kept(piece: Piece) -> _Piece:
    usage, sampled = piece.usage, piece.sampled
    return _Piece(
        content=piece.content, reasoning=piece.reasoning, finish=piece.finish, model=piece.model,
        tool_calls=tuple(_Part(index=c.index, id=c.id, name=c.name, arguments=c.arguments) for c in piece.tool_calls),
        usage=None if usage is None else _Usage(prompt=usage.prompt, completion=usage.completion, cached=usage.cached, cost=usage.cost),
        sampled=None if sampled is None else _Tokens.model_validate(asdict(sampled)),
    )  # fmt: skip


def _played(piece: _Piece) -> Piece:
    usage, sampled = piece.usage, piece.sampled
    found = Piece(
        piece.content, piece.reasoning, tuple(ToolCallPiece(c.index, c.id, c.name, c.arguments) for c in piece.tool_calls), piece.finish,
        None if usage is None else TokenUsage(usage.prompt, usage.completion, usage.cached, usage.cost), model=piece.model,
    )  # fmt: skip
    if sampled is None:
        return found
    sampling = None if sampled.sampling is None else Sampling(**dict(sampled.sampling))
    return replace(
        found,
        sampled=Sampled(
            sampled.prompt_ids, sampled.output_ids, sampled.logprobs, sampled.version, sampled.tokenizer, sampled.template,
            sampled.parse_error, sampling,
        ),
    )  # fmt: skip
