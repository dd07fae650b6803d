"""Expressions over several lines: what fits is kept on one line, else the outermost break is taken first.

A closing bracket that leads a line stands where the line of its opening bracket begins.
"""

from __future__ import annotations

from clawc.compiler.format.tree import Bracket, Chained, Choice, Joined, Leaf, Named, Node, Piped, Stage
from clawc.compiler.format.width import LEVEL, WIDTH
from clawc.compiler.format.writer import Writer

_SHORT = 40  # columns of what may follow brackets on their last line


def put(w: Writer, node: Node, tail: int) -> None:
    """Writes a node from where the writer is; `tail` columns must fit behind it."""
    if isinstance(node, Leaf) or w.fits(node.start, node.end, tail):
        w.tokens(node.start, node.end)
    elif isinstance(node, Joined):
        _joined(w, node, tail)
    elif isinstance(node, Bracket):
        _bracket(w, node, tail)
    elif isinstance(node, Named):
        put(w, node.key, 0)
        w.tokens(node.mark, node.mark + 1)
        behind(w, node.value, tail)
    elif isinstance(node, Chained):
        _chained(w, node, tail)
    elif isinstance(node, Choice):
        _choice(w, node, tail)
    else:
        _piped(w, node, tail)


def behind(w: Writer, node: Node, tail: int) -> None:
    """A value behind its `=` or `:`, on the same line unless comments stand between."""
    inner = w.inner
    if w.comments(node.start, inner):
        w.newline(inner)
    put(w, node, tail)


def _joined(w: Writer, node: Joined, tail: int) -> None:
    for number, part in enumerate(node.parts):
        last = number == len(node.parts) - 1
        rest = tail if last else w.spacing.width(node.parts[number + 1].start, node.end) + tail
        put(w, part, rest if rest <= _SHORT else 1)


def _bracket(w: Writer, node: Bracket, tail: int) -> None:
    closer = node.end - 1
    gaps = w.stream.gaps
    elements = node.elements
    if not elements or closer in gaps or elements[0].start in gaps:
        _spread(w, node)
        return
    only, value = len(elements) == 1, _value(elements[-1])
    inline = isinstance(value, Leaf) or (node.kind == "call" and _opens(value))
    if only and inline and value.start not in gaps and w.spacing.width(node.start, value.start) <= WIDTH:
        w.tokens(node.start, node.start + 1)
        put(w, elements[0], tail + 1)
        w.tokens(closer, node.end)
    elif len(elements) > 1 and node.kind == "call" and _hangs(w, node):
        w.tokens(node.start, value.start)
        put(w, value, tail + 1)
        w.tokens(closer, node.end)
    else:
        _spread(w, node)


def _value(element: Node) -> Node:
    return element.value if isinstance(element, Named) else element


def _is_data(node: Node) -> bool:
    return isinstance(node, Bracket) and node.kind in ("list", "record") and bool(node.elements)


def _opens(node: Node) -> bool:
    """Does it break inside brackets that begin on its first line and end on its last?"""
    if isinstance(node, Joined):
        last = node.parts[-1]
        return len(node.parts) == 2 and isinstance(last, Bracket) and last.kind == "call" and bool(last.elements)
    return _is_data(node)


def _hangs(w: Writer, node: Bracket) -> bool:
    """Only the last argument of a call, a list or record, is too long: the others stay before it."""
    value = _value(node.elements[-1])
    if not _is_data(value) or any(_is_data(_value(e)) for e in node.elements[:-1]):
        return False
    return w.fits(node.start, value.start + 1, 0)


def _spread(w: Writer, node: Bracket) -> None:
    """The contents on lines of their own, as many as fit on each; rows of a table one on each."""
    closer, indent, inner = node.end - 1, w.indent, w.inner
    if node.kind == "record":
        w.braced()
    w.tokens(node.start, node.start + 1)
    rows = node.kind == "list" and any(_is_data(e) for e in node.elements)
    long = False
    for number, element in enumerate(node.elements):
        if number:
            w.text(",")
        commented = w.comments(element.start, inner)
        if number == 0 or commented or rows or long or not w.fits(element.start, element.end, 1):
            w.newline(inner)
        before = w.rows
        put(w, element, 1)
        long = w.rows > before
    if node.elements and node.kind in ("list", "record"):
        w.text(",")
    commented = w.comments(closer, inner)
    if node.elements or commented:
        w.newline(indent, inner)
    w.tokens(closer, node.end)


