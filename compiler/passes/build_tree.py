"""What each production of the grammar becomes in the syntax tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from clawc.compiler.passes.lex import Token
from clawc.spec import ast
from clawc.spec.ast import Span


class Flat:
    """Children that belong to the node above: repetitions, separators, and the pieces of a rule."""

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[Any]) -> None:
        self.parts = list(parts)

    def tokens(self, kind: str) -> list[Token]:
        return [p for p in self.parts if isinstance(p, Token) and p.kind == kind]

    @property
    def nodes(self) -> list[Any]:
        return [p for p in self.parts if not isinstance(p, Token)]


def _flatten(parts: list[Any], children: list[Any]) -> list[Any]:
    """Adds children to parts, without the line ends and commas, which say nothing to the tree."""
    for child in children:
        if type(child) is Flat:
            parts.extend(child.parts)
        elif type(child) is not Token or child.kind not in ("_NL", "_COMMA"):
            parts.append(child)
    return parts


def _span(parts: list[Any]) -> Span:
    first, last = parts[0], parts[-1]
    start = first.start if isinstance(first, Token) else first.span.start
    end = last.end if isinstance(last, Token) else last.span.end
    return Span(start, end)


def _ident(token: Token) -> ast.Ident:
    text = token.text[1:-1] if token.kind == "QUOTED" else token.text
    return ast.Ident(text, token.span)


def _nodes(parts: list[Any]) -> list[Any]:
    return [p for p in parts if not isinstance(p, Token)]


def _names(parts: list[Any]) -> list[Token]:
    return [p for p in parts if isinstance(p, Token) and p.kind == "NAME"]


def _let(parts: list[Any]) -> ast.Let:
    return ast.Let(_ident(parts[1]), parts[-1], _span(parts))


def _def(parts: list[Any]) -> ast.Def:
    names = _names(parts)
    return ast.Def(_ident(names[0]), tuple(_ident(n) for n in names[1:]), parts[-1], _span(parts))


def _source(parts: list[Any]) -> ast.Ident:
    return ast.Ident("".join(p.text for p in parts), _span(parts))


def _use(parts: list[Any]) -> ast.Use:
    source = _nodes(parts)[0]
    names = tuple(_ident(n) for n in _names(parts))
    return ast.Use(source.text, source.span, names, _span(parts))


def _expect(parts: list[Any]) -> ast.Expect:
    return ast.Expect(parts[-1], _span(parts))


def _attribute(parts: list[Any]) -> ast.Attribute:
    return ast.Attribute(_ident(parts[0]), parts[-1], _span(parts))


def _labelled(parts: list[Any]) -> ast.Labelled:
    return ast.Labelled(_ident(parts[0]), _ident(parts[1]), parts[-1], _span(parts))


def _label(parts: list[Any]) -> ast.Ident | ast.Text:
    token = parts[0]
    return _ident(token) if token.kind == "NAME" else ast.Text(token.text, token.span)


class _Body:
    """The items between braces, before their block is known."""

    __slots__ = ("items", "span")

    def __init__(self, items: tuple[ast.Item, ...], span: Span) -> None:
        self.items = items
        self.span = span


def _body(parts: list[Any]) -> _Body:
    return _Body(tuple(_nodes(parts)), _span(parts))


def _block(parts: list[Any]) -> ast.Block:
    body = parts[-1] if isinstance(parts[-1], _Body) else None
    labels = tuple(p for p in parts[1:] if isinstance(p, (ast.Ident, ast.Text)))
    return ast.Block(_ident(parts[0]), labels, body.items if body else (), body is not None, "", _span(parts))


def _pipeline(parts: list[Any]) -> ast.Pipeline:
    nodes = _nodes(parts)
    return ast.Pipeline(nodes[0], tuple(nodes[1:]), _span(parts))


def _key(parts: list[Any]) -> ast.Key:
    left, right = _ident(parts[0]), _ident(parts[-1])
    return ast.Key(left, right, _span(parts))


class _On:
    __slots__ = ("keys", "span")

    def __init__(self, keys: tuple[ast.Key, ...], span: Span) -> None:
        self.keys = keys
        self.span = span


def _on(parts: list[Any]) -> _On:
    return _On(tuple(_nodes(parts)), _span(parts))


def _stage(parts: list[Any]) -> ast.Stage:
    on = next((p for p in parts if isinstance(p, _On)), None)
    args = tuple(p for p in parts if isinstance(p, ast.Arg))
    return ast.Stage(_ident(parts[0]), args, on.keys if on else (), _span(parts))


def _if(parts: list[Any]) -> ast.If:
    condition, then, otherwise = _nodes(parts)
    return ast.If(condition, then, otherwise, _span(parts))


def _binary(parts: list[Any]) -> ast.Binary:
    op = parts[1]
    return ast.Binary(op.text, parts[0], parts[-1], op.span, _span(parts))


def _unary(parts: list[Any]) -> ast.Unary:
    return ast.Unary(parts[0].text, parts[1], _span(parts))


class _Within:
    __slots__ = ("span", "value")

    def __init__(self, value: ast.Expr, span: Span) -> None:
        self.value = value
        self.span = span


class _Op:
    __slots__ = ("span", "text")

    def __init__(self, text: str, span: Span) -> None:
        self.text = text
        self.span = span


def _comparison(parts: list[Any]) -> ast.Expr:
    within = parts[-1] if isinstance(parts[-1], _Within) else None
    op = next((p for p in parts if isinstance(p, _Op)), None)
    operands = [p for p in _nodes(parts) if not isinstance(p, (_Within, _Op))]
    if op is None:
        # `a within b` compares nothing; the type pass says so.
        tolerance = within.value if within else None
        return ast.Compare("within", operands[0], operands[0], tolerance, _span(parts), _span(parts))
    return ast.Compare(op.text, operands[0], operands[1], within.value if within else None, op.span, _span(parts))


def _span_range(parts: list[Any]) -> ast.RangeOf:
    return ast.RangeOf(parts[0], parts[-1], _span(parts))


def _attr(parts: list[Any]) -> ast.Attr:
    return ast.Attr(parts[0], _ident(parts[2]), _span(parts))


def _index(parts: list[Any]) -> ast.Index:
    nodes = _nodes(parts)
    return ast.Index(nodes[0], nodes[1], _span(parts))


def _group(parts: list[Any]) -> ast.Expr:
    node: ast.Expr = _nodes(parts)[0]
    return replace(node, span=_span(parts))  # the parentheses belong to what they enclose


def _literal(parts: list[Any]) -> ast.Expr:
    token = parts[0]
    if token.kind in ("STRING", "TRIPLE"):
        return ast.Text(token.text, token.span)
    return ast.Literal(token.kind, token.text, token.span)


def _name(parts: list[Any]) -> ast.Ident:
    return _ident(parts[0])


def _list(parts: list[Any]) -> ast.ListOf:
    return ast.ListOf(tuple(_nodes(parts)), _span(parts))


def _record(parts: list[Any]) -> ast.RecordOf:
    return ast.RecordOf(tuple(_nodes(parts)), _span(parts))


def _entry(parts: list[Any]) -> ast.Entry:
    first = parts[0]
    if first.kind == "LSQB":
        key, value = _nodes(parts)
        return ast.Entry(key, True, value, _span(parts))
    key = ast.Text(first.text, first.span) if first.kind == "STRING" else _ident(first)
    return ast.Entry(key, False, parts[-1], _span(parts))


def _call(parts: list[Any]) -> ast.CallOf:
    return ast.CallOf(_ident(parts[0]), tuple(p for p in parts if isinstance(p, ast.Arg)), _span(parts))


def _last_pipe(parts: list[Any]) -> ast.Arg:
    return ast.Arg(None, parts[0], parts[0].span)


def _arg(parts: list[Any]) -> ast.Arg:
    name = _ident(parts[0]) if len(parts) > 1 else None
    return ast.Arg(name, parts[-1], _span(parts))


BUILDERS: dict[str, Callable[[list[Any]], Any]] = {
    "let_item": _let,
    "def_item": _def,
    "use_item": _use,
    "source": _source,
    "expect_item": _expect,
    "attribute": _attribute,
    "labelled": _labelled,
    "block": _block,
    "label": _label,
    "body": _body,
    "pipeline": _pipeline,
    "stage": _stage,
    "on_clause": _on,
    "key": _key,
    "if_else": _if,
    "binary": _binary,
    "prefix": _unary,
    "comparison": _comparison,
    "within_clause": lambda parts: _Within(parts[-1], _span(parts)),
    "cmp_op": lambda parts: _Op(" ".join(p.text for p in parts), _span(parts)),
    "span_range": _span_range,
    "attr": _attr,
    "index": _index,
    "group": _group,
    "literal": _literal,
    "name": _name,
    "list": _list,
    "record": _record,
    "entry": _entry,
    "call": _call,
    "last_pipe": _last_pipe,
    "arg": _arg,
}


def passes_on(build: str, origin: str) -> bool:
    """Does the rule keep its only child as it is, when that is a node?"""
    return build not in BUILDERS and not origin.startswith("_")


def build_node(build: str, origin: str, children: list[Any]) -> Any:
    """The value of a reduced production; rules that only pass one child through keep that child.

    A repetition grows in place: the `Flat` that stands first in `children` is the one that is returned.
    """
    builder = BUILDERS.get(build)
    if builder is not None:
        return builder(_flatten([], children))
    grown = children[0] if children and type(children[0]) is Flat else None
    parts = _flatten([], children) if grown is None else _flatten(grown.parts, children[1:])
    if len(parts) == 1 and not origin.startswith("_") and not isinstance(parts[0], Token):
        return parts[0]
    return Flat(parts) if grown is None else grown
