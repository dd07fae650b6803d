"""The core: what expressions become after names and types are known. Calls of primitives, and little else.

A node is *static* when it depends on no deliverable and no run: the compiler evaluates it on the pristine inputs.
Otherwise it is *dynamic* and is printed into the checker. Nodes are compared by identity: sharing means one evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Union

from clawc.spec.ast import Span
from clawc.spec.types import Type

Shape = Literal["file", "set", "family"]


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """A value that is known; `name` is the `let` that it was sealed from, if any."""

    value: Any
    type: Type
    span: Span
    name: str = ""
    dynamic: bool = False
    free: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Deliverable:
    """A file that the agent leaves; reading it requires its structure. `raw`: only whether it is there.

    `job`: the run that has to write it, else -1.
    """

    name: str
    type: Type
    span: Span
    raw: bool = False
    shape: Shape = "file"
    job: int = -1
    dynamic: bool = True
    free: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Workspace:
    """The submission as a whole, for `unchanged` and its like."""

    type: Type
    span: Span
    dynamic: bool = True
    free: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The recorded result of a job; `number` counts the distinct jobs of the task."""

    number: int
    type: Type
    span: Span
    dynamic: bool = True
    free: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class LetRef:
    """A use of `let NAME`; all uses share `value`."""

    name: str
    value: Core
    type: Type
    span: Span
    dynamic: bool
    free: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Var:
    """The parameter of a lambda: a row, or the rows of a group."""

    id: int
    type: Type
    span: Span
    free: frozenset[int]
    dynamic: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Col:
    """A column of the row `row`; `sure`: every row has it."""

    row: int
    name: str
    sure: bool
    type: Type
    span: Span
    free: frozenset[int]
    dynamic: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A primitive of `clawc.stdlib.checks` by its Python name."""

    function: str
    args: tuple[Core, ...]
    kwargs: tuple[tuple[str, Core], ...]
    type: Type
    span: Span
    dynamic: bool
    free: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Lambda:
    """A row expression: `body` under the row `param`."""

    param: int
    body: Core
    type: Type
    span: Span
    dynamic: bool
    free: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A list, or a tuple where a primitive wants pairs."""

    items: tuple[Core, ...]
    tuple: bool
    type: Type
    span: Span
    dynamic: bool
    free: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Keys are texts, or expressions that give text."""

    entries: tuple[tuple[Core, Core], ...]
    type: Type
    span: Span
    dynamic: bool
    free: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Logic:
    """`and`, `or`, `not` and `if` (condition, then, otherwise): the operators that skip operands."""

    op: str
    operands: tuple[Core, ...]
    type: Type
    span: Span
    dynamic: bool
    free: frozenset[int]


Core = Union[Const, Deliverable, Workspace, Run, LetRef, Var, Col, Call, Lambda, Items, Record, Logic]


def _join(nodes: Iterable[Core]) -> tuple[bool, frozenset[int]]:
    dynamic, free = False, frozenset[int]()
    for node in nodes:
        dynamic = dynamic or node.dynamic
        free |= node.free
    return dynamic, free


def call(function: str, args: Iterable[Core], type: Type, span: Span, **kwargs: Core) -> Call:
    """A call whose dynamic state and free rows follow from its arguments."""
    args = tuple(args)
    dynamic, free = _join([*args, *kwargs.values()])
    return Call(function, args, tuple(kwargs.items()), type, span, dynamic, free)


def row_lambda(param: int, body: Core) -> Lambda:
    return Lambda(param, body, body.type, body.span, body.dynamic, body.free - {param})


def items(nodes: Iterable[Core], type: Type, span: Span, *, as_tuple: bool = False) -> Items:
    nodes = tuple(nodes)
    dynamic, free = _join(nodes)
    return Items(nodes, as_tuple, type, span, dynamic, free)


def record(entries: Iterable[tuple[Core, Core]], type: Type, span: Span) -> Record:
    entries = tuple(entries)
    dynamic, free = _join([n for pair in entries for n in pair])
    return Record(entries, type, span, dynamic, free)


def logic(op: str, operands: Iterable[Core], type: Type, span: Span) -> Logic:
    operands = tuple(operands)
    dynamic, free = _join(operands)
    return Logic(op, operands, type, span, dynamic, free)


def children(node: Core) -> tuple[Core, ...]:
    """The nodes directly below, in evaluation order."""
    below = _CHILDREN.get(type(node))
    return below(node) if below is not None else ()


_CHILDREN: dict[type, Callable[[Any], tuple[Core, ...]]] = {
    LetRef: lambda node: (node.value,),
    Call: lambda node: (*node.args, *(value for _, value in node.kwargs)) if node.kwargs else node.args,
    Lambda: lambda node: (node.body,),
    Items: lambda node: node.items,
    Record: lambda node: tuple(n for pair in node.entries for n in pair),
    Logic: lambda node: node.operands,
}


def walk(node: Core) -> Iterator[Core]:
    """The node and everything below it; each once, although it may be shared by many."""
    seen: set[int] = set()
    stack = [node]
    while stack:
        at = stack.pop()
        if id(at) not in seen:
            seen.add(id(at))
            yield at
            below = _CHILDREN.get(type(at))
            if below is not None:
                stack.extend(reversed(below(at)))


class _Mistaken:
    """The value of a node whose type is known although a part of it is mistaken. It is never evaluated."""


MISTAKEN = _Mistaken()


def mistaken(like: Core, type: Type, span: Span) -> Const:
    """Stands for a mistaken use of `like`, so that what is built on it is still checked."""
    return Const(MISTAKEN, type, span, "", like.dynamic, like.free)


def is_mistaken(node: Core) -> bool:
    """Is the node built on a mistake that was reported?"""
    return any(isinstance(n, Const) and n.value is MISTAKEN for n in walk(node))


@dataclass(slots=True)
class Fresh:
    """Numbers for the rows of lambdas; one per task."""

    next: int = field(default=0)

    def take(self) -> int:
        self.next += 1
        return self.next
