"""Leaves out what no run of a checker can reach: branches for values that nothing makes, parameters that nothing
passes, methods that nothing calls.

A class, a tag or a sentinel that reachable code only tests for is never met, so that `isinstance(v, Range)` is false
where no `Range` is made. What is true of the text that stays decides what stays: the caller repeats until both agree.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from clawc.compiler.emit.edits import Edits
from clawc.compiler.emit.walk import walk

# Dates, times and durations come from each other, so they count as one.
MOMENTS = "datetime"
# Calls that only look: a condition behind them may be decided without making them.
LOOKING = frozenset({"isinstance", "len", "is_null", "getattr", "bool"})

Body = Sequence[ast.stmt]
# Of a statement or block: none of it stays, or what follows it is never reached, or neither.
Fate = Literal["gone", "leaves", "stays"]


class Reached(NamedTuple):
    """What reachable code does, as far as is known."""

    made: frozenset[str]  # classes, tags and sentinels that it uses other than in a test
    passed: frozenset[tuple[str, str]]  # function and parameter
    attributes: frozenset[str]


NOTHING_REACHED = Reached(frozenset(), frozenset(), frozenset())


def tested_name(node: ast.expr) -> str:
    """The name that stands for a class, tag or sentinel; "" for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == MOMENTS:
        return MOMENTS
    return ""


def idle_parameters(function: ast.FunctionDef, reached: Reached) -> dict[str, ast.expr]:
    """The parameters of a function that no call passes, with their constant defaults."""
    if (function.name, "*") in reached.passed:
        return {}
    args = function.args
    named = [*args.posonlyargs, *args.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = [*zip(named[len(named) - len(args.defaults) :], args.defaults)]
    pairs += zip(args.kwonlyargs, args.kw_defaults)
    idle = {
        a.arg: d for a, d in pairs if d is not None and _constant(d) and (function.name, a.arg) not in reached.passed
    }
    for node in walk(function):  # a name that is bound again is not the parameter
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            idle.pop(node.id, None)
        elif isinstance(node, (ast.FunctionDef, ast.Lambda)) and node is not function:
            for inner in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                idle.pop(inner.arg, None)
    return idle


def _constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Tuple) and not node.elts)


