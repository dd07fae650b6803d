"""Keys that a check reads of a deliverable against the record that another check expects it to be."""

from __future__ import annotations

from clawc.compiler.elaborate.context import nearest, nearest_fix
from clawc.compiler.model import Task
from clawc.compiler.passes.lints.facts import facts_of, home, text_of, through
from clawc.spec import core
from clawc.spec.core import Core
from clawc.spec.types import RecordType

READERS = ("json_value", "yaml_value", "toml_value")

Place = tuple[str, tuple[str, ...]]


def expected_keys(task: Task) -> None:
    """Reports keys that are not in the expected record, at any depth."""
    if not any(d.kind in ("json", "yaml", "toml") for d in task.delivers):
        return
    facts = facts_of(task)
    expected: dict[Place, tuple[str, RecordType]] = {}
    for fact in facts:
        for call in fact.calls:
            if call.function == "equal":
                for left, right in (call.args[:2], call.args[1::-1]):
                    place, type = _place(left), through(right).type
                    if place is not None and not right.dynamic and isinstance(type, RecordType) and not type.open:
                        _note(expected, place, fact.check.name, type)
    for fact in facts if expected else ():
        for call in fact.calls:
            base = _place(call.args[0]) if call.function == "get" else None
            key = text_of(call.args[1]) if base is not None else None
            if base is None or key is None or base not in expected:
                continue
            check, type = expected[base]
            keys = [name for name, _ in type.fields]
            if key not in keys:
                where = call.args[1].span
                task.context.diagnostics.add(
                    "E0405", home(task, fact.check), where,
                    f"key `{key}` is not in the value that `{check}` expects{nearest(key, keys)}", "keys: " + ", ".join(keys[:12]),
                    nearest_fix(key, keys, where),
                )  # fmt: skip


def _note(expected: dict[Place, tuple[str, RecordType]], place: Place, check: str, type: RecordType) -> None:
    """Keeps a record and the records in it."""
    expected.setdefault(place, (check, type))
    for name, inner in type.fields:
        if isinstance(inner, RecordType) and not inner.open:
            _note(expected, (place[0], (*place[1], name)), check, inner)


def _place(node: Core) -> Place | None:
    """The deliverable, and the keys that lead to a part of its value."""
    node = through(node)
    if not isinstance(node, core.Call) or not node.args:
        return None
    if node.function in READERS:
        file = through(node.args[0])
        return (file.name, ()) if isinstance(file, core.Deliverable) else None
    key = text_of(node.args[1]) if node.function == "get" else None
    base = _place(node.args[0]) if key is not None else None
    return None if base is None or key is None else (base[0], (*base[1], key))
