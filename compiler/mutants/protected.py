"""What the checks forbid to change in the workspace: inputs that stay as they were, folders beside which nothing may lie."""

from __future__ import annotations

from typing import Any, NamedTuple

from clawc.compiler.mutants.model import Result
from clawc.spec import core
from clawc.spec.core import Const


class Guard(NamedTuple):
    """Of one check: the inputs that must not change, or the folder outside of which nothing may be created. `whole`: trees of
    files are compared as a whole."""

    check: str
    inputs: list[str]
    folder: str | None = None
    whole: bool = False


def guards(result: Result) -> list[Guard]:
    """The guards of a task, in the order of its checks."""
    inputs = [p for p in result.trial.hashes if not p.endswith("/")]
    edited = {p for d in result.task.delivers if d.edits for p in d.paths}
    found: list[Guard] = []
    for name, expects in result.trial.sealed.items():
        for _, _, node in expects:
            for call in core.walk(node):
                if isinstance(call, core.Call) and call.function in ("unchanged", "only_changed", "only_under"):
                    value = _paths(call)
                    if value is None:
                        continue
                    if call.function == "only_under":
                        found.append(Guard(name, [], str(value[0])))
                    elif call.function == "unchanged":
                        kept = [p for p in inputs if any(p == f or p.startswith(f"{f.rstrip('/')}/") for f in value)]
                        found.append(Guard(name, [p for p in kept if p in result.pristine]))
                    else:
                        free = [p for p in inputs if any(p == f or p.startswith(f"{f.rstrip('/')}/") for f in value)]
                        found.append(
                            Guard(
                                name, [p for p in inputs if p not in free and p not in edited and p in result.pristine]
                            )
                        )
    return [g for g in found if g.inputs or g.folder is not None]


def _paths(call: core.Call) -> list[str] | None:
    node = call.args[1] if len(call.args) > 1 else None
    if not isinstance(node, Const):
        return None
    value: Any = node.value
    return [value] if isinstance(value, str) else [str(v) for v in value] if isinstance(value, list) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