class Pruner:
    """Prunes one definition. `testable` are the names whose makers are all known."""

    def __init__(self, source: str, reached: Reached, testable: frozenset[str]) -> None:
        self.edits = Edits(source)
        self.tree = ast.parse(source)
        self.reached = reached
        self.unmade = testable - reached.made
        self.idle: dict[str, ast.expr] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef):
                self.idle = idle_parameters(node, reached)

    def pruned(self) -> str:
        """The source of what can be reached."""
        self._body(self.tree.body)
        return self.edits.result().rstrip("\n")

    def _body(self, body: Body) -> Fate:
        """Prunes the statements of a block."""
        gone = 0
        for place, node in enumerate(body):
            fate = self._statement(node)
            gone += fate == "gone"
            if fate == "leaves":
                if place + 1 < len(body):
                    first = self.edits.comment_above(body[place + 1].lineno)
                    self.edits.drop_lines(first, body[-1].end_lineno or 0)
                return "leaves"
        return "gone" if gone == len(body) else "stays"

    def _block(self, body: Body) -> Fate:
        """Prunes a block that has to stay, if only as `pass`."""
        fate = self._body(body)
        if fate == "gone":
            end = self.edits.at(self.edits.comment_above(body[0].lineno)) - 1
            self.edits.replace(end, end, "\n" + " " * body[0].col_offset + "pass")
        return fate

    def _statement(self, node: ast.stmt) -> Fate:
        if isinstance(node, ast.If):
            return self._if(node)
        if isinstance(node, ast.For) and not node.orelse and self._only_looks([node.iter]):
            if self._body(node.body) == "gone":
                self.edits.drop_lines(self.edits.comment_above(node.lineno), node.end_lineno or node.lineno)
                return "gone"
            self._parts_of(node)
            return "stays"
        for field in ("body", "orelse", "finalbody"):
            inner: list[ast.stmt] = getattr(node, field, [])
            if inner:
                self._block(self._methods(inner) if isinstance(node, ast.ClassDef) else inner)
        for handler in getattr(node, "handlers", []):
            self._block(handler.body)
        self._parts_of(node)
        return "leaves" if isinstance(node, (ast.Return, ast.Raise, ast.Continue, ast.Break)) else "stays"

    def _parts_of(self, node: ast.stmt) -> None:
        """Prunes the expressions of a statement."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child)
            elif not isinstance(child, (ast.stmt, ast.excepthandler)):
                for part in _parts(child):
                    self._expression(part)

    def _methods(self, body: Body) -> Body:
        """The members of a class without the methods that nothing calls."""
        kept: list[ast.stmt] = []
        for node in body:
            called = not isinstance(node, ast.FunctionDef) or node.name in self.reached.attributes
            if isinstance(node, ast.FunctionDef) and not called and not node.name.startswith("__"):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                while first > 1 and not self.edits.lines[first - 2].strip():
                    first -= 1
                self.edits.drop_lines(first, node.end_lineno or node.lineno)
            else:
                kept.append(node)
        return kept

    def _if(self, node: ast.If) -> Fate:
        """Prunes a chain of branches."""
        arms, otherwise = _arms(node)
        last = otherwise[-1].end_lineno if otherwise else arms[-1].body[-1].end_lineno
        assert last is not None
        else_line = self._else_line(arms[-1]) if otherwise else last + 1
        begins = [*(arm.lineno for arm in arms), else_line]
        kept: list[ast.If] = []
        for arm, after in zip(arms, begins[1:]):
            truth = self.decided(arm.test)
            if truth is False:
                first = self.edits.comment_above(arm.lineno) if arm is node else arm.lineno
                self.edits.drop_lines(first, after - 1)
                continue
            if truth is True:
                return self._always(kept, arm.lineno, arm.body, after, last)
            if not kept and arm is not node:
                at = self.edits.start(arm)
                self.edits.replace(at, at + 2)  # `elif` becomes `if`
            kept.append(arm)
            self._expression(arm.test)
            self._block(arm.body)
        if otherwise:
            return self._always(kept, else_line, otherwise, last + 1, last)
        return "stays" if kept else "gone"

    def _always(self, kept: list[ast.If], head: int, body: Body, after: int, last: int) -> Fate:
        """A branch that is taken when none before it is; those behind it never are."""
        if after <= last:
            self.edits.drop_lines(after, last)
        first = self.edits.comment_above(body[0].lineno)
        if not kept:
            fate = self._body(body)
            self.edits.drop_lines(head, first - 1)
            self.edits.dedent(first, body[-1].end_lineno or first)
            return fate
        self._block(body)
        indent = len(self.edits.lines[head - 1]) - len(self.edits.lines[head - 1].lstrip())
        self.edits.replace(self.edits.at(head), self.edits.at(first) - 1, " " * indent + "else:")
        return "stays"

    def _else_line(self, arm: ast.If) -> int:
        line = (arm.body[-1].end_lineno or 0) + 1
        while not self.edits.lines[line - 1].strip().startswith(b"else:"):
            line += 1
        return line

    def decided(self, test: ast.expr) -> bool | None:
        """Whether a condition is always true or always false; None when that is open."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self.decided(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            return self._decided_together(test)
        if isinstance(test, ast.Name) and test.id in self.idle:
            default = self.idle[test.id]
            return bool(default.value) if isinstance(default, ast.Constant) else False
        if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance":
            return None if self._met(test.args[1]) else False
        return self._decided_comparison(test) if isinstance(test, ast.Compare) else None

    def _decided_together(self, test: ast.BoolOp) -> bool | None:
        ending = isinstance(test.op, ast.Or)  # what settles an `or` is something true
        found: bool | None = not ending
        for place, operand in enumerate(test.values):
            truth = self.decided(operand)
            if truth is ending and (found is not None or self._only_looks(test.values[:place])):
                return ending
            found = None if truth is None else found
        return found

    def _only_looks(self, values: Sequence[ast.expr]) -> bool:
        """Do expressions neither raise nor do anything?"""
        for value in values:
            for node in walk(value):
                if isinstance(node, (ast.Subscript, ast.BinOp, ast.NamedExpr)):
                    return False
                if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in LOOKING):
                    return False
        return True

    def _decided_comparison(self, test: ast.Compare) -> bool | None:
        if len(test.ops) != 1:
            return None
        op, right = test.ops[0], test.comparators[0]
        if isinstance(op, (ast.Is, ast.IsNot)):
            if isinstance(right, ast.Constant) and right.value is None:
                default = self.idle.get(test.left.id) if isinstance(test.left, ast.Name) else None
                if default is None:
                    return None
                is_none = isinstance(default, ast.Constant) and default.value is None
                return is_none == isinstance(op, ast.Is)
            return isinstance(op, ast.IsNot) if tested_name(right) in self.unmade else None
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(right, ast.Tuple) and not self._met(right):
            return isinstance(op, ast.NotIn)
        return None

    def _met(self, names: ast.expr) -> list[ast.expr]:
        """Of a name or tuple of names those that a value may be an instance of, or equal to."""
        parts = names.elts if isinstance(names, ast.Tuple) else [names]
        return [part for part in parts if tested_name(part) not in self.unmade]

    def _expression(self, node: ast.expr) -> None:
        """Takes out the operands and alternatives that never count."""
        if isinstance(node, ast.BoolOp):
            return self._operands(node)
        if isinstance(node, ast.IfExp):
            truth = self.decided(node.test)
            if truth is not None:
                return self._alternative(node, truth)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            self._shorten(node.args[1], alone="{}")
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            self._shorten(node.comparators[0], alone="({},)")
        for child in _parts(node):
            self._expression(child)
        return None

    def _shorten(self, names: ast.expr, alone: str) -> None:
        """A tuple of names without those that are never met; `alone` is how a single one is written."""
        if not isinstance(names, ast.Tuple) or not names.elts or not all(tested_name(part) for part in names.elts):
            return
        met = self._met(names)
        if met and len(met) < len(names.elts):
            texts = [self.edits.text(part) for part in met]
            shorter = alone.format(texts[0]) if len(met) == 1 else f"({', '.join(texts)})"
            self.edits.replace(self.edits.start(names), self.edits.end(names), shorter)

    def _operands(self, node: ast.BoolOp) -> None:
        """Drops operands that change nothing, and those behind one that settles the matter."""
        ending = isinstance(node.op, ast.Or)
        cuts = [self.edits.start(node)]
        word = b"or" if ending else b"and"
        for one, other in itertools.pairwise(node.values):
            cuts.append(self._word(self.edits.end(one), self.edits.start(other), word))
        cuts.append(self.edits.end(node))
        kept: list[int] = []
        for place, operand in enumerate(node.values):
            truth = self.decided(operand)
            if truth is None or truth is ending:
                kept.append(place)
                self._expression(operand)
            if truth is ending:
                break
        last = len(node.values) - 1
        if kept and kept[-1] != last and not _is_truth(node.values[kept[-1]]):
            kept.append(last)  # its value may be that of the whole
        if not kept or len(kept) == last + 1:
            return
        if kept[0]:
            self.edits.replace(cuts[0], self._skip_blanks(cuts[kept[0]] + len(word)))
        for before, after in itertools.pairwise(kept):
            if after > before + 1:
                self.edits.replace(cuts[before + 1], cuts[after])
        if kept[-1] != last:
            begin = cuts[kept[-1] + 1]
            self.edits.replace(len(self.edits.data[:begin].rstrip()), cuts[-1])

    def _skip_blanks(self, at: int) -> int:
        while self.edits.data[at : at + 1].isspace():
            at += 1
        return at

    def _alternative(self, node: ast.IfExp, truth: bool) -> None:
        """The value that a conditional expression always has."""
        first_word = self._word(self.edits.end(node.body), self.edits.start(node.test), b"if")
        second_word = self._word(self.edits.end(node.test), self.edits.start(node.orelse), b"else")
        if truth:
            self.edits.replace(len(self.edits.data[:first_word].rstrip()), self.edits.end(node))
            self._expression(node.body)
            return
        self.edits.replace(self.edits.start(node), self._skip_blanks(second_word + len(b"else")))
        self._expression(node.orelse)

    def _word(self, start: int, end: int, word: bytes) -> int:
        """Where a keyword stands between two expressions; only blanks and brackets are there beside it."""
        at = self.edits.data.index(word, start, end)
        assert not self.edits.data[start:at].strip(b" \n)") and not self.edits.data[at + len(word) : end].strip(b" \n(")
        return at


