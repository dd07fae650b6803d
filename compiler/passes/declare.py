"""Blocks to declarations: files, deliverables, names. Expectations are left to `judge_blocks`."""

from __future__ import annotations

import re
from decimal import Decimal

from clawc.compiler.elaborate.context import BrokenBinding, Context
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.model import Task
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind_statements
from clawc.compiler.passes.data import data_block
from clawc.compiler.passes.delivers import deliver_block, made_by, mentioned
from clawc.compiler.passes.inputs import workspace_block
from clawc.compiler.passes.params import bind_params, drawn_params, settle_params
from clawc.compiler.passes.reusable import persona_text
from clawc.compiler.passes.shape import known
from clawc.compiler.paths import folded
from clawc.spec import ast, taxonomy
from clawc.spec.ast import Span
from clawc.spec.blocks import BY_KIND
from clawc.stdlib.checks.text import as_text

_HOLE = re.compile(r"\{\{(.*?)(?:\}\}|\Z)", re.S)


def declare_inputs(cx: Context, block: ast.Block, edition: int) -> Task:
    """The task of a block with its parameters, generated data and inputs: all that an instance is."""
    name = block.labels[0].text if block.labels and isinstance(block.labels[0], ast.Ident) else "task"
    task = Task(name, cx.source, cx, block.head, edition, block.doc, template=name)
    cx.task.name = name
    bind_statements(cx, block.items)
    blocks = [i for i in block.items if isinstance(i, ast.Block) and known(i, "task")]
    _bind_unread(cx, block, "task")
    bind_params(cx, [i for i in blocks if i.kind.text == "param"])
    for inner in blocks:
        if inner.kind.text == "data":
            data_block(cx, inner)
    for inner in blocks:
        if inner.kind.text == "workspace":
            _bind_unread(cx, inner, "workspace")
            workspace_block(cx, task, inner)
    task.seed, task.draws = cx.task.seed, cx.task.draw + 1
    task.drawn = draws_something(block)
    return task


def draws_something(block: ast.Block) -> bool:
    """Has a task parameters or generated data, so that its instances differ?"""
    return any(isinstance(i, ast.Block) and i.kind.text in ("param", "data") for i in block.items)


def declare_rest(task: Task, block: ast.Block) -> None:
    """What the task asks for: deliverables, limits, instruction."""
    cx = task.context
    settle_params(cx)
    task.params = drawn_params(cx)
    blocks = [i for i in block.items if isinstance(i, ast.Block) and known(i, "task")]
    for inner in blocks:
        if inner.kind.text == "deliver":
            deliver_block(cx, task, inner)
        elif inner.kind.text == "environment":
            _environment(cx, task, inner)
    for inner in blocks:
        if inner.kind.text == "deliver":
            made_by(cx, task, inner)
    _collisions(cx, task)
    _texts(cx, task, block)


def _bind_unread(cx: Context, block: ast.Block, parent: str) -> None:
    """Names that stand in what was reported and left out are known, so their uses stay silent."""
    for item in block.items:
        if isinstance(item, ast.BrokenItem):
            names: tuple[str, ...] = item.names
        elif isinstance(item, ast.Block) and (not known(item, parent) or not _labelled(item)):
            names = tuple(label.text for label in item.labels if isinstance(label, ast.Ident))
            names = names or tuple(_stem(label) for label in item.labels[:1] if isinstance(label, ast.Text))
        elif isinstance(item, ast.Labelled) and parent == "task":
            names = (item.name.text,)  # `var x = 1`
        elif isinstance(item, ast.Attribute) and parent == "task" and BY_KIND[parent].attribute(item.name.text) is None:
            names = (item.name.text,)  # a `let` without its word
        else:
            continue
        for name in names:
            cx.names.setdefault(name, BrokenBinding())


def _stem(label: ast.Text) -> str:
    """The name that a file without one is most likely called by."""
    return label.raw.strip('"').rsplit("/", 1)[-1].split(".", 1)[0]


def _labelled(block: ast.Block) -> bool:
    """Are the labels of a file or deliverable a name and a path? Other blocks give no names."""
    if block.kind.text not in ("file", "tree", "deliver"):
        return True
    return len(block.labels) == 2 and isinstance(block.labels[0], ast.Ident) and isinstance(block.labels[1], ast.Text)