def _chained(w: Writer, node: Chained, tail: int) -> None:
    """Breaks behind operators; a last operand in brackets may instead be broken inside them."""
    inner = w.inner
    broken = False
    widths = [w.spacing.width(o.start, o.end) for o in node.operators]
    put(w, node.operands[0], widths[0])
    for number, operand in enumerate(node.operands[1:]):
        operator = node.operators[number]
        w.tokens(operator.start, operator.end)
        last = number == len(widths) - 1
        rest = tail if last else widths[number + 1]
        if w.comments(operand.start, inner):
            w.newline(inner)
            broken = True
        elif not w.fits(operand.start, operand.end, rest):
            alone = inner + w.spacing.width(operand.start, operand.end) - 1 + rest <= WIDTH
            if alone or broken or w.odd or not last or not _fits_open(w, operand):
                w.newline(inner)
                broken = True
        put(w, operand, rest)


def _fits_open(w: Writer, node: Node) -> bool:
    """Can what stands before and at the opening bracket of a value be on this line?"""
    if isinstance(node, Bracket):
        return bool(node.elements) and w.fits(node.start, node.start + 1, 0)
    return _opens(node) and isinstance(node, Joined) and w.fits(node.start, node.parts[-1].start + 1, 0)


def _choice(w: Writer, node: Choice, tail: int) -> None:
    """A line for each branch, ended by its `else`; the last value stands behind it where it fits."""
    inner = w.inner
    deeper = inner + LEVEL
    rest = len(" else")
    for branch in node.branches:
        w.tokens(branch.start, branch.start + 1)
        put(w, branch.condition, len(" then"))
        w.tokens(branch.then, branch.then + 1)
        value = branch.value
        width = w.spacing.width(value.start, value.end) - 1 + rest
        alone = not w.fits(value.start, value.end, rest) and deeper + width <= WIDTH
        if w.comments(value.start, deeper) or alone or (w.odd and not isinstance(value, Leaf)):
            w.newline(deeper)
        put(w, value, rest)
        w.tokens(branch.otherwise, branch.otherwise + 1)
        ends = node.last.start == branch.otherwise + 1
        commented = w.comments(branch.otherwise + 1, inner)
        if commented or not ends or not w.fits(node.last.start, node.end, tail):
            w.newline(inner)
    put(w, node.last, tail)


def _piped(w: Writer, node: Piped, tail: int) -> None:
    """Each stage on a line of its own; further lines of a stage begin two levels to the right of its `|`."""
    inner = w.inner
    put(w, node.head, 0)
    for stage in node.stages:
        w.comments(stage.start, inner)
        w.newline(inner, inner + 2 * LEVEL)
        w.tokens(stage.start, stage.start + 2)
        _stage(w, stage, tail if stage is node.stages[-1] else 0)


def _stage(w: Writer, stage: Stage, tail: int) -> None:
    """What stands behind the verb of a stage."""
    inner = w.inner
    behind_all = (w.spacing.width(stage.on, stage.end) if stage.on >= 0 else 0) + tail
    _filled(w, stage.arguments, inner, behind_all if behind_all <= _SHORT else 0)
    if stage.on >= 0:
        w.tokens(stage.on, stage.on + 1)
        _filled(w, stage.keys, inner, tail)


def _filled(w: Writer, nodes: tuple[Node, ...], inner: int, tail: int) -> None:
    """Nodes with commas between, as many as fit on a line; a line may end behind a comma only."""
    long = False
    for number, node in enumerate(nodes):
        rest = tail if number == len(nodes) - 1 else 1
        if number:
            w.text(",")
            if w.comments(node.start, inner) or long or not w.fits(node.start, node.end, rest):
                w.newline(inner)
        before = w.rows
        put(w, node, rest)
        long = w.rows > before


def put_parameters(w: Writer, names: tuple[Node, ...]) -> None:
    """The parameters of a `def` between its brackets, where a line may end behind a comma only."""
    _filled(w, names, w.inner, len(") ="))