def _is_truth(node: ast.expr) -> bool:
    """Is the value of an expression surely True or False?"""
    if isinstance(node, ast.BoolOp):
        return all(map(_is_truth, node.values))
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "bool", "any", "all")
    return isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))


def _parts(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions right inside one."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        else:
            yield from _parts(child)


def _arms(node: ast.If) -> tuple[list[ast.If], list[ast.stmt]]:
    """The branches of an `if` with its `elif`s, and the body of its `else`."""
    arms = [node]
    while len(arms[-1].orelse) == 1:
        inner = arms[-1].orelse[0]
        if not isinstance(inner, ast.If) or inner.col_offset != arms[-1].col_offset:
            break
        arms.append(inner)
    return arms, arms[-1].orelse


def reached_by(
    source: str, testable: frozenset[str], functions: Mapping[str, ast.FunctionDef], known: Reached
) -> Reached:
    """What a piece of source, already pruned, makes, passes and calls."""
    tree = ast.parse(source)
    tests: set[int] = set()
    attributes: set[str] = set()
    called: set[int] = set()
    passed: set[tuple[str, str]] = set()
    # A piece is one definition of the library, or the whole task, whose functions have no defaults.
    first = tree.body[0] if len(tree.body) == 1 else None
    idle = idle_parameters(first, known) if isinstance(first, ast.FunctionDef) else {}
    nodes = walk(tree)
    for node in nodes:
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                if node.func.id == "isinstance":
                    tests.update(map(id, walk(node.args[1])))
                elif node.func.id == "getattr" and isinstance(node.args[1], ast.Constant):
                    attributes.add(str(node.args[1].value))
                elif node.func.id in functions:
                    called.add(id(node.func))
                    passed.update(_passed(node, functions[node.func.id], idle))
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Is, ast.IsNot, ast.In, ast.NotIn)):
            right = node.comparators[0]
            if isinstance(right, ast.Name) or (isinstance(right, ast.Tuple) and all(map(tested_name, right.elts))):
                tests.update(map(id, walk(right)))
        elif isinstance(node, ast.ClassDef):
            tests.update(id(part) for base in node.bases for part in walk(base))
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
    loaded = [n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    names = {n.id for n in loaded if id(n) not in tests}
    values = {n.id for n in loaded if n.id in functions and id(n) not in called}
    passed.update((name, "*") for name in values)
    return Reached(frozenset(names & testable), frozenset(passed), frozenset(attributes))


def _passed(call: ast.Call, function: ast.FunctionDef, idle: Mapping[str, ast.expr]) -> Iterator[tuple[str, str]]:
    """The parameters that a call gives another value than their default."""
    args = function.args
    named = [*args.posonlyargs, *args.args]
    defaults = {a.arg: d for a, d in zip(named[len(named) - len(args.defaults) :], args.defaults)}
    defaults.update((a.arg, d) for a, d in zip(args.kwonlyargs, args.kw_defaults) if d is not None)
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        yield function.name, "*"
        return
    given = [*((a.arg, value) for a, value in zip(named, call.args)), *((k.arg or "", k.value) for k in call.keywords)]
    for name, value in given:
        if isinstance(value, ast.Name) and value.id in idle:
            value = idle[value.id]  # an idle parameter handed on is its default
        if name not in defaults or ast.dump(value) != ast.dump(defaults[name]):
            yield function.name, name