def _environment(cx: Context, task: Task, block: ast.Block) -> None:
    limits = task.limits
    limits.wall_s = attr.duration(cx, block, "timeout", limits.wall_s)
    limits.memory_bytes = attr.size(cx, block, "memory", limits.memory_bytes)
    limits.disk_bytes = attr.size(cx, block, "disk", limits.disk_bytes)
    limits.processes = int(attr.number(cx, block, "processes", Decimal(limits.processes), low=4, high=4096))
    limits.tools = attr.texts(cx, block, "tools") or ()
    env = attr.attribute(block, "env")
    if env is not None:
        value = attr.static(cx, expression(cx, env.value))
        if isinstance(value, dict) and all(re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", str(n)) for n in value):  # pyright: ignore
            limits.env = tuple((str(n), str(as_text(v))) for n, v in value.items())  # pyright: ignore
        elif value is not None:
            cx.error("E0203", env.value.span, "`env` is a record of names and texts")


def _collisions(cx: Context, task: Task) -> None:
    """Two files at one path, also where case does not count; and a file where another needs a folder."""
    seen: dict[str, str] = {}
    places = [(i.file.path, i.span) for i in task.inputs]
    places += [(path, d.span) for d in task.delivers if d.shape != "set" for path in d.paths]
    inputs = {folded(i.file.path) for i in task.inputs}
    for index, (path, span) in enumerate(places):
        key = folded(path)
        if key in seen and not (index >= len(task.inputs) and key in inputs):
            same = "this path" if seen[key] == path else f"`{seen[key]}`, which is the same where case does not count,"
            cx.error("E0706", span, f"{same} is taken already")
        seen.setdefault(key, path)
    for path, span in places:
        parent = folded(path)
        while "/" in parent:
            parent = parent.rsplit("/", 1)[0]
            if parent in seen:
                cx.error("E0706", span, f"`{path}` needs a folder where the file `{seen[parent]}` stands")


def _texts(cx: Context, task: Task, block: ast.Block) -> None:
    """Title, category, operations, instruction."""
    title = attr.attribute(block, "title")
    if title is not None:
        task.title = attr.template(cx, title.value, "`title`") or ""
    category = attr.attribute(block, "category")
    if category is not None:
        task.category = attr.dotted(cx, category.value, taxonomy.dotted(taxonomy.CATEGORIES), "category")
    operations = attr.attribute(block, "operations")
    if operations is not None:
        allowed = taxonomy.dotted(taxonomy.OPERATIONS)
        nodes = operations.value.items if isinstance(operations.value, ast.ListOf) else (operations.value,)
        task.operations = tuple(o for o in (attr.dotted(cx, n, allowed, "operation") for n in nodes) if o)
    task.persona = persona_text(cx, block)
    turns = [attr.attribute(t, "text") for t in block.items if isinstance(t, ast.Block) and t.kind.text == "turn"]
    told = [attr.template(cx, text.value, "`text`") if text is not None else None for text in turns]
    task.turns = [text or "" for text, turn in zip(told, turns) if turn is not None]
    task.turn_spans = [Span(*turn.value.span) for turn in turns if turn is not None]
    instruction = attr.attribute(block, "instruction")
    if instruction is None:
        return
    task.instruction_span = instruction.value.span
    filled = attr.template(cx, instruction.value, "`instruction`")
    raw = "\n".join(cx.source.slice(Span(*node.span)) for node in _told(block, instruction))
    task.instruction = filled or ""
    if (filled is None and isinstance(instruction.value, ast.Text)) or None in told:
        parts = [instruction.value if filled is None else filled]
        parts += [
            (turn.value if turn else ast.Broken(block.span)) if text is None else text
            for text, turn in zip(told, turns)
        ]
        task.stated = "\n\n".join(p if isinstance(p, str) else attr.partly_filled(cx, p) for p in parts)
    holes = " ".join(_HOLE.findall(raw.replace("{{{{", "")))
    asked = set(re.findall(r"\bpath\.(\w+)", holes))
    if task.stated:
        if any(cx.find(name) is None for name in asked):
            asked |= {d.name for d in task.delivers}  # a misspelt name may be meant for any of them
        asked |= set(re.findall(r"\w+", holes))  # a hole with a mistake may name a file otherwise
    named = {d.name for d in task.delivers
             if d.name in asked or mentioned(d.path, raw) or mentioned(d.path, task.told)}  # fmt: skip
    task.named_in_instruction = frozenset(named)


def _told(block: ast.Block, instruction: ast.Attribute) -> list[ast.Expr]:
    """The instruction and the later turns, as written."""
    turns = [i for i in block.items if isinstance(i, ast.Block) and i.kind.text == "turn"]
    return [instruction.value, *(text.value for t in turns if (text := attr.attribute(t, "text")) is not None)]
