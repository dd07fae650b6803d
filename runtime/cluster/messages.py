"""What command and nodes tell each other: JSON, checked by the receiver. Nothing that either sends is unpickled by us."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from clawc.runtime.engine.interface import EngineFailure, FailureKind
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.gateway.limits import Caps
from clawc.runtime.gateway.rules import Rules
from clawc.runtime.records import EpisodeRecord, Key
from clawc.runtime.rollout import Episode
from clawc.runtime.store.journal import LINE_BYTES
from clawc.spec.bundle import Sha256, Strict

_LENGTH = 8
_TEXT = 2_000


class BadAnswer(Exception):
    """A node has said what cannot be; the text says what."""


class Welcome(Strict):
    """What a node is asked first: the sandboxes that are wanted, and the programs that the tasks need in them."""

    sandbox: str
    image: str
    tools: tuple[str, ...]


class Hello(Strict):
    """What a node is: versions, a hash of our sources, whether Ray asks for a token there, whether sandboxes work, and which
    programs are missing in them."""

    clawc: str
    python: str
    sources: Sha256
    token: bool
    ok: bool
    reason: str = ""
    help: str = ""
    missing: tuple[str, ...] = ()


class ModelOrder(Strict):
    """The model of an agent, which the command speaks to for it: its name, and what holds for calls of it. `settings` are those of the
    agent, as JSON."""

    model: str
    settings: str
    rules: Rules
    caps: Caps


class Order(Strict):
    """An attempt to play. `agent` is `oracle`, `null` or `scripted`, and with a model `loop`, `pi` or `openclaw`; the script is one that
    was shipped."""

    run_id: str
    bundle: Sha256
    agent: str
    name: str
    script: Sha256 | None = None
    model: ModelOrder | None = None
    index: int
    seed: int
    attempt: Annotated[int, Field(ge=1)]

    @property
    def needs(self) -> tuple[str, ...]:
        """The hashes of all that must be on the node."""
        return (self.bundle,) if self.script is None else (self.bundle, self.script)


class Fault(Strict):
    """A RuntimeFault of a node that every episode would meet there."""

    code: str
    message: str
    help: str
    unavailable: bool

    def raised(self) -> RuntimeFault:
        if self.unavailable:
            return SandboxUnavailable(self.message, self.help)
        return RuntimeFault(self.code, self.message, self.help)


class Asked(Strict):
    """The call number `call` of a model that an attempt makes; without a `request`, one that nobody waits for any more."""

    call: Annotated[int, Field(ge=1)]
    request: str = ""


class Said(Strict):
    """A part of the answer to a call: a `piece` as JSON in `text`, what an engine was told before anything was made of it (`tap`), the
    `failure` of an engine, or the `end` of a whole answer."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    kind: Literal["piece", "tap", "failure", "end"]
    text: str = ""
    upstream: str = ""
    what: str = ""
    data: bytes = b""
    why: FailureKind = "broken"
    retry_after_s: float | None = None

    @staticmethod
    def of(failure: EngineFailure) -> Said:
        text = failure.message.encode("utf-8", "replace").decode()
        return Said(kind="failure", text=text, why=failure.kind, retry_after_s=failure.retry_after_s)

    def failure(self) -> EngineFailure:
        return EngineFailure(self.why, self.text, retry_after_s=self.retry_after_s)


_NEWS = TypeAdapter[tuple[Asked, ...] | None](tuple[Asked, ...] | None)
_SAID = TypeAdapter(tuple[Said, ...])


def news(asked: tuple[Asked, ...] | None) -> bytes:
    return _NEWS.dump_json(asked)


def news_of(data: bytes) -> tuple[Asked, ...] | None:
    """The calls in a message of a node, None if there will be no more. Raises BadAnswer."""
    try:
        return _NEWS.validate_json(data)
    except ValidationError as error:
        raise BadAnswer("it does not say what its agents ask") from error


def said_parts(parts: tuple[Said, ...]) -> bytes:
    return _SAID.dump_json(parts)


def said_parts_of(data: bytes) -> tuple[Said, ...]:
    """Raises ValidationError."""
    return _SAID.validate_json(data)


class Answer(Strict):
    """What came of an order: a record, with the `size` bytes of its parcel behind this message or kept on the node under its key;
    or why there is none: `short` if the node ran short of something, else a fault."""

    record: EpisodeRecord | None = None
    key: Key | None = None
    size: Annotated[int, Field(ge=0)] = 0
    kept: bool = False
    short: str = ""
    fault: Fault | None = None


def sealed(answer: Answer, parcel: bytes = b"") -> bytes:
    """The answer and the parcel behind it as one message."""
    head = answer.model_dump_json().encode()
    return len(head).to_bytes(_LENGTH, "big") + head + parcel


def opened(data: bytes) -> tuple[Answer, memoryview]:
    """The answer in a message, and the parcel behind it. Raises BadAnswer."""
    length = int.from_bytes(data[:_LENGTH], "big")
    if length > LINE_BYTES or len(data) < _LENGTH + length:
        raise BadAnswer(f"an answer of {len(data)} bytes is not whole")
    try:
        answer = Answer.model_validate_json(data[_LENGTH : _LENGTH + length])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadAnswer(f"an answer is not one: `{where}`: {first['msg']}"[:_TEXT]) from error
    return answer, memoryview(data)[_LENGTH + length :]


def greeted(data: bytes) -> Hello:
    """What a node says of itself. Raises BadAnswer."""
    try:
        return Hello.model_validate_json(data[:LINE_BYTES])
    except ValidationError as error:
        raise BadAnswer("it does not say what it is") from error


def record_for(episode: Episode, answer: Answer) -> EpisodeRecord:
    """The record of an answer, which must be one of this very attempt. Raises BadAnswer."""
    record, manifest = answer.record, episode.bundle.manifest
    if record is None:
        raise BadAnswer("an answer holds no record")
    told = (record.run_id, record.key, record.episode, record.attempt, record.agent, record.index, record.seed,
            record.task, record.template, record.category, record.operations, record.bundle_id)  # fmt: skip
    asked = (episode.run_id, episode.key, episode.id, episode.attempt, episode.harness.name, episode.index, episode.seed,
             manifest.task, manifest.template, manifest.category, manifest.operations, manifest.id)  # fmt: skip
    if told != asked:
        raise BadAnswer("a record is not of the episode that was asked for")
    return record
