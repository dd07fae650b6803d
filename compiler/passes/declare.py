"""Blocks to declarations: files, deliverables, names. Expectations are left to `judge_blocks`."""

from __future__ import annotations

import re
from decimal import Decimal

from clawc.compiler.elaborate.context import (
    BrokenBinding,
    Context,
    DefBinding,
    DeliverableBinding,
    InputBinding,
    LetBinding,
)
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.elaborate.literals import plain_text, text_pieces
from clawc.compiler.model import DeliverDecl, InputFile, Task
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.shape import known
from clawc.compiler.paths import folded, kind_of, path_problem
from clawc.compiler.render import bytes_of
from clawc.spec import ast, taxonomy
from clawc.spec.ast import Span
from clawc.spec.blocks import FORMATS
from clawc.stdlib.checks.values import File

RESERVED = ("path", "param", "workspace", "solution", "inputs")


def bind(cx: Context, name: ast.Ident, binding: object) -> bool:
    """Gives a name to something, once."""
    if name.text in RESERVED:
        cx.error("E0307", name.span, f"`{name.text}` is a name of the language; choose another")
        return False
    if name.text in cx.names:
        if not isinstance(cx.names[name.text], BrokenBinding):
            cx.error("E0303", name.span, f"`{name.text}` is defined twice", "choose another name")
        return False
    cx.names[name.text] = binding  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
    return True


def bind_statements(cx: Context, items: tuple[ast.Item, ...]) -> None:
    """`let` and `def` of a block, in any order of use; names of broken items are known, so uses stay silent."""
    for item in items:
        if isinstance(item, ast.Let):
            bind(cx, item.name, LetBinding(item.name.text, item.value, cx, item.span))
        elif isinstance(item, ast.Def):
            params = tuple(p.text for p in item.params)
            bind(cx, item.name, DefBinding(item.name.text, params, item.body, cx, item.span))
        elif isinstance(item, ast.BrokenItem):
            for name in item.names:
                cx.names[name] = BrokenBinding()


def declare(cx: Context, block: ast.Block, edition: int) -> Task:
    """The task of a block, up to its instruction."""
    name = block.labels[0].text if block.labels and isinstance(block.labels[0], ast.Ident) else "task"
    task = Task(name, cx.source, cx, block.head, edition, block.doc)
    bind_statements(cx, block.items)
    blocks = [i for i in block.items if isinstance(i, ast.Block) and known(i, "task")]
    _bind_unread(cx, block, "task")
    for inner in blocks:
        if inner.kind.text == "workspace":
            _bind_unread(cx, inner, "workspace")
            for file in inner.items:
                if isinstance(file, ast.Block) and known(file, "workspace"):
                    _file(cx, task, file)
    for inner in blocks:
        if inner.kind.text == "deliver":
            _deliver(cx, task, inner)
        elif inner.kind.text == "environment":
            _environment(cx, task, inner)
    _collisions(cx, task)
    _texts(cx, task, block)
    return task


def _bind_unread(cx: Context, block: ast.Block, parent: str) -> None:
    """Names that stand in what was reported and left out are known, so their uses stay silent."""
    for item in block.items:
        if isinstance(item, ast.BrokenItem):
            names: tuple[str, ...] = item.names
        elif isinstance(item, ast.Block) and (not known(item, parent) or not _labelled(item)):
            names = tuple(label.text for label in item.labels if isinstance(label, ast.Ident))
        else:
            continue
        for name in names:
            cx.names.setdefault(name, BrokenBinding())


def _labelled(block: ast.Block) -> bool:
    """Are the labels of a file or deliverable a name and a path? Other blocks give no names."""
    if block.kind.text not in ("file", "deliver"):
        return True
    return len(block.labels) == 2 and isinstance(block.labels[0], ast.Ident) and isinstance(block.labels[1], ast.Text)


def _path_label(cx: Context, label: ast.Ident | ast.Text) -> str | None:
    """The path, also one that was reported as unsafe: what is wrong behind it is still found."""
    if isinstance(label, ast.Ident):
        return None
    path = attr.template(cx, label, "a path")
    if path is None:
        return None
    problem = path_problem(path)
    if problem:
        cx.error("E0701", label.span, f"the path `{path[:80]}` {problem}")
    return path


