"""Literals: numbers with units, dates, regexes, and texts with their escapes, indents and holes."""

from __future__ import annotations

import importlib
import re
import warnings
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from clawc.compiler.elaborate.context import Context, broken
from clawc.compiler.source import Fix
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const
from clawc.spec.types import ANY, BOOL, DATE, DATETIME, DURATION, NULL, NUMBER, PERCENT, REGEX, SIZE
from clawc.stdlib.checks.compare import Percent

UNIT_SECONDS: dict[str, Decimal | int] = {"ms": Decimal("0.001"), "s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800}
UNIT_BYTES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
MAX_NUMBER = 60  # digits of a literal

_NUMBER = re.compile(r"([0-9]+)(\.[0-9]+)?(.*)\Z")


def is_stand_in(cx: Context, node: ast.Literal | ast.Text) -> bool:
    """Stands the literal for one that could not be read? It is not what the source says."""
    return node.raw in ('""', "null") and cx.source.slice(node.span) != node.raw


def literal(cx: Context, node: ast.Literal) -> Const:
    """The value of a literal that is no text."""
    if is_stand_in(cx, node):
        return core.mistaken(Const(None, ANY, node.span), ANY, node.span)
    if node.kind in ("TRUE", "FALSE"):
        return Const(node.kind == "TRUE", BOOL, node.span)
    if node.kind == "NULL":
        return Const(None, NULL, node.span)
    if node.kind == "DATE":
        return _date(cx, node)
    if node.kind == "REGEX":
        return _regex(cx, node)
    return _number(cx, node)


def _number(cx: Context, node: ast.Literal) -> Const:
    match = _NUMBER.match(node.raw)
    if match is None or len(match.group(1)) > MAX_NUMBER:
        return cx.error("E0410", node.span, f"a number has at most {MAX_NUMBER} digits")
    whole, fraction, unit = match.groups()
    value = Decimal(whole + fraction) if fraction else int(whole)
    if unit == "":
        return Const(value, NUMBER, node.span)
    if unit == "%":
        return Const(Percent(value), PERCENT, node.span)
    if unit in UNIT_BYTES:
        return Const(int(value * UNIT_BYTES[unit]), SIZE, node.span)
    microseconds = int(value * UNIT_SECONDS[unit] * 1_000_000)
    if microseconds > 10**16:
        return cx.error("E0410", node.span, "a duration is at most 300 years")
    return Const(timedelta(microseconds=microseconds), DURATION, node.span)


def _date(cx: Context, node: ast.Literal) -> Const:
    text = node.raw[1:]
    try:
        if "T" not in text:
            return Const(date.fromisoformat(text), DATE, node.span)
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is not None and moment.utcoffset() == timedelta(0):
            moment = moment.replace(tzinfo=UTC)
        return Const(moment, DATETIME, node.span)
    except ValueError:
        return cx.error("E0105", node.span, f"`{node.raw}` is not a date in the calendar")


def _regex(cx: Context, node: ast.Literal) -> Const:
    pattern = node.raw[3:-1].replace('\\"', '"')
    problem = regex_problem(pattern)
    if problem:
        return cx.error("E0409", node.span, f"this regex cannot be used: {problem}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about notation that may change its meaning one day
        return Const(re.compile(pattern), REGEX, node.span)


def regex_problem(pattern: str) -> str:
    """Why a pattern is refused, or "". A repeat inside a repeat may take exponential time."""
    if len(pattern) > 1000:
        return "it is longer than 1,000 characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    parser: Any = importlib.import_module("re._parser")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = parser.parse(pattern)
    if _nested_repeat(tree, False):
        return "a repeat inside a repeat can take forever; write it without nesting"
    return ""


def _nested_repeat(tree: Any, inside: bool) -> bool:
    for op, argument in tree:
        name = str(op)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, body = argument
            many = int(high) > 20 and low != high
            if (many and inside) or _nested_repeat(body, inside or many):
                return True
        elif name == "SUBPATTERN":
            if _nested_repeat(argument[-1], inside):
                return True
        elif name == "BRANCH":
            if any(_nested_repeat(branch, inside) for branch in argument[1]):
                return True
        elif name in ("ASSERT", "ASSERT_NOT"):
            if _nested_repeat(argument[1], inside):
                return True
    return False


class Piece(NamedTuple):
    """A stretch of a text: fixed characters, or a hole with the span of its expression."""

    text: str
    hole: Span | None


_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "r": "\r", "{": "{", "}": "}"}


def raw_text(node: ast.Text) -> str:
    """A text literal without quotes and indentation; a backslash in it is a backslash."""
    quote = 3 if node.triple else 1
    body = node.raw[quote:-quote].replace("\r\n", "\n")
    return "".join(piece.text for piece in _dedent([Piece(body, None)])) if node.triple else body


def text_pieces(cx: Context, node: ast.Text, *, template: bool) -> list[Piece]:
    """A text literal without quotes, indentation and escapes, cut at its holes when it is a template."""
    quote = 3 if node.triple else 1
    body = node.raw[quote:-quote].replace("\r\n", "\n") if node.triple else node.raw[1:-1]
    offset = node.span.start + quote
    cuts: list[tuple[int, int]] = []
    if template:
        cuts = _holes(cx, node, node.raw[quote:-quote], offset)
        body = node.raw[quote:-quote]
    if "\\" in node.raw:
        _unknown_escapes(cx, node, node.raw[quote:-quote], cuts, offset)
    pieces: list[Piece] = []
    at = 0
    for start, end in cuts:
        pieces.append(Piece(body[at:start], None))
        pieces.append(Piece("", Span(offset + start + 2, offset + end - 2)))
        at = end
    pieces.append(Piece(body[at:], None))
    if node.triple:
        pieces = _dedent([Piece(p.text.replace("\r\n", "\n"), p.hole) for p in pieces])
    return [Piece(_unescape(p.text, template), p.hole) for p in pieces]


def _holes(cx: Context, node: ast.Text, body: str, offset: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = 0
    while (start := body.find("{{", at)) >= 0:
        if body.startswith("{{{{", start):
            at = start + 4
            continue
        end, following = body.find("}}", start), body.find("{{", start + 2)
        if end < 0 or 0 <= following < end:
            cx.error("E0109", Span(offset + start, offset + start + 2), "this `{{` is never closed",
                     "close the hole with `}}`, or write `{{{{` for two braces")  # fmt: skip
            at = start + 2
            continue
        found.append((start, end + 2))
        at = end + 2
    return found


def _dedent(pieces: list[Piece]) -> list[Piece]:
    """Drops the first line end, the last indent, and the indentation that all lines share."""
    mark = "\0"
    whole = mark.join(p.text for p in pieces if p.hole is None)
    if whole.startswith("\n"):
        whole = whole[1:]
    lines = whole.split("\n")
    closing = lines[-1] if len(lines) > 1 and not lines[-1].strip() else None
    body = lines[:-1] if closing is not None else lines
    indents = [len(line) - len(line.lstrip(" \t")) for line in body if line.strip()]
    if closing is not None:
        indents.append(len(closing)) if not indents else None
    cut = min(indents, default=0)
    text = "\n".join(line[cut:] if line.strip() else "" for line in body)
    if closing is not None:
        text += "\n"
    texts = text.split(mark)
    holes = [p for p in pieces if p.hole is not None]
    result: list[Piece] = [Piece(texts[0], None)]
    for hole, part in zip(holes, texts[1:]):
        result += [hole, Piece(part, None)]
    return result


def _unescape(text: str, template: bool) -> str:
    if template:
        text = text.replace("{{{{", "{{")
    if "\\" not in text:
        return text
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char != "\\":
            out.append(char)
            at += 1
            continue
        following = text[at + 1 : at + 2]
        unicode = re.compile(r"u([0-9a-fA-F]{4})").match(text, at + 1)
        if unicode and not 0xD800 <= int(unicode.group(1), 16) <= 0xDFFF:
            out.append(chr(int(unicode.group(1), 16)))
            at += 6
        elif following in _ESCAPES and following:
            out.append(_ESCAPES[following])
            at += 2
        else:
            out.append(following)  # `_unknown_escapes` has said so
            at += 2
    return "".join(out)


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.|\Z)", re.S)


def _unknown_escapes(cx: Context, node: ast.Text, body: str, cuts: list[tuple[int, int]], offset: int) -> None:
    """Reports what follows a backslash and means nothing, where it stands; holes have texts of their own."""
    for escape in _ESCAPE.finditer(body):
        said = escape.group(1)
        unicode = len(said) == 5 and not 0xD800 <= int(said[1:], 16) <= 0xDFFF
        if unicode or said in _ESCAPES or any(start <= escape.start() < end for start, end in cuts):
            continue
        where = Span(offset + escape.start(), offset + escape.end())
        cx.error("E0110", where, f"unknown escape `\\{said}`",
                 'escapes are \\n, \\t, \\r, \\", \\\\ and \\uXXXX; write `\\\\` for a backslash',
                 Fix(where, f"\\\\{said}", "write a backslash"))  # fmt: skip


def plain_text(cx: Context, node: ast.Expr, what: str) -> str | None:
    """The characters of a text literal that is no template."""
    if isinstance(node, ast.Broken):
        return None
    if not isinstance(node, ast.Text):
        broken(node.span)
        cx.error("E0203", node.span, f"{what} must be a text in quotes")
        return None
    return "".join(p.text for p in text_pieces(cx, node, template=False))
