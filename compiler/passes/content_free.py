"""Answers without content: placeholders and echoes of the request. What they earn of a partial check is its floor."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.trial import Trial, uses_run


def placeholder(task: Task, deliver: DeliverDecl) -> bytes:
    """The least content that has the declared form."""
    columns = list(deliver.columns or ["col"])
    if deliver.kind in ("csv", "tsv"):
        comma = "," if deliver.kind == "csv" else "\t"
        return (comma.join(columns) + "\n" + comma.join("x" for _ in columns) + "\n").encode()
    if deliver.kind == "json":
        keys = ", ".join(f'"{k}": null' for k in deliver.keys or columns)
        return (f"[{{{keys}}}]" if deliver.columns else f"{{{keys}}}").encode()
    return "".join(f"## {s}\n\n- TODO\n\n" for s in deliver.sections or ["Notes"]).encode()


def echo(task: Task, deliver: DeliverDecl) -> bytes:
    """The request and all inputs, or the first input of the same format."""
    same = [i.data for i in task.inputs if i.file.kind == deliver.kind]
    if deliver.kind in ("csv", "tsv", "json", "jsonl") and same:
        return same[0]
    return task.told.encode() + b"\n\n" + b"\n\n".join(i.data for i in task.inputs)


def half_echo(task: Task, deliver: DeliverDecl) -> bytes:
    """The first half of the echo."""
    data = echo(task, deliver)
    return data[: len(data) // 2]


def sectioned_echo(task: Task, deliver: DeliverDecl) -> bytes:
    """The request under every heading that is asked for."""
    body = task.told.encode()
    return b"".join(b"## " + s.encode() + b"\n\n" + body + b"\n\n" for s in deliver.sections or ["Notes"])


ANSWERS: tuple[Callable[[Task, DeliverDecl], bytes], ...] = (placeholder, echo, half_echo, sectioned_echo)


def written(task: Task, answer: Callable[[Task, DeliverDecl], bytes]) -> dict[str, bytes | None]:
    """The answer in every deliverable whose path is known."""
    return {path: answer(task, d) for d in task.delivers if d.shape != "set" for path in d.paths}


def _with_gates(task: Task, names: list[str]) -> set[str]:
    """The checks, and all that they wait for."""
    gates = {c.name: c.after for c in task.checks}
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(gates.get(name, ()))
    return found


def set_floors(task: Task, trial: Trial) -> None:
    """Credit of a partial check begins above what the best of these answers earns of it."""
    if task.imported:
        return
    partial = [c for c in task.checks if c.partial and not any(uses_run(e.core) for e in c.expects)]
    if not partial:
        return
    needed = _with_gates(task, [c.name for c in partial])
    best: dict[str, Decimal] = {}
    for answer in ANSWERS:
        for check in trial.judge(written(task, answer), only=needed)["checks"]:
            best[check["name"]] = max(best.get(check["name"], Decimal(0)), Decimal(check["credit"]))
    for check in partial:
        floor = best[check.name]
        if floor >= 1:
            task.context.error("E0608", check.span, f"`{check.name}` is earned whole by an answer without content",
                               "ask for a fact that stands neither in the request nor in the inputs")  # fmt: skip
        elif floor > 0:
            task.floors[check.name] = floor
