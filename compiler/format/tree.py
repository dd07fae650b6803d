"""The shape of an expression over its tokens, as far as its lines can be broken; read only where one line does not do.

Every node is a half-open range of tokens of a text that the parser has accepted. Precedence is kept as far as it tells
where a break reads best: what binds more tightly than an operator of the list below it is one operand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Union

# Operators behind which a line may end, from the loosest to the tightest.
LEVELS = {
    "COALESCE": 0, "OR": 1, "AND": 2, "EQ": 3, "NE": 3, "LE": 3, "GE": 3, "LESSTHAN": 3, "MORETHAN": 3, "IN": 3,
    "PLUS": 4, "MINUS": 4, "STAR": 5, "SLASH": 5,
}  # fmt: skip
OPENERS = {"LPAR", "LSQB", "LBRACE"}
CLOSERS = {"RPAR", "RSQB", "RBRACE"}
# Deeper brackets stay on one line: nobody reads them, and every level takes frames.
MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class Leaf:
    """Tokens that stay on one line."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts without a break between them: `f` and its brackets, `a` and `[0]`, `not` and its operand."""

    parts: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Bracket:
    """`kind` is list, record, call, group, index or names."""

    kind: str
    elements: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Named:
    """`key = value` or `key: value`; the mark stands at token `mark`."""

    key: Node
    mark: int
    value: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chained:
    """Operands with operators of one level between them, each the range of its one or two tokens."""

    operands: tuple[Node, ...]
    operators: tuple[Operator, ...]
    start: int
    end: int


class Operator(NamedTuple):
    start: int
    end: int
    level: int


