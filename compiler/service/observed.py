"""A task as elaboration sees it: types, values that are known already, and what is in scope at a place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from clawc.compiler.assets import Assets
from clawc.compiler.elaborate.context import Binding, Context, LetBinding, is_unsound
from clawc.compiler.elaborate.naming import let_value
from clawc.compiler.passes.declare import declare_inputs, declare_rest
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate
from clawc.compiler.passes.judge_blocks import judge_blocks
from clawc.compiler.passes.shape import known
from clawc.compiler.passes.variants import variants
from clawc.compiler.pipeline import outermost, read
from clawc.compiler.service.slices import Slice
from clawc.compiler.source import Diagnostics
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Core
from clawc.spec.types import ERROR, FileType, Type
from clawc.stdlib.checks.values import Unmet

# A name that nobody writes: completion puts it where the cursor is.
MARKER = "c1aw_is_asked_here"


class Place(NamedTuple):
    """What can be written at the marker: names with what they stand for, columns of the rows around it, and, behind a dot, the
    type of what stands before it."""

    names: dict[str, Binding]
    columns: dict[str, Type]
    params: tuple[str, ...]
    object: Type | None = None


@dataclass(slots=True, eq=False)
class Observed:
    """Spans are those of the file. `typed` has the core of each expression as it was first elaborated."""

    typed: dict[Span, tuple[Context, Core]] = field(default_factory=dict[Span, tuple[Context, Core]])
    columns: set[Span] = field(default_factory=set[Span])
    stages: dict[Span, Type] = field(default_factory=dict[Span, Type])
    names: dict[str, Binding] = field(default_factory=dict[str, Binding])
    place: Place | None = None

    def at(self, offset: int) -> tuple[Span, Context, Core] | None:
        """The smallest expression around an offset that has a type."""
        around = [s for s, (_, v) in self.typed.items() if s.start <= offset <= s.end and v.type is not ERROR]
        if not around:
            return None
        span = min(around, key=lambda s: s.end - s.start)
        return span, *self.typed[span]


def observe(path: str, part: Slice, assets: Assets) -> Observed:
    """Elaborates the task of a slice of a file, without proving or judging anything; never raises on what it holds."""
    parsed = read(path, part.text)
    look = _Look(path, part)
    for block in parsed.file.items:
        if isinstance(block, ast.Block) and block.kind.text == "task" and known(block, ""):
            _elaborate(parsed.source, parsed.file, block, assets, look)
    return look.found


def _elaborate(source: Any, file: ast.File, block: ast.Block, assets: Assets, look: _Look) -> None:
    diagnostics = Diagnostics()
    outer = outermost(source, file, diagnostics, assets)
    outer.task.observer = look
    try:
        task = declare_inputs(outer.child(), block, file.edition)
        declare_rest(task, block)
        judge_blocks(task, block)
        variants(task, block)
        for cx in (outer, task.context):
            for binding in list(cx.names.values()):
                if isinstance(binding, LetBinding):
                    let_value(cx, binding, binding.span)
            look.found.names |= cx.names
    except (EvaluationFault, RecursionError):
        return


def known_value(cx: Context, value: Core) -> tuple[bool, Any]:
    """Is the value of an expression known before any agent runs, and what is it?"""
    if value.dynamic or value.free or is_unsound(value) or isinstance(value.type, FileType):
        return False, None
    try:
        return True, evaluate(value, cx.task)
    except (EvaluationFault, RecursionError, Unmet):
        return False, None


class _Look:
    """What elaboration shows of one source."""

    def __init__(self, path: str, part: Slice) -> None:
        self.found = Observed()
        self._path = path
        self._slice = part

    def _here(self, cx: Context, span: Span) -> Span | None:
        """A span in the file; None for one of another file."""
        return self._slice.here(span) if cx.source.path == self._path else None

    def typed(self, cx: Context, node: ast.Expr, value: Core) -> None:
        if isinstance(node, ast.Ident) and node.text == MARKER:
            self._met(cx, None)
        elif isinstance(node, ast.Attr) and node.name.text == MARKER:
            of = self._here(cx, node.object.span)
            held = self.found.typed.get(of) if of is not None else None
            self._met(cx, held[1].type if held is not None else None)
        span = self._here(cx, node.span)
        if span is None:
            return
        self.found.typed.setdefault(span, (cx, value))
        if isinstance(node, ast.Ident) and isinstance(value, core.Col):
            self.found.columns.add(span)

    def staged(self, cx: Context, verb: ast.Ident, rows: Core) -> None:
        span = self._here(cx, verb.span)
        if span is not None:
            self.found.stages.setdefault(span, rows.type)

    def _met(self, cx: Context, of: Type | None) -> None:
        if self.found.place is not None:
            return
        names: dict[str, Binding] = {}
        at: Context | None = cx
        while at is not None:
            names = {**at.names, **names}
            at = at.parent
        columns: dict[str, Type] = {}
        for row in cx.rows:
            columns |= row.columns
        self.found.place = Place(names, columns, tuple(cx.task.params), of)
