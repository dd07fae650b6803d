"""Differences of what a task consists of: fields, lines of texts, checks with what they expect, rubrics. All bounded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeVar

from pydantic import BaseModel, JsonValue

from clawc.runtime.web.differences import differences
from clawc.spec import ir
from clawc.spec.bundle import Strict

_LINES = 200  # of one difference of texts
_VALUES = 5  # of one check
_VALUE_LINES = 40
_WIDTH = 300

Kind = Literal["added", "removed", "changed"]
T = TypeVar("T")


class Field(Strict):
    """A value that differs, as text; `lines` are the lines that differ, with ` `, `+`, `-` or `@` before them."""

    name: str
    before: str = ""
    after: str = ""
    lines: tuple[str, ...] = ()


class Part(Strict):
    """A file, check, rubric, deliverable that differs, and by what."""

    name: str
    kind: Kind
    fields: tuple[Field, ...] = ()


def field(name: str, before: object, after: object) -> Field:
    """A value that differs; long ones are cut."""
    return Field(name=name, before=_said(before), after=_said(after))


def fields_of(before: BaseModel, after: BaseModel) -> list[Field]:
    """The fields of two models that differ."""
    old, new = (model.model_dump(mode="json") for model in (before, after))
    return [field(name, old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)]


def parts_of(old: Mapping[str, T], new: Mapping[str, T], fields: Callable[[T, T], Sequence[Field]]) -> Iterator[Part]:
    """What was added, removed and changed, the latter by its fields; what has no field that differs is the same."""
    for name in dict.fromkeys((*old, *new)):
        if name not in old or name not in new:
            yield Part(name=name, kind="added" if name in new else "removed")
        elif found := tuple(fields(old[name], new[name])):
            yield Part(name=name, kind="changed", fields=found)


def lines_between(old: Sequence[str] | None, new: Sequence[str] | None) -> tuple[str, ...]:
    """The lines of two texts that differ, with some around them; None for what is no text."""
    if old is None or new is None:
        return ("@ no text, or too large to be compared",)
    signs = {"added": "+", "removed": "-", "hunk": "", "": " "}
    found: list[str] = []
    for kind, text in differences(old, new):
        if len(found) == _LINES:
            found.append("@ … and more")
            break
        found.append(signs[kind] + text)
    return tuple(found)


def check_fields(before: ir.CheckIR, after: ir.CheckIR) -> list[Field]:
    """What of a check differs: how it counts, what it asks, and what it expects. Where it stands in the source does not count."""
    found = [
        field(name, getattr(before, name), getattr(after, name))
        for name in ("kind", "weight", "partial", "after", "because")
        if getattr(before, name) != getattr(after, name)
    ]
    old, new = ([expect.source for expect in check.expects] for check in (before, after))
    if old != new:
        found.append(Field(name="query", lines=lines_between(_split(old), _split(new))))
    a, b = (list(_constants(check)) for check in (before, after))
    values = [pair for pair in zip(a, b) if pair[0] != pair[1]]
    if len(a) == len(b):
        found += [_value(*pair) for pair in values[:_VALUES]]
        if len(values) > _VALUES:
            found.append(Field(name="expected", before=f"{len(values) - _VALUES} more values differ"))
    conditions = ([expect.condition for expect in check.expects] for check in (before, after))
    if not found and next(conditions) != next(conditions):
        found.append(Field(name="query", before="computed otherwise"))
    return found


def rubric_fields(before: ir.RubricIR, after: ir.RubricIR) -> list[Field]:
    """What of a rubric differs, criterion by criterion."""
    found = [
        field(name, getattr(before, name), getattr(after, name))
        for name in ("weight", "reads", "after")
        if getattr(before, name) != getattr(after, name)
    ]
    old, new = ({c.name: f"{c.points}: {c.text}" for c in rubric.criteria} for rubric in (before, after))
    return found + [
        field(f"criterion {name}", old.get(name, ""), new.get(name, ""))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]


def _constants(check: ir.CheckIR) -> Iterator[tuple[str, JsonValue]]:
    """The sealed values of a check in their order, with the names that they have."""
    waiting: list[tuple[ir.Node, str]] = [(expect.condition, "") for expect in reversed(check.expects)]
    while waiting:
        node, name = waiting.pop()
        inner: list[tuple[ir.Node, str]] = []
        if isinstance(node, ir.ConstNode):
            yield node.name or name, node.value
        elif isinstance(node, ir.LetNode):
            inner = [(node.value, node.name)]
        elif isinstance(node, ir.CallNode):
            inner = [(each, name) for each in (*node.args, *node.kwargs.values())]
        elif isinstance(node, ir.LambdaNode):
            inner = [(node.body, name)]
        elif isinstance(node, ir.ListNode):
            inner = [(each, name) for each in node.items]
        elif isinstance(node, ir.RecordNode):
            inner = [(each, name) for entry in node.entries for each in entry]
        elif isinstance(node, ir.LogicNode):
            inner = [(each, name) for each in node.operands]
        waiting += reversed(inner)


def _value(before: tuple[str, JsonValue], after: tuple[str, JsonValue]) -> Field:
    name = f"expected {after[0]}" if after[0] else "expected"
    old, new = (_plain(each[1]) for each in (before, after))
    if isinstance(old, str) and isinstance(new, str) and "\n" not in old + new:
        return Field(name=name, before=_cut(old), after=_cut(new))
    rows = (each if isinstance(each, list) else each.split("\n") for each in (old, new))
    return Field(name=name, lines=lines_between(next(rows)[:3000], next(rows)[:3000])[:_VALUE_LINES])


def _plain(value: JsonValue) -> str | list[str]:
    """A tagged value as a person reads it; a table by its rows."""
    if isinstance(value, dict) and len(value) == 1:
        ((tag, inner),) = value.items()
        if tag == "$table" and isinstance(inner, dict):
            rows = [inner.get("columns"), *_items(inner.get("rows")), *_items(inner.get("spare"))]
            return [", ".join(_text(cell) for cell in _items(row)) for row in rows]
    return _text(value)


def _items(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    if isinstance(value, dict) and len(value) == 1:
        ((tag, inner),) = value.items()
        if tag.startswith("$") and isinstance(inner, str):
            return inner
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _split(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in text.split("\n")]


def _said(value: object) -> str:
    if value is None:
        return ""
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