class Branch(NamedTuple):
    """`if condition then value else`: the tokens of its words, and what is between them."""

    start: int
    condition: Node
    then: int
    value: Node
    otherwise: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Branches one after the other, and what holds when none does."""

    branches: tuple[Branch, ...]
    last: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stage:
    """`| verb arguments on keys`; `on` is the token of that word, or -1."""

    arguments: tuple[Node, ...]
    on: int
    keys: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piped:
    head: Node
    stages: tuple[Stage, ...]
    start: int
    end: int


Node = Union[Leaf, Joined, Bracket, Named, Chained, Choice, Piped]


class Reader:
    """Reads nodes from token `at` on; what lies at `end` is no part of the item."""

    def __init__(self, kinds: list[str], texts: list[str], at: int, end: int) -> None:
        self.kinds = kinds
        self.texts = texts
        self.at = at
        self.end = end
        self.depth = 0

    def _kind(self, ahead: int = 0) -> str:
        return self.kinds[self.at + ahead] if self.at + ahead < self.end else ""

    def pipe(self) -> Node:
        """An expression, or one with stages behind it."""
        start = self.at
        head = self.expression()
        stages: list[Stage] = []
        while self._kind() == "_PIPE":
            stages.append(self._stage())
        return Piped(head, tuple(stages), start, self.at) if stages else head

    def _stage(self) -> Stage:
        start = self.at
        self.at += 2  # the mark and the verb
        arguments: list[Node] = []
        keys: list[Node] = []
        on = -1
        while self._kind() not in ("_PIPE", "", *CLOSERS):
            if self._kind() == "_COMMA":
                self.at += 1
            elif arguments and self._is_soft("on"):
                on = self.at
                self.at += 1
                keys.append(self._key())
            elif on >= 0:
                keys.append(self._key())
            else:
                arguments.append(self._argument(piped=False))
        return Stage(tuple(arguments), on, tuple(keys), start, self.at)

    def _key(self) -> Leaf:
        start = self.at
        self.at += 3 if self._kind(1) == "EQ" else 1
        return Leaf(start, self.at)

    def _is_soft(self, word: str) -> bool:
        return self._kind() == "NAME" and self.texts[self.at] == word and self.kinds[self.at - 1] != "_COMMA"

    def _argument(self, *, piped: bool) -> Node:
        start = self.at
        if self._kind() == "NAME" and self._kind(1) == "EQUAL":
            self.at += 2
            value = self.expression()
            return Named(Leaf(start, start + 1), start + 1, value, start, self.at)
        return self.pipe() if piped else self.expression()

    def expression(self) -> Node:
        """An expression without stages."""
        if self._kind() != "IF":
            return self._chain()
        start = self.at
        branches: list[Branch] = []
        while self._kind() == "IF":
            first = self.at
            self.at += 1
            condition = self._branch()
            then = self.at
            self.at += 1
            value = self._branch()
            branches.append(Branch(first, condition, then, value, self.at))
            self.at += 1
        last = self._chain()
        return Choice(tuple(branches), last, start, self.at)

    def _branch(self) -> Node:
        if self._kind() != "IF":
            return self._chain()
        self.depth += 1
        try:
            return self.expression() if self.depth <= MAX_DEPTH else self._nested_choice()
        finally:
            self.depth -= 1

    def _nested_choice(self) -> Leaf:
        """Everything up to the `then` or `else` that this choice stands before."""
        start = self.at
        brackets = owed = 0
        while self.at < self.end:
            kind = self._kind()
            if not brackets and (kind in CLOSERS or (not owed and kind in ("THEN", "ELSE"))):
                break
            brackets += (kind in OPENERS) - (kind in CLOSERS)
            owed += 2 * (kind == "IF") - (kind in ("THEN", "ELSE"))
            self.at += 1
        return Leaf(start, self.at)

    def _chain(self) -> Node:
        operands = [self._operand()]
        operators: list[Operator] = []
        while True:
            kind = self._kind()
            length = 2 if kind == "NOT" and self._kind(1) == "IN" else 1
            level = 3 if length == 2 else LEVELS.get(kind, -1)
            if level < 0:
                return _grouped(operands, operators)
            operators.append(Operator(self.at, self.at + length, level))
            self.at += length
            operands.append(self._operand())

    def _operand(self) -> Node:
        """A value with what stands before it, its range and its tolerance: between these no line may end."""
        start = self.at
        parts: list[Node] = []
        while True:
            first = self.at
            while self._kind() in ("NOT", "MINUS"):
                self.at += 1
            if self.at > first:
                parts.append(Leaf(first, self.at))
            self._postfix(parts)
            if self._kind() == "DOTDOT" or self._is_soft("within"):
                parts.append(Leaf(self.at, self.at + 1))
                self.at += 1
                continue
            return parts[0] if len(parts) == 1 else Joined(tuple(parts), start, self.at)

    def _postfix(self, parts: list[Node]) -> None:
        kind = self._kind()
        if kind == "NAME" and self._kind(1) == "LPAR":
            parts.append(Leaf(self.at, self.at + 1))
            self.at += 1
            parts.append(self._bracket("call"))
        elif kind in OPENERS:
            parts.append(self._bracket({"LPAR": "group", "LSQB": "list"}.get(kind, "record")))
        else:
            parts.append(Leaf(self.at, self.at + 1))
            self.at += 1
        while self._kind() in ("DOT", "LSQB"):
            if self._kind() == "LSQB":
                parts.append(self._bracket("index"))
                continue
            last = parts[-1]
            if isinstance(last, Leaf) and last.end == self.at:
                parts[-1] = Leaf(last.start, self.at + 2)
            else:
                parts.append(Leaf(self.at, self.at + 2))
            self.at += 2

    def _bracket(self, kind: str) -> Bracket | Leaf:
        start = self.at
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._skip()
            self.depth -= 1
            return Leaf(start, self.at)
        self.at += 1
        elements: list[Node] = []
        while self._kind() not in ("", *CLOSERS):
            if self._kind() == "_COMMA":
                self.at += 1
            elif kind == "call":
                elements.append(self._argument(piped=True))
            elif kind == "record":
                elements.append(self._entry())
            else:
                elements.append(self.pipe())
        self.at += 1
        self.depth -= 1
        return Bracket(kind, tuple(elements), start, self.at)

    def names(self) -> Node:
        """The names in brackets of a `use`."""
        return self._bracket("names")

    def _entry(self) -> Node:
        start = self.at
        key: Node
        if self._kind() == "LSQB":
            self.at += 1
            inner = self.expression()
            self.at += 1
            key = Joined((Leaf(start, start + 1), inner, Leaf(self.at - 1, self.at)), start, self.at)
        else:
            self.at += 1
            key = Leaf(start, self.at)
        mark = self.at
        self.at += 1
        value = self.expression()
        return Named(key, mark, value, start, self.at)

    def _skip(self) -> None:
        depth = 0
        while self.at < self.end:
            depth += (self._kind() in OPENERS) - (self._kind() in CLOSERS)
            self.at += 1
            if depth == 0:
                return


def _grouped(operands: list[Node], operators: list[Operator]) -> Node:
    """One node for operands and the operators between them."""
    if not operators:
        return operands[0]
    level = min(operator.level for operator in operators)
    parts: list[Node] = []
    marks: list[Operator] = []
    first = 0
    for number, operator in enumerate(operators):
        if operator.level == level:
            parts.append(_grouped(operands[first : number + 1], operators[first:number]))
            marks.append(operator)
            first = number + 1
    parts.append(_grouped(operands[first:], operators[first:]))
    return Chained(tuple(parts), tuple(marks), operands[0].start, operands[-1].end)
