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


def probes_of(task: Task, pristine: Mapping[str, bytes]) -> Iterator[Probe]:
    """All probes of a task."""
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
