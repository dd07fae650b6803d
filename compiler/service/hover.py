"""What an editor shows of the thing under the pointer: its type, its value where that is known, and what the language says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clawc.compiler.elaborate.context import DeliverableBinding, InputBinding, LetBinding, TreeBinding
from clawc.compiler.passes.lex import KEYWORDS, lex
from clawc.compiler.service.document import Document, Item
from clawc.compiler.service.names import Declaration, Names, children, holes
from clawc.compiler.service.observed import Observed, known_value
from clawc.compiler.service.shown import cut, fenced, type_text, value_text
from clawc.spec import ast
from clawc.spec.ast import Span
from clawc.spec.blocks import BY_KIND
from clawc.spec.core import Const
from clawc.spec.functions import BY_NAME, PROVIDED
from clawc.spec.types import ANY, ERROR, TableType

SAID = {
    "path": "`path.NAME`: the path of an input or deliverable", "param": "`param.NAME`: the value that this instance has",
    "workspace": "all files that the agent leaves", "transcript": "what the agent did: `calls`, `commands`, `final`, `messages`",
    "final_message": "the last message of the agent", "solution": "the state that the oracle leaves",
    "inputs": "the state before the agent begins", "expect": "must hold for the check to pass",
    "let": "a name for a value", "def": "a function of this file", "use": "names out of another file, or of `std`",
    "within": "a tolerance: `0.01`, `5%`, `2min`", "on": "the columns that rows are joined by",
}  # fmt: skip


class Hover(NamedTuple):
    """Markdown, and the span that it speaks of."""

    span: Span
    text: str


def hover(document: Document, offset: int, names: Names, seen: Observed | None) -> Hover | None:
    """What can be said of the place; None where nothing can."""
    found = next((i for i in document.items() if _holds(i.whole, offset)), None)
    if found is None:
        return None
    said = _of_item(found, offset, "")
    if said is not None:
        return said
    return (
        _of_name(document, offset, names, seen)
        or _of_call(found, offset, seen)
        or _of_word(document, offset)
        or _of_value(document, offset, seen)
    )


def _holds(span: Span, offset: int) -> bool:
    return span.start <= offset <= span.end


def _of_item(item: Item, offset: int, inside: str) -> Hover | None:
    """Words of the language: kinds of blocks, attributes, statements."""
    node = item.node
    if isinstance(node, ast.Block):
        row = BY_KIND.get(node.kind.text)
        if _holds(item.span(node.kind.span), offset) and row is not None:
            labels = " ".join(
                {"name": "NAME", "path": '"PATH"', "title": '"TITLE"', "code": '"""…"""'}[w] for w in row.labels
            )
            held = sorted(row.attributes or {}) + sorted(row.children)
            listed = f"\n\nHolds: {', '.join(f'`{h}`' for h in held)}" if held else ""
            return Hover(
                item.span(node.kind.span), fenced(f"{row.kind} {labels}".strip(), "claw") + f"\n{row.doc}{listed}"
            )
        for inner in item.items():
            if _holds(inner.whole, offset):
                return _of_item(inner, offset, node.kind.text)
        return None
    if isinstance(node, ast.Attribute) and _holds(item.span(node.name.span), offset):
        kind = BY_KIND.get(inside)
        attribute = kind.attribute(node.name.text) if kind is not None else None
        if attribute is not None:
            needed = ", required" if attribute.required else ""
            return Hover(
                item.span(node.name.span),
                fenced(f"{inside}.{node.name.text}: {attribute.type}{needed}", "claw") + f"\n{attribute.doc}",
            )
    if isinstance(node, ast.Labelled) and _holds(item.span(node.verb.span), offset):
        return Hover(
            item.span(node.verb.span), f"`{cut(node.verb.text, 40)}` changes a file of the solution, mutant or test"
        )
    return None


def _of_name(document: Document, offset: int, names: Names, seen: Observed | None) -> Hover | None:
    reference = next((r for r in names.references if _holds(r.span, offset)), None)
    declared = next((d for d in names.declarations if _holds(d.span, offset)), None)
    to = reference.to if reference is not None else declared
    if to is None:
        return None
    span = reference.span if reference is not None else to.span
    if seen is not None and span in seen.columns:
        return None
    parts = [fenced(_head(to), "claw")]
    if seen is not None:
        parts += _held(span, to, seen)
    doc = to.node.doc if isinstance(to.node, ast.Block) else ""
    if doc:
        parts.append(fenced(doc[:1000]))
    if to.path != document.path:
        parts.append(f"of `{cut(to.path.rsplit('/', 1)[-1].replace('`', ''), 80)}`")
    return Hover(span, "\n".join(parts))


def _head(to: Declaration) -> str:
    if to.kind == "def" and isinstance(to.node, ast.Def):
        return f"def {to.name}({', '.join(p.text for p in to.node.params)})"
    if isinstance(to.node, ast.Block):
        labels = [cut(label.raw) if isinstance(label, ast.Text) else label.text for label in to.node.labels]
        return " ".join([to.node.kind.text, *labels])
    row = PROVIDED.get(to.name) if to.kind == "imported" else None
    return row.signature if row is not None else f"{to.kind} {to.name}"


def _held(span: Span, to: Declaration, seen: Observed) -> Iterator[str]:
    """Type and value of what a name stands for."""
    binding = seen.names.get(to.name)
    before = len("param.") if to.kind == "param" else 0
    held = seen.typed.get(Span(span.start - before, span.end))
    if held is None and isinstance(binding, LetBinding) and binding.value is not None and to.kind == "let":
        held = (binding.home, binding.value)
    if isinstance(binding, DeliverableBinding) and to.kind == "deliverable":
        columns = f"({', '.join(binding.columns)})" if binding.columns else ""
        yield fenced(f"{binding.kind}{columns}  {binding.path}")
    elif isinstance(binding, InputBinding) and to.kind == "input":
        size = f", {len(binding.file.data)} bytes" if binding.file.data is not None else ""
        yield fenced(f"{binding.file.kind}{size}  {binding.file.path}")
    elif isinstance(binding, TreeBinding) and to.kind == "input":
        yield fenced(value_text(binding.files))
    elif held is not None and held[1].type not in (ERROR, ANY):
        yield fenced(type_text(held[1].type), "claw")
        known, value = known_value(*held)
        if known:
            yield "is sealed as\n" + fenced(value_text(value))


def _of_call(item: Item, offset: int, seen: Observed | None) -> Hover | None:
    """A function or verb, with its signature; a verb also with the rows that it is given."""
    for inner in item.items():
        if _holds(inner.whole, offset) and (said := _of_call(inner, offset, seen)) is not None:
            return said
    at = offset - item.shift
    for node in _expressions(item.node):
        for part in _around(node, at):
            if isinstance(part, ast.Text):
                for hole in holes(item.source, part):
                    for inside in _around(hole, at):
                        if (said := _called(inside, at, item, seen)) is not None:
                            return said
            elif (said := _called(part, at, item, seen)) is not None:
                return said
    return None


def _called(node: ast.Expr, at: int, item: Item, seen: Observed | None) -> Hover | None:
    called = [node.function] if isinstance(node, ast.CallOf) else []
    if isinstance(node, ast.Pipeline):
        called = [stage.verb for stage in node.stages]
    for name in called:
        row = BY_NAME.get(name.text) or PROVIDED.get(name.text)
        if _holds(name.span, at) and row is not None:
            span = item.span(name.span)
            given = seen.stages.get(span) if seen is not None else None
            rows = f"\n\nof\n{fenced(type_text(given), 'claw')}" if isinstance(given, TableType) else ""
            return Hover(span, fenced(row.row.replace(" -> ?", ""), "claw") + f"\n{row.doc}{rows}")
    return None


def _of_value(document: Document, offset: int, seen: Observed | None) -> Hover | None:
    found = seen.at(offset) if seen is not None else None
    if found is None:
        return None
    span, cx, value = found
    if value.type in (ERROR, ANY):
        return None
    text = fenced(type_text(value.type), "claw")
    if span in (seen.columns if seen is not None else ()):
        return Hover(span, "column\n" + text)
    literal = isinstance(value, Const) and not document.text[span.start].isalpha()  # it says its value itself
    known, held = (False, None) if literal else known_value(cx, value)
    return Hover(span, text + ("\nis sealed as\n" + fenced(value_text(held)) if known else ""))


def _of_word(document: Document, offset: int) -> Hover | None:
    """A word of the language itself, outside of texts and comments."""
    piece = document.piece_at(offset)
    for token in lex(piece.text).tokens:
        span = Span(token.start + piece.start, token.end + piece.start)
        if _holds(span, offset) and token.text in SAID and (token.kind == "NAME" or token.text in KEYWORDS):
            return Hover(span, SAID[token.text])
    return None


def _expressions(node: ast.Item) -> Iterator[ast.Expr]:
    """The outermost expressions of an item, without those of items in it."""
    if isinstance(node, ast.Block):
        yield from (label for label in node.labels if isinstance(label, ast.Text))
    elif isinstance(node, ast.Def):
        yield node.body
    elif isinstance(node, (ast.Let, ast.Expect, ast.Attribute, ast.Labelled)):
        yield node.value


def _around(node: ast.Expr, at: int) -> Iterator[ast.Expr]:
    """The expressions that hold an offset, outermost first."""
    while _holds(node.span, at):
        yield node
        inner = next((part for part in children(node) if _holds(part.span, at)), None)
        if inner is None:
            return
        node = inner
