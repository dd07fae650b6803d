"""Answers that nobody has earned anything for: nothing, an empty workspace, placeholders, echoes of what was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.content_free import ANSWERS, written
from clawc.compiler.passes.trial import NOTHING_DONE

# What an answer without content may earn.
MOST_FREE = "0.02"
CLAIM = "All done. Every file was written as asked, and everything was checked twice."


class Probe(NamedTuple):
    """`files` are laid over the inputs. `wanted`: "null" earns exactly 0, "free" at most MOST_FREE and passes no check."""

    name: str
    wanted: Literal["null", "free"]
    files: Mapping[str, bytes | None]
    events: list[dict[str, Any]]


def probes_of(task: Task, pristine: Mapping[str, bytes], oracle: Mapping[str, bytes | None]) -> Iterator[Probe]:
    """All probes of a task, whose oracle writes `oracle`."""
    yield Probe("null", "null", {}, NOTHING_DONE)
    yield Probe("empty workspace", "null", dict.fromkeys(pristine), NOTHING_DONE)
    yield Probe("claim", "free", {}, [{"event": "final", "text": CLAIM}])
    answers: tuple[Callable[[Task, DeliverDecl], bytes], ...] = ANSWERS
    seen: list[dict[str, bytes | None]] = []
    for answer in answers:
        files = written(task, answer)
        if files not in seen:
            seen.append(files)
            yield Probe(answer.__name__.replace("_", " "), "free", files, [{"event": "final", "text": task.told}])
    skeleton: dict[str, bytes | None] = {}
    for path, data in oracle.items():
        made = None if data is None else _skeleton(task, path, data)
        if made is not None:
            skeleton[path] = made
    if skeleton:
        yield Probe("headings and first lines alone", "free", skeleton, NOTHING_DONE)


def _skeleton(task: Task, path: str, data: bytes) -> bytes | None:
    """The headings of a document that the request names, with nothing below; the first line of a table."""
    kind = next((d.kind for d in task.delivers if path in d.paths), "")
    if kind in ("csv", "tsv"):
        return data.split(b"\n", 1)[0] + b"\n"
    if kind != "markdown":
        return None
    lines = [line for line in data.decode("utf-8", "replace").split("\n") if line.startswith("#")]
    named = [line for line in lines if line.lstrip("# ").strip().casefold() in task.told.casefold()]
    return ("\n\n".join(named) + "\n").encode() if named else None
