"""The calls of an attempt, made from its capture: what was asked, answered and sampled, and which of it may be trained on.

Only what the harness itself has asked, and got, is for training. What something else in the sandbox asks is `side`, and so is what the
harness asks beside its conversation. Where the asker is not proven, a conversation counts as far as one call alone goes on from each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

from clawc.runtime.engine.interface import Object, Sampled, Sampling
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.capture import Happened, read_capture, uncoded
from clawc.runtime.gateway.wire import Asked, BadCall, parse_call

Kind = Literal["train", "side"]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call. `number` counts from 1, `parent` is the call that it goes on from or 0; times are seconds since the attempt began.
    `state` says what became of it, `delivered` whether the whole answer reached who had asked. `wished` are the parameters of the call,
    `effective` those that held."""

    number: int
    id: str = ""
    parent: int = 0
    caller: str = ""
    digest: str = ""
    tools_digest: str = ""
    began: float = 0.0
    ended: float = 0.0
    state: Literal["open", "answered", "failed", "refused", "dropped"] = "open"
    reason: str = ""
    delivered: bool = False
    kind: Kind = "side"
    body: bytes = b""
    wished: Mapping[str, object] = field(default_factory=dict[str, object])
    effective: Mapping[str, object] = field(default_factory=dict[str, object])
    message: Object = field(default_factory=dict[str, object])
    finish: str = ""
    model: str = ""
    usage: Mapping[str, object] | None = None
    sampled: Sampled | None = None
    engine: tuple[tuple[str, str, bytes], ...] = ()

    def asked(self) -> Asked:
        """What the body asks for. Raises RuntimeFault R0965 for a call that was refused."""
        try:
            return parse_call(self.body)
        except BadCall as bad:
            raise RuntimeFault("R0965", f"call {self.number} of a capture asks for nothing: {bad.message}") from bad


def read_calls(path: Path) -> tuple[CallRecord, ...]:
    """The calls of a capture, by number. Raises RuntimeFault R0965 for a file that is none, FileNotFoundError without one."""
    calls: dict[int, CallRecord] = {}
    for number, happened in enumerate(read_capture(path), 1):
        if happened.call > 0:
            before = calls.get(happened.call, CallRecord(happened.call, began=happened.t))
            try:
                calls[happened.call] = _after(before, happened)
            except (KeyError, TypeError, ValueError) as error:
                raise RuntimeFault("R0965", f"`{path}`:{number}: no line of a capture: {error!r}") from error
    return with_kinds([calls[number] for number in sorted(calls)])


def _after(call: CallRecord, happened: Happened) -> CallRecord:
    data = happened.data
    call = replace(call, ended=happened.t)
    if happened.event == "asked":
        return replace(call, body=cast(bytes, data["body"]))
    if happened.event == "placed":
        return replace(
            call, id=_text(data["id"]), parent=_number(data["parent"]), caller=_text(data["caller"]), digest=_text(data["digest"]),
            tools_digest=_text(data["tools"]), wished=_object(data["wished"]), effective=_object(data["effective"]),
        )  # fmt: skip
    if happened.event == "engine":
        return replace(call, engine=(*call.engine, (_text(data["upstream"]), _text(data["what"]), uncoded(data))))
    if happened.event == "answered":
        usage = data["usage"]
        return replace(
            call, state="answered", message=_object(data["message"]), finish=_text(data["finish"]), model=_text(data["model"]),
            usage=None if usage is None else _object(usage), sampled=_sampled(data["sampled"]),
        )  # fmt: skip
    if happened.event == "delivered":
        return replace(call, delivered=True)
    if happened.event in ("failed", "refused"):
        return replace(call, state="failed" if happened.event == "failed" else "refused", reason=_text(data["reason"]))
    if happened.event == "dropped" and call.state == "open":
        return replace(call, state="dropped")
    return call


def with_kinds(calls: Sequence[CallRecord]) -> tuple[CallRecord, ...]:
    """The calls with their kinds."""
    got = [call for call in calls if call.state == "answered" and call.delivered]
    first = next((call for call in calls if call.caller in ("harness", "inside") and call.state != "refused"), None)
    if first is None:
        return tuple(calls)
    train = {call.number for call in got if call.caller == "harness" and call.tools_digest == first.tools_digest}
    train |= _unproven(got, first)
    return tuple(replace(call, kind="train" if call.number in train else "side") for call in calls)


def _unproven(got: Iterable[CallRecord], first: CallRecord) -> set[int]:
    """Of calls whose asker is not proven, the one conversation from the first on, as far as nobody else goes on from it. Where any is
    proven, those that are not are of somebody who hides."""
    if first.caller == "harness":
        return set()
    calls = [call for call in got if call.caller == "inside"]
    heirs = Counter(call.parent for call in calls if call.parent)
    found: set[int] = set()
    for call in calls:
        begins = not found and call.parent == 0 and call.digest == first.digest
        if begins or (call.parent in found and heirs[call.parent] == 1):
            found.add(call.number)
    return found


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError("a text is missing")
    return found


def _number(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool):
        raise TypeError("a number is missing")
    return found


def _object(found: object) -> Mapping[str, object]:
    if not isinstance(found, dict):
        raise TypeError("an object is missing")
    return cast("dict[str, object]", found)


def _sampled(found: object) -> Sampled | None:
    if found is None:
        return None
    data = _object(found)
    prompt, output, logprobs = (
        cast("Sequence[object]", data[name]) for name in ("prompt_ids", "output_ids", "logprobs")
    )
    if len(output) != len(logprobs):
        raise ValueError("not every token has a log probability")
    return Sampled(
        tuple(_number(each) for each in prompt), tuple(_number(each) for each in output), tuple(float(cast(float, each)) for each in logprobs),
        _number(data["version"]), _text(data["tokenizer"]), _text(data["template"]), _text(data["parse_error"]),
        _sampling(data.get("sampling")),
    )  # fmt: skip


def _sampling(found: object) -> Sampling | None:
    if found is None:
        return None
    data = _object(found)
    stop = cast("Sequence[object]", data["stop"])
    return Sampling(
        cast("int | None", data["max_tokens"]), cast("float | None", data["temperature"]), cast("float | None", data["top_p"]),
        cast("int | None", data["top_k"]), cast("int | None", data["seed"]), tuple(_text(each) for each in stop),
    )  # fmt: skip
