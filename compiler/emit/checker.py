"""The checker script: sealed checks as readable Python over the primitives that they use."""

from __future__ import annotations

import builtins
import hashlib
import keyword
from decimal import Decimal
from typing import Any, NamedTuple

from clawc import __version__
from clawc.compiler.emit.lean import ROW_READERS
from clawc.compiler.emit.python_source import Printer, Shape, keyword_argument, layout, text
from clawc.compiler.emit.shake import shake
from clawc.compiler.emit.templating import render
from clawc.compiler.emit.vendor import vendor_files
from clawc.compiler.forms import forms_of, members_of
from clawc.compiler.model import CheckDecl, DeliverDecl, Task
from clawc.compiler.passes.seal import Sealer
from clawc.spec import core
from clawc.spec.core import Core
from clawc.stdlib.checks.kinds import plain


class CheckSource(NamedTuple):
    """One check as source: its function, docstring and body lines."""

    function: str
    doc: str
    body: list[str]


class CheckerFiles(NamedTuple):
    """The text of check.py, and the vendored modules that it imports, by their path in the vendor folder."""

    source: str
    vendor: dict[str, bytes]


def checker(task: Task, sealer: Sealer) -> CheckerFiles:
    """The checker script with what it needs beside it. Raises EvaluationFault."""
    printer = Printer({d.name: d.kind for d in task.delivers})
    checks = [_check(printer, check, sealer) for check in task.checks]
    deliverables = [_deliverable(printer, d) for d in task.delivers]
    constants = [(name, layout(printer.value(value), 0, len(name) + 3)) for name, value in printer.constants.items()]
    parts: dict[str, Any] = {
        "task": task.name,
        "title": one_line(task.title).replace("\\", "\\\\").replace('"""', "'''"),
        "version": __version__,
        "source": one_line(task.source.path.rsplit("/", 1)[-1]),
        "jobs": bool(task.context.task.jobs),
        "task_literal": text(task.name),
        "deliverables": deliverables,
        "inputs": [
            *((text(i.file.path), hashlib.sha256(i.data).hexdigest()) for i in sorted(task.inputs, key=_path)),
            *((text(f"{folder}/.git/"), "") for folder in task.repos),
        ],
        "constants": constants,
        "checks": checks,
        "table": [_row(check, task) for check in task.checks],
    }
    shaken = shake(render("check.py.j2", imports=[], primitives="", **parts))
    source = render("check.py.j2", imports=shaken.imports, primitives=_spaced(shaken.sources), **parts)
    return CheckerFiles(source, vendor_files(shaken.vendored))


def _path(item: Any) -> str:
    path: str = item.file.path
    return path


def one_line(value: str) -> str:
    """Text that may stand in a comment or docstring: one line, nothing that cannot be seen, nothing that ends it."""
    clear = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(value.split()))
    return clear[:200]


def _check(printer: Printer, check: CheckDecl, sealer: Sealer) -> CheckSource:
    expects = [(e, sealer.seal(e.core)) for e in check.expects]
    body: list[str] = []
    printer.locals.clear()
    used = _dynamic_lets([node for _, node in expects])
    for _, node in expects:
        printer.expression(node)  # collects the primitives, whose names no local may hide
    for ref in used:
        name = _local_name(
            ref.name, {local.removesuffix("()") for local in printer.locals.values()} | printer.primitives
        )
        source = layout(printer.expression(ref.value), 8, 15)
        # A function, so that what cannot be read fails only the conditions that use it.
        body += [f"def {name}():", *f"    return {source}".split("\n    "), ""]
        printer.locals[id(ref.value)] = f"{name}()"
    for expect, node in expects:
        # Only what sits before the thunk counts for the layout; the condition starts on a line of its own if long.
        head = f"yield {expect.line}, {text(expect.shown)}, lambda: "
        condition = printer.expression(node)
        flat = condition if isinstance(condition, str) else condition.flat()
        if len(head) + len(flat) + 4 <= 108:
            body.append(head + flat)
        else:
            body.append(head.removesuffix(" lambda: ") + " lambda: (")
            body.extend(("    " + layout(condition, 8, 8)).split("\n    "))
            body.append(")")
    if not body:
        body = ["yield from ()"]
    return CheckSource(_function(check.name), _docstring(check), body)


def _docstring(check: CheckDecl) -> str:
    doc = one_line(check.doc) or f"{check.kind.capitalize()} `{check.name}`."
    if check.because:
        doc += f" The instruction says: `{one_line(check.because)}`."
    return text(doc) if '"' in doc or "\\" in doc else f'"""{doc}"""'


def _function(name: str) -> str:
    return f"check_{name}"


def _local_name(name: str, taken: set[str]) -> str:
    while name in taken or _is_reserved(name):
        name += "_"
    return name


def _is_reserved(name: str) -> bool:
    return keyword.iskeyword(name) or hasattr(builtins, name) or name == "ws"


def _dynamic_lets(nodes: list[Core]) -> list[core.LetRef]:
    """Names that stay in the checker, each after those that it uses."""
    found: dict[int, core.LetRef] = {}

    def visit(node: Core) -> None:
        if isinstance(node, core.LetRef) and id(node.value) in found:
            return
        for child in core.children(node):
            visit(child)
        if isinstance(node, core.LetRef) and node.dynamic and not node.free:
            found.setdefault(id(node.value), node)

    for node in nodes:
        visit(node)
    return list(found.values())


def _deliverable(printer: Printer, deliver: DeliverDecl) -> str:
    forms: list[Shape | str] = []
    for form in forms_of(deliver):
        args = [printer.value(argument) for argument in form.args]
        reader = ROW_READERS.get(deliver.kind)
        if form.function == "require_columns" and reader is not None:
            forms.append(Shape("lambda file: require_columns_in(", [f"{reader}(file)", "file", *args], ")"))
        else:
            forms.append(Shape(f"lambda file: {form.function}(", ["file", *args], ")") if args else form.function)
    parts: list[Shape | str] = [text(deliver.name), text(deliver.path), text(deliver.kind)]
    if forms:
        parts.append(Shape("[", forms, "]"))
    if deliver.shape == "file":
        return layout(Shape("Deliverable(", parts, ")"), 4, 4, 1)
    if deliver.shape == "set":
        printer.primitives.add("FileSet")
        parts += [f"least={deliver.least}"] if deliver.least else []
        parts += [f"most={deliver.most}"] if deliver.most is not None else []
        return layout(Shape("FileSet(", parts, ")"), 4, 4, 1)
    printer.primitives.add("Family")
    parts.append(keyword_argument("members", printer.value(members_of(deliver))))
    parts += ["only=True"] if deliver.only else []
    return layout(Shape("Family(", parts, ")"), 4, 4, 1)


def _row(check: CheckDecl, task: Task) -> str:
    parts = [text(check.name), _function(check.name)]
    if check.kind != "check":
        parts.append(f'kind="{check.kind}"')
    elif check.weight != Decimal(1):
        parts.append(f'weight="{plain(check.weight)}"')
    if check.partial:
        parts.append("partial=True")
    if check.after:
        parts.append("after=[" + ", ".join(text(a) for a in check.after) + "]")
    if check.name in task.floors:
        parts.append(f'floor="{plain(task.floors[check.name])}"')
    return f"Check({', '.join(parts)})"


def _spaced(sources: list[str]) -> str:
    """Definitions with two blank lines between them, and none between constants of one line."""
    parts: list[str] = []
    for before, source in zip(["", *sources], sources):
        single = "\n" not in source and "\n" not in before
        parts.append(("\n" if single else "\n\n\n") + source if parts else source)
    return "".join(parts)
