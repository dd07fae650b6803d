"""Trajectories of a run as an eval log of Inspect, in JSON: a sample for each, with messages, score and use of models.

What Inspect has no place for stands under `clawc` in the `metadata` of the thing that it is about. Results stand before the samples,
because readers of headers stop there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from math import fsum
from typing import BinaryIO, NamedTuple

from clawc.runtime.trajectory.arguments import arguments_of
from clawc.runtime.trajectory.records import Document, Message, MessageUsage, ToolCall, TrajectoryRecord, given, is_time
from clawc.runtime.trajectory.values import as_json, documents, number_of

VERSION = 2
OURS = "clawc"
_NONE = "none"
_STOPS = {"stop": "stop", "length": "max_tokens", "tool_calls": "tool_calls", "content_filter": "content_filter"}
_RECORD = frozenset({"id", "task", "model", "score", "messages", "usage"})
# A time that Inspect wants and that nobody knows.
_LONG_AGO = "1970-01-01T00:00:00+00:00"


class LogHead(NamedTuple):
    """What a log says of the run as a whole; `created` is a time."""

    run_id: str
    task: str
    agent: str
    created: str = ""
    clawc: str = ""


class Sampled(NamedTuple):
    """Samples that were written; by models what they used."""

    samples: int
    scores: list[float]
    usage: dict[str, MessageUsage]
    started: str
    ended: str


def write_log(head: LogHead, records: Iterable[TrajectoryRecord], file: BinaryIO) -> None:
    """One log. The records are taken once, one at a time."""
    with tempfile.TemporaryFile(prefix="clawc-log-") as samples:
        found = _write_samples(head, records, samples)
        text = as_json(_header(head, found))
        file.write(text[:-1].encode() + b', "samples": [\n')
        samples.seek(0)
        shutil.copyfileobj(samples, file)
        file.write(b"]}\n")


def _write_samples(head: LogHead, records: Iterable[TrajectoryRecord], file: BinaryIO) -> Sampled:
    epochs = Counter[str]()
    scores: list[float] = []
    usage: dict[str, MessageUsage] = {}
    times: list[str] = []
    for number, record in enumerate(records):
        id = record.task or record.id
        epochs[id] += 1
        sample = sample_of(record, id, epochs[id])
        file.write((b",\n" if number else b"") + as_json(sample).encode())
        score = None if record.score is None else number_of(record.score)[0]
        if score is not None:
            scores.append(score)
        if record.usage is not None:
            model = record.model or head.agent or _NONE
            usage[model] = _sum(usage.get(model), record.usage)
        times += [time for time in (record.started, record.ended) if is_time(time)]
    return Sampled(epochs.total(), scores, usage, min(times, default=""), max(times, default=""))


def _header(head: LogHead, found: Sampled) -> Document:
    created = next((time for time in (head.created, found.started) if is_time(time)), _LONG_AGO)
    header: Document = {
        "version": VERSION,
        "status": "success",
        "eval": {
            "eval_id": head.run_id,
            "run_id": head.run_id,
            "task_id": head.run_id,
            "created": created,
            "task": head.task,
            "dataset": {"name": head.task, "samples": found.samples},
            # The one that was asked most; a log has one.
            "model": max(found.usage, key=lambda name: found.usage[name].prompt_tokens, default=head.agent or _NONE),
            "config": {},
            "packages": {"clawc": head.clawc} if head.clawc else {},
            "metadata": {OURS: {"agent": head.agent}},
        },
        "plan": {"name": head.agent or _NONE, "steps": [{"solver": head.agent or _NONE}]},
        "results": {
            "total_samples": found.samples,
            "completed_samples": found.samples,
            "scores": documents(_results(found)),
        },
        "stats": {
            "started_at": found.started,
            "completed_at": found.ended,
            "model_usage": {model: _usage(used) for model, used in found.usage.items()},
        },
    }
    return header


def _results(found: Sampled) -> list[Document]:
    if not found.scores:
        return []
    mean = fsum(found.scores) / len(found.scores)
    return [
        {
            "name": OURS,
            "scorer": OURS,
            "scored_samples": len(found.scores),
            "unscored_samples": found.samples - len(found.scores),
            "metrics": {"mean": {"name": "mean", "value": mean}},
        }
    ]


def sample_of(record: TrajectoryRecord, id: str, epoch: int) -> Document:
    """The sample of one trajectory; `id` and `epoch` name it in its log."""
    messages = [_message(message, f"{number + 1}") for number, message in enumerate(record.messages)]
    placed = set(_RECORD)
    first = next((message.content for message in record.messages if message.role == "user"), "")
    sample: Document = {"id": id, "epoch": epoch, "input": first, "target": "", "messages": documents(messages)}
    last = next((n for n, message in reversed(list(enumerate(record.messages))) if message.role == "assistant"), None)
    if last is not None:
        stop = _STOPS.get(record.messages[last].finish, "unknown")
        sample["output"] = {"model": record.model, "choices": [{"message": messages[last], "stop_reason": stop}]}
    if record.score is not None:
        score, _ = number_of(record.score)
        if score is None:
            placed.discard("score")
        else:
            sample["scores"] = {OURS: {"value": score, "metadata": {OURS: {"score": record.score}}}}
    if record.usage is not None:
        sample["model_usage"] = {record.model or record.agent or _NONE: _usage(record.usage)}
        if record.usage.cost is not None and not number_of(record.usage.cost)[1]:
            placed.discard("usage")
    for ours, theirs in (("started", "started_at"), ("ended", "completed_at")):
        time = record.started if ours == "started" else record.ended
        if is_time(time):
            sample[theirs] = time
            placed.add(ours)
    sample["uuid"] = record.id
    sample["metadata"] = {OURS: given(record, frozenset(placed))}
    return sample


def _message(message: Message, id: str) -> Document:
    placed = {"role", "content"}
    found: Document = {"id": id, "role": message.role, "content": message.content}
    if message.role == "assistant":
        placed |= {"reasoning", "tool_calls", "model"}
        found["source"] = "generate"
        if message.reasoning:
            found["content"] = [
                {"type": "reasoning", "reasoning": message.reasoning},
                {"type": "text", "text": message.content},
            ]
        if message.tool_calls:
            found["tool_calls"] = documents([_call(call) for call in message.tool_calls])
        if message.model:
            found["model"] = message.model
    elif message.role == "tool":
        placed |= {"tool_call_id", "name", "failed"}
        found["tool_call_id"] = message.tool_call_id
        if message.name:
            found["function"] = message.name
        if message.failed:
            found["error"] = {"type": "unknown", "message": message.content}
    rest = given(message, frozenset(placed))
    if message.role == "assistant":
        texts: Document = {
            str(number): call.arguments
            for number, call in enumerate(message.tool_calls)
            if not arguments_of(call.arguments).exact
        }
        if texts:
            rest["arguments"] = texts
    if rest:
        found["metadata"] = {OURS: rest}
    return found


def _call(call: ToolCall) -> Document:
    arguments = arguments_of(call.arguments)
    found: Document = {"id": call.id, "function": call.name, "arguments": arguments.values, "type": "function"}
    if not arguments.sound:
        found["parse_error"] = "the arguments are no JSON object"
    return found


def _usage(used: MessageUsage) -> Document:
    """Inspect's input is without what came from the cache."""
    found: Document = {
        "input_tokens": max(0, used.prompt_tokens - used.cached_tokens),
        "output_tokens": used.completion_tokens,
        "total_tokens": used.prompt_tokens + used.completion_tokens,
        "input_tokens_cache_read": used.cached_tokens,
    }
    if used.cost is not None and (cost := number_of(used.cost)[0]) is not None:
        found["total_cost"] = cost
    return found


def _sum(before: MessageUsage | None, used: MessageUsage) -> MessageUsage:
    if before is None:
        return used
    costs = [cost for one in (before, used) if one.cost is not None and (cost := number_of(one.cost)[0]) is not None]
    return MessageUsage(
        prompt_tokens=before.prompt_tokens + used.prompt_tokens,
        completion_tokens=before.completion_tokens + used.completion_tokens,
        cached_tokens=before.cached_tokens + used.cached_tokens,
        cost=repr(fsum(costs)) if costs else None,
    )
