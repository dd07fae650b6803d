"""Attributes as values: each reader gives the value, or a default after a diagnostic."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from clawc.compiler.elaborate.context import Context, is_error, is_unsound, nearest, nearest_fix, plain_name
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.elaborate.literals import plain_text, text_pieces
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate
from clawc.compiler.passes.parse import parse_expression
from clawc.compiler.source import Diagnostics, Fix
from clawc.spec import ast
from clawc.spec.core import Core
from clawc.spec.types import DURATION, NUMBER, SIZE, TEXT, phrase


def attribute(block: ast.Block, name: str) -> ast.Attribute | None:
    """The first attribute of this name."""
    return next((i for i in block.items if isinstance(i, ast.Attribute) and i.name.text == name), None)


def static(cx: Context, node: Core) -> Any:
    """The value of a node that must be known at compile time; None after a diagnostic."""
    if cx.unsound(node):
        return None
    if node.dynamic:
        cx.error("E0502", node.span, "this must be known at compile time, but it reads what the agent leaves")
        return None
    try:
        return evaluate(node, cx.task)
    except EvaluationFault as fault:
        if fault.message:
            cx.error("E0501", fault.span, fault.message)
        return None


def text(cx: Context, block: ast.Block, name: str, default: str = "") -> str:
    """A text without holes."""
    found = attribute(block, name)
    if found is None:
        return default
    value = plain_text(cx, found.value, f"`{name}`")
    return default if value is None else value


def template(cx: Context, node: ast.Expr, what: str) -> str | None:
    """A text with holes, filled in."""
    core = expression(cx, node)
    if cx.unsound(core):
        return None
    if core.type is not TEXT:
        cx.error("E0203", node.span, f"{what} must be a text, not {phrase(core.type)}")
        return None
    value = static(cx, core)
    return value if isinstance(value, str) else None


UNKNOWN = "\ufffc"  # stands for a hole whose expression is mistaken


def partly_filled(cx: Context, node: ast.Expr) -> str:
    """A text with holes of which some are mistaken, which was reported: UNKNOWN stands for what these would give."""
    if not isinstance(node, ast.Text):
        return UNKNOWN
    parts: list[str] = []
    cx = Context(cx.source, Diagnostics(), cx.task, cx)
    for piece in text_pieces(cx, node, template=True):
        if piece.hole is None:
            parts.append(piece.text)
            continue
        core = expression(cx, parse_expression(cx.source, piece.hole, cx.diagnostics))
        value = static(cx, core) if core.type is TEXT and not is_unsound(core) else None
        parts.append(value if isinstance(value, str) else UNKNOWN)
    return "".join(parts)


def number(cx: Context, block: ast.Block, name: str, default: Decimal, *, low: int = 0, high: int = 10**6) -> Decimal:
    """A number between two bounds, both included."""
    found = attribute(block, name)
    if found is None:
        return default
    core = expression(cx, found.value)
    if is_error(core):
        return default
    if core.type is not NUMBER:
        plain, help = _as_number(cx.source.slice(found.value.span))
        cx.error("E0203", found.value.span, f"`{name}` must be a number, not {phrase(core.type)}", help,
                 Fix(found.value.span, plain, f"write `{plain}`") if plain else None)  # fmt: skip
        return default
    value = static(cx, core)
    if value is None:
        return default
    if not low <= value <= high:
        cx.error("E0203", found.value.span, f"`{name}` must be between {low} and {high}")
        return default
    return Decimal(value)


_DIGITS = r"[0-9]+(?:\.[0-9]+)?"


def _as_number(shown: str) -> tuple[str, str]:
    """A number that is written as a text, a percentage or with a unit, as a number, and help; "" where it is none."""
    quoted = re.fullmatch(rf'"({_DIGITS})"', shown)
    if quoted is not None:
        return quoted.group(1), f"write `{quoted.group(1)}` without quotes"
    share = re.fullmatch(rf"({_DIGITS})%", shown)
    if share is not None:
        plain = format((Decimal(share.group(1)) / 100).normalize(), "f")
        return plain, f"write `{plain}`"
    return "", ""


def flag(cx: Context, block: ast.Block, name: str) -> bool:
    found = attribute(block, name)
    if found is None or isinstance(found.value, ast.Broken):
        return False
    if isinstance(found.value, ast.Literal) and found.value.kind in ("TRUE", "FALSE"):
        return found.value.kind == "TRUE"
    said = cx.source.slice(found.value.span).strip('"').casefold()
    meant = {
        "true": "true",
        "yes": "true",
        "on": "true",
        "1": "true",
        "false": "false",
        "no": "false",
        "off": "false",
        "0": "false",
    }.get(said)
    cx.error("E0203", found.value.span, f"`{name}` must be `true` or `false`", "",
             Fix(found.value.span, meant, f"write `{meant}`") if meant else None)  # fmt: skip
    return False


def duration(cx: Context, block: ast.Block, name: str, default: float) -> float:
    """Seconds."""
    found = attribute(block, name)
    if found is None:
        return default
    core = expression(cx, found.value)
    value = static(cx, core) if core.type is DURATION else None
    if isinstance(value, timedelta) and value > timedelta(0):
        return value.total_seconds()
    if not is_error(core):
        cx.error("E0203", found.value.span, f"`{name}` must be a duration such as `90s` or `10min`")
    return default


def size(cx: Context, block: ast.Block, name: str, default: int) -> int:
    """Bytes."""
    found = attribute(block, name)
    if found is None:
        return default
    core = expression(cx, found.value)
    value = static(cx, core) if core.type is SIZE else None
    if isinstance(value, int) and value > 0:
        return value
    if not is_error(core):
        cx.error("E0203", found.value.span, f"`{name}` must be a size such as `64MiB`")
    return default


def idents(cx: Context, node: ast.Expr, what: str) -> list[ast.Ident]:
    """`[a, b]`, or `a` alone: names without quotes."""
    if isinstance(node, ast.Ident):
        return [node]
    if isinstance(node, ast.ListOf) and all(isinstance(i, ast.Ident) for i in node.items):
        return [i for i in node.items if isinstance(i, ast.Ident)]
    if not isinstance(node, ast.Broken):
        cx.error("E0203", node.span, f"`{what}` takes names: `{what} = [a, b]`")
    return []


def texts(cx: Context, block: ast.Block, name: str) -> tuple[str, ...] | None:
    """A list of texts; names without quotes stand for themselves where they are bound to nothing."""
    found = attribute(block, name)
    if found is None:
        return None
    node = found.value
    if isinstance(node, ast.ListOf):
        parts: list[str] = []
        for item in node.items:
            if isinstance(item, ast.Ident):
                parts.append(item.text)
                continue
            value = template(cx, item, f"an element of `{name}`")
            if value is not None:
                parts.append(value)
        twice = next((p for p in parts if parts.count(p) > 1), None)
        if twice is not None:
            again = [i for i in node.items if cx.source.slice(i.span).strip('"') == twice]
            fix = None
            if len(again) == 2:
                before = node.items[node.items.index(again[1]) - 1]
                fix = Fix(ast.Span(before.span.end, again[1].span.end), "", "remove the second")
            cx.error("E0303", again[-1].span if again else node.span, f"`{twice}` stands twice in `{name}`", "", fix)
        return tuple(dict.fromkeys(parts))
    if isinstance(node, ast.RecordOf):
        named = [e.key.text if isinstance(e.key, ast.Ident) else plain_name(e.key) for e in node.entries]
        listed = f"[{', '.join(named)}]" if named and all(named) else ""
        cx.error("E0203", node.span, f"`{name}` is a list of names", f"write `{name} = {listed}`" if listed else "",
                 Fix(node.span, listed, "the names alone") if listed else None)  # fmt: skip
        return tuple(dict.fromkeys(named)) if listed else None
    value = static(cx, expression(cx, node))
    if isinstance(value, list) and all(isinstance(v, str) for v in value):  # pyright: ignore[reportUnknownVariableType]
        return tuple(str(v) for v in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if value is not None:
        cx.error("E0203", node.span, f"`{name}` must be a list of names")
    return None


def dotted(cx: Context, node: ast.Expr, allowed: list[str], what: str) -> str:
    """`area.kind` out of the taxonomy."""
    if isinstance(node, ast.Broken):
        return ""
    if isinstance(node, ast.Attr) and isinstance(node.object, ast.Ident):
        name = f"{node.object.text}.{node.name.text}"
        if name in allowed:
            return name
        cx.error("E0211", node.span, f"unknown {what} `{name}`{nearest(name, allowed)}",
                 "`clawc explain E0211` lists them", nearest_fix(name, allowed, node.span))  # fmt: skip
        return ""
    plain = cx.source.slice(node.span).strip('"')
    fix = nearest_fix(plain, allowed, node.span)
    cx.error("E0203", node.span, f"{what} is written as `area.kind`, for example `{allowed[0]}`",
             f"write `{fix.replacement}` without quotes" if fix is not None else "", fix)  # fmt: skip
    return ""
