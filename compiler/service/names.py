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
_WORDS = {"category", "operations", "format", "kind", "start", "columns", "keys", "sections", "unique", "params"}
_CHECKS = ("check", "require", "forbid", "rubric", "grader")
_INPUTS = ("file", "tree", "repo", "link")
_MAX_CHAIN = 20
_MAX_DEPTH = 200

Load = Callable[[str, str], Document | None]


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """Something that has a name: `span` is the name; `item` is None for parameters of a `def`."""

    name: str
    kind: NameKind
    path: str
    span: Span
    item: Item | None
    scope: Scope

    @property
    def node(self) -> ast.Item | None:
        """Its syntax, where it has some."""
        return self.item.node if self.item is not None else None


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


def _label(block: ast.Item) -> ast.Ident | None:
    label = block.labels[0] if isinstance(block, ast.Block) and block.labels else None
    return label if isinstance(label, ast.Ident) else None


def _blocks(items: Iterable[Item], *kinds: str) -> Iterator[Item]:
    for item in items:
        if isinstance(item.node, ast.Block) and item.node.kind.text in kinds:
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
        self._depth = 0

    def names(self) -> Names:
        top = Scope()
        items = list(self._document.items())
        for item in items:
            self._declare_outermost(top, item)
        for item in items:
            self._item(top, item, "")
        return Names(self._document.path, top, self._found, self._used, self._scopes)

    def _declare(
        self, scope: Scope, name: ast.Ident, kind: NameKind, item: Item, *, alone: bool = False
    ) -> Declaration:
        """`alone`: the name is all there is of it."""
        made = Declaration(name.text, kind, self._document.path, item.span(name.span), None if alone else item, scope)
        table = scope.checks if kind == "check" else scope.params if kind == "param" else scope.names
        table.setdefault(name.text, made)
        self._found.append(made)
        return made

    def _use(self, name: ast.Ident, item: Item, to: Declaration, scope: Scope) -> None:
        self._used.append(Reference(self._document.path, item.span(name.span), to, scope))

    def _declare_outermost(self, top: Scope, item: Item) -> None:
        node = item.node
        if isinstance(node, ast.Use):
            self._imported(top, item, node)
        elif isinstance(node, (ast.Let, ast.Def)):
            self._declare_value(top, item)
        elif isinstance(node, ast.Block) and (name := _label(node)) is not None:
            if node.kind.text in REUSABLE:
                self._declare(top, name, "block", item)
            elif node.kind.text in ("task", "suite"):  # known by their names, but no values
                self._found.append(Declaration(name.text, "task", self._document.path, item.span(name.span), item, top))

    def _declare_value(self, scope: Scope, item: Item) -> None:
        if isinstance(item.node, (ast.Let, ast.Def)):
            self._declare(scope, item.node.name, "let" if isinstance(item.node, ast.Let) else "def", item)

    def _imported(self, top: Scope, item: Item, node: ast.Use) -> None:
        module = self._load(self._document.path, node.source) if len(self._chain) < _MAX_CHAIN else None
        if module is not None and module.path in self._chain:
            module = None
        held = _Walk(module, self._load, frozenset(), self._chain).names().file if module is not None else Scope()
        for name in node.names:
            found = held.names.get(name.text)
            if found is None:
                self._declare(top, name, "imported", item)
            else:
                top.names.setdefault(name.text, found)
                self._use(name, item, found, top)

    def _item(self, scope: Scope, item: Item, inside: str) -> None:
        node = item.node
        if isinstance(node, ast.Def):
            inner = self._inner(scope, item)
            for name in node.params:
                self._declare(inner, name, "parameter", item, alone=True)
            self._expr(inner, item, node.body)
        elif isinstance(node, (ast.Let, ast.Expect)):
            self._expr(scope, item, node.value)
        elif isinstance(node, ast.Labelled):
            self._name(scope, item, node.name)
            self._expr(scope, item, node.value)
        elif isinstance(node, ast.Attribute):
            self._attribute(scope, item, node, inside)
        elif isinstance(node, ast.Block):
            self._block(scope, item, node)

    def _inner(self, scope: Scope, item: Item) -> Scope:
        inner = Scope(scope)
        self._scopes.append((item.whole, inner))
        return inner

    def _block(self, scope: Scope, item: Item, block: ast.Block) -> None:
        if self._depth >= _MAX_DEPTH:
            return
        self._depth += 1
        kind, items = block.kind.text, item.items()
        inner = self._inner(scope, item)
        if kind == "task":
            self._declare_task(inner, items)
        else:
            self._declare_in_block(inner, kind, items)
        for path in block.labels:
            if isinstance(path, ast.Text):
                self._expr(inner, item, path)
        for part in items:
            self._item(inner, part, kind)
        self._depth -= 1

    def _declare_in_block(self, inner: Scope, kind: str, items: tuple[Item, ...]) -> None:
        """The names that a block has for itself."""
        given = _attribute_of(items, "params") if kind in ("verifier", "rubric", "workspace") else None
        if given is not None and isinstance(given.node, ast.Attribute):
            for name in _idents(given.node.value):
                self._declare(inner, name, "parameter", given, alone=True)
        for item in items:
            if isinstance(item.node, (ast.Let, ast.Def)):
                self._declare_value(inner, item)
            elif kind == "data" and isinstance(item.node, ast.Attribute):
                if BY_KIND["data"].attribute(item.node.name.text) is None:
                    self._declare(inner, item.node.name, "column", item)
        if kind in ("verify", "verifier"):
            for check in _blocks(items, *_CHECKS):
                if (label := _label(check.node)) is not None and inner.find_in("checks", label.text) is None:
                    self._declare(inner, label, "check", check)

    def _declare_task(self, task: Scope, items: tuple[Item, ...]) -> None:
        """The names that all parts of a task see."""
        for item in items:
            self._declare_value(task, item)
        for workspace in _blocks(items, "workspace"):
            for part in _blocks(workspace.items(), *_INPUTS):
                if (name := _label(part.node)) is not None:
                    self._declare(task, name, "input", part)
            for other in self._included(task, workspace):
                self._take_inputs(task, other)
        kinds: dict[str, NameKind] = {"deliver": "deliverable", "param": "param", "data": "data"}
        for part in _blocks(items, *kinds):
            if isinstance(part.node, ast.Block) and (name := _label(part.node)) is not None:
                self._declare(task, name, kinds[part.node.kind.text], part)
        for verify in _blocks(items, "verify"):
            for check in _blocks(verify.items(), *_CHECKS):
                if (name := _label(check.node)) is not None:
                    self._declare(task, name, "check", check)

    def _included(self, scope: Scope, block: Item) -> Iterator[Declaration]:
        given = _attribute_of(block.items(), "include")
        if given is None or not isinstance(given.node, ast.Attribute):
            return
        for name in _idents(given.node.value):
            found = scope.find(name.text)
            if found is not None and found.kind == "block":
                yield found

    def _take_inputs(self, task: Scope, other: Declaration) -> None:
        """Inputs of a `workspace` with a name, which are declared where that stands."""
        for part in _blocks(other.item.items() if other.item is not None else (), *_INPUTS):
            label = _label(part.node)
            if label is not None:
                made = Declaration(label.text, "input", other.path, part.span(label.span), part, task)
                task.names.setdefault(label.text, made)

    def _attribute(self, scope: Scope, item: Item, node: ast.Attribute, inside: str) -> None:
        row = BY_KIND[inside].attribute(node.name.text) if inside in BY_KIND else None
        name = node.name.text
        if row is None or row.type in ("template", "expression", "number", "bool", "duration", "size"):
            self._expr(scope, item, node.value)
        elif row.type == "raw":
            if not isinstance(node.value, ast.Text):
                self._expr(scope, item, node.value)
        elif row.type == "columns" and not isinstance(node.value, ast.ListOf):
            self._expr(scope, item, node.value)
        elif row.type == "names" and name == "after":
            for each in _idents(node.value):
                found = scope.find_in("checks", each.text)
                if found is not None:
                    self._use(each, item, found, scope)
        elif row.type == "names" and name not in _WORDS:
            for each in _idents(node.value):
                self._name(scope, item, each)

    def _name(self, scope: Scope, item: Item, name: ast.Ident) -> None:
        found = scope.find(name.text)
        if found is not None and item.span(name.span) not in self._columns:
            self._use(name, item, found, scope)

    def _expr(self, scope: Scope, item: Item, node: ast.Expr) -> None:
        self._depth += 1
        if self._depth <= _MAX_DEPTH:
            self._inside(scope, item, node)
        self._depth -= 1

    def _inside(self, scope: Scope, item: Item, node: ast.Expr) -> None:
        if isinstance(node, ast.Ident):
            self._name(scope, item, node)
        elif isinstance(node, ast.Text):
            for hole in holes(item.source, node):
                self._expr(scope, item, hole)
        elif isinstance(node, ast.Attr):
            self._attr(scope, item, node)
        elif isinstance(node, ast.CallOf):
            self._call(scope, item, node.function, node.args)
        elif isinstance(node, ast.Pipeline):
            self._expr(scope, item, node.head)
            for stage in node.stages:
                self._call(scope, item, stage.verb, stage.args)
        else:
            for part in children(node):
                self._expr(scope, item, part)

    def _attr(self, scope: Scope, item: Item, node: ast.Attr) -> None:
        of = node.object.text if isinstance(node.object, ast.Ident) else ""
        if of == "path":
            self._name(scope, item, node.name)
        elif of == "param":
            found = scope.find_in("params", node.name.text)
            if found is not None:
                self._use(node.name, item, found, scope)
        else:
            self._expr(scope, item, node.object)
            data = scope.find(of)
            columns = data.item.items() if data is not None and data.kind == "data" and data.item is not None else ()
            column = _attribute_of(columns, node.name.text)
            made = next((d for d in self._found if column is not None and d.node is column.node), None)
            if made is not None:
                self._use(node.name, item, made, scope)

    def _call(self, scope: Scope, item: Item, function: ast.Ident, args: tuple[ast.Arg, ...]) -> None:
        found = scope.find(function.text)
        if found is not None and found.kind in ("def", "imported", "block"):
            self._use(function, item, found, scope)
        if function.text == "passed" and len(args) == 1 and isinstance(args[0].value, ast.Ident):
            check = scope.find_in("checks", args[0].value.text)
            if check is not None:
                self._use(args[0].value, item, check, scope)
            return
        for arg in args:
            self._expr(scope, item, arg.value)


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


def _attribute_of(items: Iterable[Item], name: str) -> Item | None:
    return next((i for i in items if isinstance(i.node, ast.Attribute) and i.node.name.text == name), None)


def _idents(node: ast.Expr) -> Iterator[ast.Ident]:
    for part in node.items if isinstance(node, ast.ListOf) else (node,):
        if isinstance(part, ast.CallOf):
            yield part.function
        elif isinstance(part, ast.Ident):
            yield part
