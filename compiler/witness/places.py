"""Where in a deliverable a condition looks: the file, a section, a path of keys; and what it wants said there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from clawc.spec import core
from clawc.spec.core import Const, Core
from clawc.stdlib.checks.sets import family_key
from clawc.stdlib.checks.values import Range

PARSED = ("json_value", "yaml_value", "toml_value", "ini_sections")


FINAL = "final message"  # not a name, so no deliverable is called so


class Place(NamedTuple):
    """A part of a document: the whole (section ""), or the text under a heading.

    `key` tells which file of a set (its path in the folder) or of a family (the key of its row).
    """

    deliverable: str
    section: str = ""
    key: Any = None
    field: str = ""  # the text behind `Label:`


class Mention(NamedTuple):
    """Something that must be said; `near` words stand in the same sentence; `decimals` fixes the spelling, or `coarsest` is
    how few there may be."""

    values: tuple[Any, ...]
    near: str = ""
    decimals: int | None = None
    coarsest: int | None = None


def is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def mention_of(node: core.Call, what: Any) -> Mention | None:
    extra: dict[str, Any] = {}
    for name, node_ in node.kwargs:
        constant = through(node_)
        if not isinstance(constant, Const):
            return None
        extra[name] = constant.value
    nears: Any = extra.get("near") or ""
    near = str(nears[0]) if isinstance(nears, list) else str(nears)  # pyright: ignore[reportUnknownArgumentType]
    decimals = extra.get("decimals")
    coarsest: int | None = None
    if isinstance(decimals, Range):
        coarsest = int(decimals.low) if is_number(decimals.low) else 0
        decimals = None
    values: tuple[Any, ...] = (what,)
    if isinstance(what, list):
        values = tuple(what)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if node.function == "mentions_any":
        values = values[:1]
    return Mention(values, near, None if decimals is None else int(decimals), coarsest)


def block_mentions(body: Core) -> tuple[Mention, ...] | None:
    """The mentions that one block must hold."""
    if isinstance(body, core.Logic) and body.op == "and":
        parts = [block_mentions(through(o)) for o in body.operands]
        return None if any(p is None for p in parts) else tuple(m for p in parts if p is not None for m in p)
    if not isinstance(body, core.Call) or body.function not in ("mentions", "mentions_all"):
        return None
    if not isinstance(body.args[0], core.Col) or not isinstance(through(body.args[1]), Const):
        return None
    what = through(body.args[1])
    assert isinstance(what, Const)
    mention = mention_of(body, what.value)
    return None if mention is None else (mention,)


def constants_of(made: core.Record) -> dict[str, str] | None:
    """Of `select a, b = c`: the new names and the columns behind them; None if something is computed."""
    found: dict[str, str] = {}
    for key, value in made.entries:
        if not isinstance(key, Const) or not isinstance(value, core.Lambda) or not isinstance(value.body, core.Col):
            return None
        found[str(key.value)] = value.body.name
    return found


def equalities(body: Core) -> dict[str, Any]:
    """Columns and the values that a row expression wants them to have."""
    body = through(body)
    if isinstance(body, core.Logic) and body.op == "and":
        return {k: v for o in body.operands for k, v in equalities(o).items()}
    if not isinstance(body, core.Call) or body.function not in ("equal", "is_in"):
        return {}
    left, right = through(body.args[0]), constant(body.args[1])
    if body.function == "is_in":
        right = (right[0][0],) if right is not None and isinstance(right[0], list) and right[0] else None  # pyright: ignore[reportUnknownVariableType]
    return {left.name: right[0]} if isinstance(left, core.Col) and right is not None else {}


def through(node: Core) -> Core:
    while isinstance(node, core.LetRef):
        node = node.value
    return node


def place_of(node: Core) -> Place | None:
    """The part of a document that a node reads."""
    node = through(node)
    if isinstance(node, core.Call) and node.function == "final_text":
        return Place(FINAL)
    file = file_place(node)
    if file is not None:
        return file
    if isinstance(node, core.Call) and node.function in ("text_of", "normalise", "trim_of"):
        return place_of(node.args[0])
    if isinstance(node, core.Call) and node.function == "field":
        outer, label = place_of(node.args[0]), through(node.args[1])
        if outer is not None and isinstance(label, Const):
            return outer._replace(field=str(label.value))
    if isinstance(node, core.Call) and node.function == "section":
        outer, name = place_of(node.args[0]), through(node.args[1])
        if outer is not None and not outer.section and isinstance(name, Const):
            return outer._replace(section=str(name.value))
    return None


def file_place(node: Core) -> Place | None:
    """The file that a node is: a deliverable, or one file of a set or family."""
    node = through(node)
    if isinstance(node, core.Deliverable):
        return Place(node.name) if node.shape == "file" else None
    if not isinstance(node, core.Call) or node.function not in ("member", "file_at"):
        return None
    of, key = through(node.args[0]), through(node.args[1])
    if not isinstance(of, core.Deliverable):
        return None
    value = constant(key)
    if value is None:
        return None
    return Place(of.name, key=family_key(value[0]) if of.shape == "family" else str(value[0]))


def constant(node: Core) -> tuple[Any] | None:
    """The value of a node that is known, in a tuple; lists of known values too."""
    node = through(node)
    if isinstance(node, Const):
        return (node.value,)
    if isinstance(node, core.Items):
        parts = [constant(item) for item in node.items]
        return None if any(p is None for p in parts) else ([p[0] for p in parts if p is not None],)
    return None


def value_path(node: Core) -> tuple[Place, tuple[str, ...]] | None:
    """File and keys of `json(d).a.b`, or of a table made of it."""
    node = through(node)
    if not isinstance(node, core.Call) or not node.args:
        return None
    inner = through(node.args[0])
    if node.function in PARSED:
        place = file_place(inner)
        return None if place is None else (place, ())
    if node.function in ("table", "record_of"):
        return value_path(inner)
    key = through(node.args[1]) if len(node.args) > 1 else None
    if node.function in ("get", "item", "get_path") and isinstance(key, Const) and isinstance(key.value, (str, int)):
        outer = value_path(inner)
        keys = tuple(str(key.value).split(".")) if node.function == "get_path" else (str(key.value),)
        return None if outer is None else (outer[0], (*outer[1], *keys))
    return None
