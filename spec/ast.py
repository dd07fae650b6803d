"""The syntax tree. Every node carries its span as offsets into the source text; nothing here is checked yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Union


class Span(NamedTuple):
    """Half-open range of offsets into the text of one file."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Ident:
    """A name as written, without back quotes."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal as written, quotes included; holes `{{ }}` are read later, where templates are allowed."""

    raw: str
    span: Span

    @property
    def triple(self) -> bool:
        return self.raw.startswith('"""')


@dataclass(frozen=True, slots=True)
class Literal:
    """A number (with its unit), date, regex, `true`, `false` or `null`, as written."""

    kind: str
    raw: str
    span: Span


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """`key: value` of a record; a key is a name, a text or, in brackets, an expression."""

    key: Ident | Text | Expr
    computed: bool
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class RecordOf:
    entries: tuple[Entry, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Arg:
    """An argument of a call or stage; `name` is None when it is positional."""

    name: Ident | None
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class CallOf:
    function: Ident
    args: tuple[Arg, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Attr:
    object: Expr
    name: Ident
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    object: Expr
    index: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    op: str
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, `and`, `or`, `??`; `op_span` is where the operator stands."""

    op: str
    left: Expr
    right: Expr
    op_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right within tolerance`."""

    op: str
    left: Expr
    right: Expr
    within: Expr | None
    op_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class RangeOf:
    low: Expr
    high: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class If:
    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Key:
    """A join key: `client`, or `client == id` where the two sides differ."""

    left: Ident
    right: Ident
    span: Span


@dataclass(frozen=True, slots=True)
class Stage:
    verb: Ident
    args: tuple[Arg, ...]
    on: tuple[Key, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Pipeline:
    head: Expr
    stages: tuple[Stage, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands where an expression could not be read; whoever meets it stays silent."""

    span: Span


Expr = Union[
    Ident,
    Text,
    Literal,
    ListOf,
    RecordOf,
    CallOf,
    Attr,
    Index,
    Unary,
    Binary,
    Compare,
    RangeOf,
    If,
    Pipeline,
    Broken,
]


@dataclass(frozen=True, slots=True)
class Let:
    name: Ident
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Def:
    name: Ident
    params: tuple[Ident, ...]
    body: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Use:
    """`use std.people (a, b)` or `use "file.claw" (a, b)`; `source` is dotted, or the text with quotes."""

    source: str
    source_span: Span
    names: tuple[Ident, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Expect:
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Attribute:
    name: Ident
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Labelled:
    """`write NAME = value`: an action on a deliverable."""

    verb: Ident
    name: Ident
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    kind: Ident
    labels: tuple[Ident | Text, ...]
    items: tuple[Item, ...]
    has_body: bool
    doc: str
    span: Span

    @property
    def head(self) -> Span:
        """Kind and labels, without the body: where a message about the block points."""
        last = self.labels[-1].span if self.labels else self.kind.span
        return Span(self.kind.span.start, last.end)


@dataclass(frozen=True, slots=True)
class BrokenItem:
    """An item that could not be read. `names` may be declared by it: uses of them are no further mistakes."""

    names: tuple[str, ...]
    span: Span


Item = Union[Let, Def, Use, Expect, Attribute, Labelled, Block, BrokenItem]


@dataclass(frozen=True, slots=True)
class File:
    """One parsed file: the edition (0 when the line is missing) and its items."""

    edition: int
    items: tuple[Item, ...]
    span: Span