def _file(cx: Context, task: Task, block: ast.Block) -> None:
    if len(block.labels) != 2 or not isinstance(block.labels[0], ast.Ident):
        return
    name = block.labels[0]
    path = _path_label(cx, block.labels[1])
    data: bytes | None = None
    content, source = attr.attribute(block, "content"), attr.attribute(block, "from")
    if path is None:
        cx.names.setdefault(name.text, BrokenBinding())
        return
    if content is not None and source is not None:
        cx.error("E0206", source.name.span, "a file has either `content` or `from`, not both")
    if content is not None and isinstance(content.value, ast.Text):
        pieces = text_pieces(cx, content.value, template=False)
        data = "".join(p.text for p in pieces).encode("utf-8", "surrogatepass")
    elif content is not None:
        value = attr.static(cx, expression(cx, content.value))
        data = None if value is None else bytes_of(value)
    elif source is not None:
        asset = plain_text(cx, source.value, "`from`")
        data = None if asset is None else cx.task.assets.read(cx, asset, source.value.span)
    elif not path_problem(path) and not any(isinstance(i, ast.BrokenItem) for i in block.items):
        data = cx.task.assets.read(cx, path, block.labels[1].span)
    if data is None:
        cx.names.setdefault(name.text, BrokenBinding())
        return
    file = File(name.text, path, kind_of(path), data)
    if bind(cx, name, InputBinding(file, block.head)):
        cx.task.inputs[name.text] = file
        task.inputs.append(InputFile(file, attr.flag(cx, block, "executable"), block.head))


def _deliver(cx: Context, task: Task, block: ast.Block) -> None:
    if len(block.labels) != 2 or not isinstance(block.labels[0], ast.Ident):
        return
    name = block.labels[0]
    path = _path_label(cx, block.labels[1])
    if path is None:
        cx.names.setdefault(name.text, BrokenBinding())
        return
    if "*" in path:
        cx.error("E0207", block.labels[1].span, "sets of files are not in this version")
    kind = _format(cx, block, path)
    columns, keys, sections = (attr.texts(cx, block, n) for n in ("columns", "keys", "sections"))
    for given, what, kinds in (
        (columns, "columns", ("csv", "tsv", "json", "jsonl", "markdown", "xlsx")),
        (keys, "keys", ("json",)),
        (sections, "sections", ("markdown", "text")),
    ):
        if given is not None and kind not in kinds:
            found = attr.attribute(block, what)
            assert found is not None
            cx.error("E0212", found.name.span, f"a file of format {kind} has no {what}",
                     f"`{what}` belongs to {', '.join(kinds)}")  # fmt: skip
    binding = DeliverableBinding(name.text, path, kind, columns, sections, block.head)
    same = next((i for i in task.inputs if folded(i.file.path) == folded(path)), None)
    if same is not None:
        cx.error("E0705", block.labels[1].span, f"this path is the input `{same.file.name}`",
                 "choose another path; editing inputs in place (`edits`) is not in this version")  # fmt: skip
    if bind(cx, name, binding):
        task.delivers.append(
            DeliverDecl(name.text, path, kind, columns, keys, sections, attr.flag(cx, block, "extra_columns"),
                        attr.flag(cx, block, "column_order"), binding, block.head)
        )  # fmt: skip


def _format(cx: Context, block: ast.Block, path: str) -> str:
    kind = attr.attribute(block, "kind")
    if kind is not None:
        if isinstance(kind.value, ast.Ident) and kind.value.text == "program":
            return "program"
        cx.error("E0203", kind.value.span, "`kind` can be `program`; formats are given by `format`")
    found = attr.attribute(block, "format")
    if found is None:
        return kind_of(path)
    value = found.value.text if isinstance(found.value, ast.Ident) else None
    if value is None and isinstance(found.value, ast.Text):
        value = plain_text(cx, found.value, "`format`")
    if value in FORMATS:
        return str(value)
    if not isinstance(found.value, ast.Broken):
        cx.error("E0213", found.value.span, f"unknown format `{cx.source.slice(found.value.span)}`",
                 "formats: " + ", ".join(FORMATS))  # fmt: skip
    return kind_of(path)


def _environment(cx: Context, task: Task, block: ast.Block) -> None:
    limits = task.limits
    limits.wall_s = attr.duration(cx, block, "timeout", limits.wall_s)
    limits.memory_bytes = attr.size(cx, block, "memory", limits.memory_bytes)
    limits.disk_bytes = attr.size(cx, block, "disk", limits.disk_bytes)
    limits.processes = int(attr.number(cx, block, "processes", Decimal(limits.processes), low=4, high=4096))
    limits.tools = attr.texts(cx, block, "tools") or ()


def _collisions(cx: Context, task: Task) -> None:
    """Two files at one path, also where case does not count; and a file where another needs a folder."""
    seen: dict[str, str] = {}
    places = [(i.file.path, i.span) for i in task.inputs] + [(d.path, d.span) for d in task.delivers]
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
    task.persona = attr.text(cx, block, "persona")
    instruction = attr.attribute(block, "instruction")
    if instruction is None:
        return
    task.instruction_span = instruction.value.span
    filled = attr.template(cx, instruction.value, "`instruction`")
    raw = cx.source.slice(Span(*instruction.value.span))
    task.instruction = filled or ""
    if filled is None and isinstance(instruction.value, ast.Text):
        task.stated = raw
    asked = set(re.findall(r"\bpath\.(\w+)", raw))
    if filled is None and any(cx.find(name) is None for name in asked):
        asked |= {d.name for d in task.delivers}  # a misspelt name may be meant for any of them
    named = {d.name for d in task.delivers if d.name in asked or d.path in raw or d.path in task.instruction}
    task.named_in_instruction = frozenset(named)
