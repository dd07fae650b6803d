"""Answers that nobody has earned anything for: nothing, an empty workspace, placeholders, echoes of what was given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.content_free import ANSWERS, echo, written
from clawc.compiler.passes.trial import NOTHING_DONE
from clawc.compiler.writers import WRITERS, spelled
from clawc.stdlib.checks.values import Table, Unmet

# What an answer without content may earn.
MOST_FREE = "0.02"
_WORDS = 20_000
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
    answers: tuple[Callable[[Task, DeliverDecl], bytes], ...] = (*ANSWERS, well_formed, reordered_echo, stuffing)
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


def well_formed(task: Task, deliver: DeliverDecl) -> bytes:
    """The least content of the format, with the declared columns, keys or headings and nothing that was worked out."""
    columns = list(deliver.columns or ["col"])
    filled: Any = dict.fromkeys(deliver.keys or ("key",), "x")
    if deliver.columns is not None or deliver.kind in ("csv", "tsv", "jsonl", "xlsx"):
        filled = Table(columns, [["x"] * len(columns)])
    elif deliver.kind == "sqlite":
        filled = {"t": Table(columns, [["x"] * len(columns)])}
    fixed = {
        "html": b"<!DOCTYPE html>\n<p>TODO</p>\n", "xml": b"<root/>\n", "email": b"Subject: TODO\n\nTODO\n",
        "ics": b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//\r\nEND:VCALENDAR\r\n",
    }  # fmt: skip
    if deliver.kind in fixed:
        return fixed[deliver.kind]
    if deliver.kind in WRITERS and deliver.kind not in ("markdown", "zip"):
        try:
            return spelled(deliver.kind, filled) or b""
        except Unmet:
            return b""
    return "".join(f"# {s}\n\nTODO\n\n" for s in deliver.sections or ["TODO"]).encode()


def reordered_echo(task: Task, deliver: DeliverDecl) -> bytes:
    """The lines of the echo from the last to the first; of a table, its rows."""
    lines = echo(task, deliver).splitlines(keepends=True)
    if deliver.kind in ("csv", "tsv"):
        return b"".join([*lines[:1], *(line.rstrip(b"\r\n") + b"\n" for line in reversed(lines[1:]))])
    return b"".join(line.rstrip(b"\r\n") + b"\n" for line in reversed(lines))


def stuffing(task: Task, deliver: DeliverDecl) -> bytes:
    """Every word and number of the request and the inputs, once, in one line."""
    words = dict.fromkeys(re.findall(r"[\w.-]+", echo(task, deliver).decode("utf-8", "replace") + " " + task.told))
    return " ".join(list(words)[:_WORDS]).encode() + b"\n"


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
