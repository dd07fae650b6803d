"""Which name stands for what, by the syntax alone: it works while the rest of a file is still wrong.

Columns of rows are no names of this kind; where elaboration has seen that an identifier is a column, it says so by `columns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from clawc.compiler.elaborate.context import Context, TaskState
from clawc.compiler.elaborate.literals import text_pieces
from clawc.compiler.passes.parse import parse_expression
from clawc.compiler.passes.reusable import REUSABLE
from clawc.compiler.service.document import Document, Item
from clawc.compiler.source import Diagnostics, Source
from clawc.spec import ast
from clawc.spec.ast import Span
from clawc.spec.blocks import BY_KIND

NameKind = Literal[
    "let", "def", "parameter", "input", "deliverable", "check", "param", "data", "column", "task", "block", "imported"
]

# Attributes whose words name no value, and those that name checks.
_WORDS = {"category", "operations", "format", "kind", "start", "columns", "keys", "sections", "unique"}
_CHECKS = ("check", "require", "forbid", "rubric", "grader")
_INPUTS = ("file", "tree", "repo", "link")
_MAX_CHAIN = 20
_MAX_DEPTH = 200

Load = Callable[[str, str], Document | None]


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """Something that has a name: `span` is the name, `whole` the item; `node` is its syntax, whose offsets are `shift` less."""

    name: str
    kind: NameKind
    path: str
    span: Span
    whole: Span
    node: ast.Item | None
    shift: int
    scope: Scope


class Reference(NamedTuple):
    """A place where a name is used, and the scope in which it was looked up."""

    path: str
    span: Span
    to: Declaration
    scope: Scope


@dataclass(slots=True, eq=False)
class Scope:
    """The names of one lexical place; checks of a task have names of their own, and so have its parameters."""

    parent: Scope | None = None
    names: dict[str, Declaration] = field(default_factory=dict[str, Declaration])
    checks: dict[str, Declaration] = field(default_factory=dict[str, Declaration])
    params: dict[str, Declaration] = field(default_factory=dict[str, Declaration])

    def find(self, name: str) -> Declaration | None:
        at: Scope | None = self
        while at is not None:
            if name in at.names:
                return at.names[name]
            at = at.parent
        return None

    def find_in(self, table: Literal["checks", "params"], name: str) -> Declaration | None:
        at: Scope | None = self
        while at is not None:
            held = at.checks if table == "checks" else at.params
            if name in held:
                return held[name]
            at = at.parent
        return None

    def visible(self) -> dict[str, Declaration]:
        """All names that can be used here; inner ones hide outer ones."""
        above = self.parent.visible() if self.parent is not None else {}
        return {**above, **self.names}


@dataclass(slots=True)
class Names:
    """All declarations and uses of a file, in its order; `scopes` by the span in which each holds, outermost first."""

    path: str
    file: Scope
    declarations: list[Declaration]
    references: list[Reference]
    scopes: list[tuple[Span, Scope]]

    def declared_at(self, offset: int) -> Declaration | None:
        """What the name at an offset stands for, whether it is declared or used there."""
        for declaration in self.declarations:
            if declaration.span.start <= offset <= declaration.span.end:
                return declaration
        for reference in self.references:
            if reference.span.start <= offset <= reference.span.end:
                return reference.to
        return None

    def scope_at(self, offset: int) -> Scope:
        """The innermost scope around an offset."""
        found = self.file
        for span, scope in self.scopes:
            if span.start <= offset <= span.end:
                found = scope
        return found


def names_of(document: Document, load: Load | None = None, columns: frozenset[Span] = frozenset()) -> Names:
    """The names of a file. `load` gives the module that a file uses, by the path of that file and the source as `use` writes it;
    names out of modules that it does not know are declared by the `use`."""
    return _Walk(document, load or _nothing, columns, ()).names()


def _nothing(_: str, __: str) -> Document | None:
    return None


def _label(block: ast.Block) -> ast.Ident | None:
    label = block.labels[0] if block.labels else None
    return label if isinstance(label, ast.Ident) else None


def _blocks(items: Iterable[ast.Item], *kinds: str) -> Iterator[ast.Block]:
    for item in items:
        if isinstance(item, ast.Block) and item.kind.text in kinds:
            yield item


class _Walk:
    """One pass over a file."""

    def __init__(self, document: Document, load: Load, columns: frozenset[Span], chain: tuple[str, ...]) -> None:
        self._document = document
        self._load = load
        self._columns = columns
        self._chain = (*chain, document.path)
        self._found: list[Declaration] = []
        self._used: list[Reference] = []
        self._scopes: list[tuple[Span, Scope]] = []
        self._shift = 0
        self._source = Source.of(document.path, "")
        self._depth = 0

    def names(self) -> Names:
        top = Scope()
        items = list(self._document.items())
        for item in items:
            self._enter(item)
            self._declare_outermost(top, item.node)
        for item in items:
            self._enter(item)
            self._item(top, item.node, "")
        return Names(self._document.path, top, self._found, self._used, self._scopes)

    def _enter(self, item: Item) -> None:
        self._shift = item.shift
        self._source = self._document.piece_at(item.span(item.node.span).start).parsed.source

    def _at(self, span: Span) -> Span:
        return Span(span.start + self._shift, span.end + self._shift)

    def _declare(
        self, scope: Scope, name: ast.Ident, kind: NameKind, node: ast.Item | None, whole: Span
    ) -> Declaration:
        made = Declaration(
            name.text, kind, self._document.path, self._at(name.span), self._at(whole), node, self._shift, scope
        )
        table = scope.checks if kind == "check" else scope.params if kind == "param" else scope.names
        table.setdefault(name.text, made)
        self._found.append(made)
        return made

    def _use(self, name: ast.Ident, to: Declaration, scope: Scope) -> None:
        self._used.append(Reference(self._document.path, self._at(name.span), to, scope))

    def _declare_outermost(self, top: Scope, node: ast.Item) -> None:
        if isinstance(node, ast.Use):
            self._imported(top, node)
        elif isinstance(node, (ast.Let, ast.Def)):
            self._declare_value(top, node)
        elif isinstance(node, ast.Block) and (name := _label(node)) is not None:
            if node.kind.text in REUSABLE:
                self._declare(top, name, "block", node, node.span)
            elif node.kind.text in ("task", "suite"):  # known by their names, but no values
                self._found.append(
                    Declaration(name.text, "task", self._document.path, self._at(name.span), self._at(node.span), node, self._shift, top)
                )  # fmt: skip

    def _declare_value(self, scope: Scope, node: ast.Let | ast.Def) -> None:
        self._declare(scope, node.name, "let" if isinstance(node, ast.Let) else "def", node, node.span)

    def _imported(self, top: Scope, node: ast.Use) -> None:
        module = self._load(self._document.path, node.source) if len(self._chain) < _MAX_CHAIN else None
        if module is not None and module.path in self._chain:
            module = None
        held = _Walk(module, self._load, frozenset(), self._chain).names().file if module is not None else Scope()
        for name in node.names:
            found = held.names.get(name.text)
            if found is None:
                self._declare(top, name, "imported", node, name.span)
            else:
                top.names.setdefault(name.text, found)
                self._use(name, found, top)

    def _item(self, scope: Scope, node: ast.Item, inside: str) -> None:
        if isinstance(node, ast.Let):
            self._expr(scope, node.value)
        elif isinstance(node, ast.Def):
            inner = self._inner(scope, node.span)
            for name in node.params:
                self._declare(inner, name, "parameter", None, name.span)
            self._expr(inner, node.body)
        elif isinstance(node, ast.Expect):
            self._expr(scope, node.value)
        elif isinstance(node, ast.Labelled):
            self._name(scope, node.name)
            self._expr(scope, node.value)
        elif isinstance(node, ast.Attribute):
            self._attribute(scope, node, inside)
        elif isinstance(node, ast.Block):
            self._block(scope, node)

    def _inner(self, scope: Scope, span: Span) -> Scope:
        inner = Scope(scope)
        self._scopes.append((self._at(span), inner))
        return inner

    def _block(self, scope: Scope, block: ast.Block) -> None:
        kind = block.kind.text
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._depth -= 1
            return
        inner = self._inner(scope, block.span)
        if kind == "task":
            self._declare_task(inner, block)
        elif kind in ("verifier", "rubric", "workspace") and (given := _attribute_of(block, "params")) is not None:
            for name in _idents(given.value):
                self._declare(inner, name, "parameter", None, name.span)
        if kind == "data":
            for item in block.items:
                if isinstance(item, ast.Attribute) and BY_KIND["data"].attribute(item.name.text) is None:
                    self._declare(inner, item.name, "column", item, item.span)
        if kind != "task":
            for item in block.items:
                if isinstance(item, (ast.Let, ast.Def)):
                    self._declare_value(inner, item)
        if kind in ("verify", "verifier"):
            for check in _blocks(block.items, *_CHECKS):
                if (label := _label(check)) is not None and inner.find_in("checks", label.text) is None:
                    self._declare(inner, label, "check", check, check.span)
        for path in block.labels:
            if isinstance(path, ast.Text):
                self._expr(inner, path)
        for item in block.items:
            self._item(inner, item, kind)
        self._depth -= 1

    def _declare_task(self, task: Scope, block: ast.Block) -> None:
        """The names that all parts of a task see."""
        for item in block.items:
            if isinstance(item, (ast.Let, ast.Def)):
                self._declare_value(task, item)
        for workspace in _blocks(block.items, "workspace"):
            self._declare_inputs(task, workspace)
            for other in self._included(task, workspace):
                self._take_inputs(task, other)
        for part in _blocks(block.items, "deliver", "param", "data"):
            kind: dict[str, NameKind] = {"deliver": "deliverable", "param": "param", "data": "data"}
            if (name := _label(part)) is not None:
                self._declare(task, name, kind[part.kind.text], part, part.span)
        for verify in _blocks(block.items, "verify"):
            for check in _blocks(verify.items, *_CHECKS):
                if (name := _label(check)) is not None:
                    self._declare(task, name, "check", check, check.span)

    def _declare_inputs(self, task: Scope, workspace: ast.Block) -> None:
        for part in _blocks(workspace.items, *_INPUTS):
            if (name := _label(part)) is not None:
                self._declare(task, name, "input", part, part.span)

    def _included(self, scope: Scope, block: ast.Block) -> Iterator[Declaration]:
        given = _attribute_of(block, "include")
        for name in _idents(given.value) if given is not None else ():
            found = scope.find(name.text)
            if found is not None and found.kind == "block":
                yield found

    def _take_inputs(self, task: Scope, other: Declaration) -> None:
        """Inputs of a `workspace` with a name, which are declared where that stands."""
        if not isinstance(other.node, ast.Block):
            return
        for part in _blocks(other.node.items, *_INPUTS):
            label = _label(part)
            if label is not None:
                span = Span(label.span.start + other.shift, label.span.end + other.shift)
                whole = Span(part.span.start + other.shift, part.span.end + other.shift)
                made = Declaration(label.text, "input", other.path, span, whole, part, other.shift, task)
                task.names.setdefault(label.text, made)

    def _attribute(self, scope: Scope, node: ast.Attribute, inside: str) -> None:
        row = BY_KIND[inside].attribute(node.name.text) if inside in BY_KIND else None
        name = node.name.text
        if row is None or row.type in ("template", "expression", "number", "bool", "duration", "size"):
            self._expr(scope, node.value)
        elif row.type == "raw":
            if not isinstance(node.value, ast.Text):
                self._expr(scope, node.value)
        elif row.type == "columns" and not isinstance(node.value, ast.ListOf):
            self._expr(scope, node.value)
        elif row.type == "names" and name == "after":
            for each in _idents(node.value):
                found = scope.find_in("checks", each.text)
                if found is not None:
                    self._use(each, found, scope)
        elif row.type == "names" and name not in _WORDS and name != "params":
            for each in _idents(node.value):
                self._name(scope, each)

    def _name(self, scope: Scope, name: ast.Ident) -> None:
        found = scope.find(name.text)
        if found is not None and self._at(name.span) not in self._columns:
            self._use(name, found, scope)

    def _expr(self, scope: Scope, node: ast.Expr) -> None:
        self._depth += 1
        if self._depth <= _MAX_DEPTH:
            self._inside(scope, node)
        self._depth -= 1

    def _inside(self, scope: Scope, node: ast.Expr) -> None:
        if isinstance(node, ast.Ident):
            self._name(scope, node)
        elif isinstance(node, ast.Text):
            for hole in holes(self._source, node):
                self._expr(scope, hole)
        elif isinstance(node, ast.Attr):
            self._attr(scope, node)
        elif isinstance(node, ast.CallOf):
            self._call(scope, node.function, node.args)
        elif isinstance(node, ast.Pipeline):
            self._expr(scope, node.head)
            for stage in node.stages:
                self._call(scope, stage.verb, stage.args)
        else:
            for part in children(node):
                self._expr(scope, part)

    def _attr(self, scope: Scope, node: ast.Attr) -> None:
        of = node.object.text if isinstance(node.object, ast.Ident) else ""
        if of == "path":
            self._name(scope, node.name)
        elif of == "param":
            found = scope.find_in("params", node.name.text)
            if found is not None:
                self._use(node.name, found, scope)
        else:
            self._expr(scope, node.object)
            inner = scope.find(of)
            if inner is not None and inner.kind == "data" and isinstance(inner.node, ast.Block):
                column = _attribute_of(inner.node, node.name.text)
                made = next((d for d in self._found if column is not None and d.node is column), None)
                if made is not None:
                    self._use(node.name, made, scope)

    def _call(self, scope: Scope, function: ast.Ident, args: tuple[ast.Arg, ...]) -> None:
        found = scope.find(function.text)
        if found is not None and found.kind in ("def", "imported", "block"):
            self._use(function, found, scope)
        if function.text == "passed" and len(args) == 1 and isinstance(args[0].value, ast.Ident):
            check = scope.find_in("checks", args[0].value.text)
            if check is not None:
                self._use(args[0].value, check, scope)
            return
        for arg in args:
            self._expr(scope, arg.value)


def children(node: ast.Expr) -> tuple[ast.Expr, ...]:
    """The expressions right inside another one, but for holes of texts."""
    if isinstance(node, ast.ListOf):
        return node.items
    if isinstance(node, ast.RecordOf):
        return tuple(part for e in node.entries for part in ((e.key, e.value) if e.computed else (e.value,)))
    if isinstance(node, ast.CallOf):
        return tuple(arg.value for arg in node.args)
    if isinstance(node, ast.Attr):
        return (node.object,)
    if isinstance(node, ast.Index):
        return (node.object, node.index)
    if isinstance(node, ast.Unary):
        return (node.operand,)
    if isinstance(node, ast.Binary):
        return (node.left, node.right)
    if isinstance(node, ast.Compare):
        return (node.left, node.right) if node.within is None else (node.left, node.right, node.within)
    if isinstance(node, ast.RangeOf):
        return (node.low, node.high)
    if isinstance(node, ast.If):
        return (node.condition, node.then, node.otherwise)
    if isinstance(node, ast.Pipeline):
        return (node.head, *(arg.value for stage in node.stages for arg in stage.args))
    return ()


def holes(source: Source, node: ast.Text) -> list[ast.Expr]:
    """The expressions in the holes of a text."""
    if "{{" not in node.raw:
        return []
    silent = Context(source, Diagnostics(), TaskState())
    found = text_pieces(silent, node, template=True)
    return [parse_expression(source, piece.hole, silent.diagnostics) for piece in found if piece.hole is not None]


def _attribute_of(block: ast.Block, name: str) -> ast.Attribute | None:
    return next((i for i in block.items if isinstance(i, ast.Attribute) and i.name.text == name), None)


def _idents(node: ast.Expr) -> Iterator[ast.Ident]:
    for part in node.items if isinstance(node, ast.ListOf) else (node,):
        if isinstance(part, ast.CallOf):
            yield part.function
        elif isinstance(part, ast.Ident):
            yield part
