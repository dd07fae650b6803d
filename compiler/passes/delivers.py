"""`deliver`: single files, files edited in place, sets by pattern, families over a table, files made by programs."""

from __future__ import annotations

import re
from decimal import Decimal

from clawc.compiler.elaborate.context import (
    BrokenBinding,
    Context,
    DeliverableBinding,
    InputBinding,
    TreeBinding,
    is_unsound,
    nearest,
    nearest_fix,
)
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.elaborate.jobs import command_job
from clawc.compiler.elaborate.literals import Piece, plain_text, text_pieces
from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind
from clawc.compiler.passes.contents import path_label
from clawc.compiler.paths import folded, kind_of, path_problem
from clawc.compiler.source import Fix
from clawc.spec import ast
from clawc.spec.blocks import FORMATS
from clawc.spec.core import Shape
from clawc.spec.types import TableType, phrase
from clawc.stdlib.checks.sets import family_key
from clawc.stdlib.checks.tables import table
from clawc.stdlib.checks.text import as_text

MAX_MEMBERS = 1_000
ALIASES = {"md": "markdown", "yml": "yaml", "txt": "text", "plain": "text", "excel": "xlsx", "xls": "xlsx", "python": "program",
           "py": "program", "db": "sqlite", "sql": "sqlite", "ical": "ics", "eml": "email", "mail": "email", "htm": "html"}  # fmt: skip
STRUCTURES = (
    ("columns", ("csv", "tsv", "json", "jsonl", "markdown", "xlsx")),
    ("keys", ("json", "yaml", "toml")),
    ("sections", ("markdown", "text")),
)


def deliver_block(cx: Context, task: Task, block: ast.Block) -> None:
    """One `deliver` block."""
    if len(block.labels) != 2 or not isinstance(block.labels[0], ast.Ident):
        return
    name, label = block.labels[0], block.labels[1]
    each = attr.attribute(block, "each")
    members: tuple[tuple[tuple[str, ...], str], ...] = ()
    key: tuple[str, ...] = ()
    path: str | None
    shape: Shape = "file"
    if each is not None and isinstance(label, ast.Text):
        family = _family(cx, label, each)
        path, key, members = family if family is not None else (None, (), ())
        shape = "family"
    else:
        path = path_label(cx, label, pattern=True)
        shape = "set" if path is not None and "*" in path else "file"
    for only_for, what in (("set", "min_files"), ("set", "max_files"), ("family", "only")):
        found = attr.attribute(block, what)
        if found is not None and shape != only_for and (path is not None or shape == "family"):
            wanted = "a path with `*`" if only_for == "set" else "`each`"
            cx.error("E0212", found.name.span, f"`{what}` belongs to a deliverable with {wanted}")
    if path is None:
        lost = DeliverableBinding(
            name.text, "", kind_of(cx.source.slice(label.span)[1:-1]), None, None, block.head, shape=shape
        )
        cx.names.setdefault(name.text, lost if shape == "family" else BrokenBinding())
        return
    if shape == "file" and _is_folder_edited(cx, block, label.span, path):
        path, shape = f"{path}/**", "set"
    kind = _format(cx, block, path)
    columns, keys, sections = (attr.texts(cx, block, n) for n in ("columns", "keys", "sections"))
    for given, (what, kinds) in zip((columns, keys, sections), STRUCTURES):
        if given is not None and kind not in kinds:
            found = attr.attribute(block, what)
            assert found is not None
            cx.error("E0212", found.name.span, f"a file of format {kind} has no {what}",
                     f"`{what}` belongs to {', '.join(kinds)}")  # fmt: skip
    edits = _edits(cx, task, block, label.span, path, shape)
    binding = DeliverableBinding(
        name.text, path, kind, columns, sections, block.head, shape=shape, edits=edits, keys=keys, key=key
    )
    if not bind(cx, name, binding):
        return
    cx.task.delivered[name.text] = binding
    most = attr.attribute(block, "max_files")
    decl = DeliverDecl(
        name.text, path, kind, columns, keys, sections, attr.flag(cx, block, "extra_columns"),
        attr.flag(cx, block, "column_order"), binding, block.head, edits,
        least=int(attr.number(cx, block, "min_files", Decimal(1))) if shape == "set" else 0,
        most=int(attr.number(cx, block, "max_files", Decimal(10_000))) if most is not None else None,
        members=members, only=attr.flag(cx, block, "only") if shape == "family" else False,
    )  # fmt: skip
    task.delivers.append(decl)


def made_by(cx: Context, task: Task, block: ast.Block) -> None:
    """`made_by` of a deliverable; every deliverable has its name by now, so commands can name each other's files."""
    given = attr.attribute(block, "made_by")
    label = block.labels[0] if block.labels else None
    if given is None or not isinstance(label, ast.Ident):
        return
    place = next((i for i, d in enumerate(task.delivers) if d.name == label.text), None)
    if place is None:
        return
    decl = task.delivers[place]
    if decl.shape != "file":
        cx.error("E0212", given.name.span, "`made_by` belongs to a deliverable that is one file")
        return
    job = command_job(cx, given.value, without=(decl.path,))
    if job is not None:
        number, argv = job
        decl.binding.job = number
        task.delivers[place] = DeliverDecl(
            decl.name, decl.path, decl.kind, decl.columns, decl.keys, decl.sections, decl.extra_columns,
            decl.column_order, decl.binding, decl.span, decl.edits, argv,
        )  # fmt: skip


def _is_folder_edited(cx: Context, block: ast.Block, span: ast.Span, path: str) -> bool:
    """Is this the path of the folder that is edited, where all its files are meant? It is reported then."""
    given = attr.attribute(block, "edits")
    found = cx.find(given.value.text) if given is not None and isinstance(given.value, ast.Ident) else None
    if not isinstance(found, TreeBinding) or found.folder != path:
        return False
    cx.error("E0705", span, f"`{path}` is a folder, which is edited by its files", f'write `"{path}/**"`',
             Fix(span, f'"{path}/**"', f'write `"{path}/**"`'))  # fmt: skip
    return True


def _edits(cx: Context, task: Task, block: ast.Block, span: ast.Span, path: str, shape: Shape) -> str:
    """The path of the input that is edited in place, or ""."""
    given = attr.attribute(block, "edits")
    same = next((i for i in task.inputs if folded(i.file.path) == folded(path)), None)
    if given is None:
        if same is not None:
            cx.error("E0705", span, f"this path is the input `{same.file.name}`; add `edits = {same.file.name}`",
                     f"to have it changed in place, add `edits = {same.file.name}`; else choose another path",
                     _with_edits(cx, block, same.file.name))  # fmt: skip
        return ""
    names = attr.idents(cx, given.value, "edits")
    if len(names) != 1:
        if names:
            cx.error("E0203", given.value.span, "`edits` takes one input")
        return ""
    found = cx.find(names[0].text)
    if isinstance(found, TreeBinding) and shape == "set":
        found.used = True
        if path != f"{found.folder}/**":
            cx.error("E0705", span, f"`{names[0].text}` is the folder `{found.folder}`", f'write "{found.folder}/**"')
        cx.task.edited |= {file.path for file in found.files.files.values()}
        return found.folder
    if isinstance(found, InputBinding) and shape == "file":
        found.used = True
        if found.file.path != path:
            cx.error("E0705", span, f"`{names[0].text}` is `{found.file.path}`, not `{path}`",
                     "a file that is edited in place keeps its path")  # fmt: skip
        cx.task.edited.add(found.file.path)
        return found.file.path
    if isinstance(found, InputBinding):
        found.used = True
        cx.error(
            "E0705",
            span,
            f"`{names[0].text}` is the file `{found.file.path}`, and this is a path of many files",
            f'write `"{found.file.path}"`',
        )
    elif isinstance(found, TreeBinding):
        found.used = True
        cx.error("E0705", span, f"`{names[0].text}` is the folder `{found.folder}`", f'write `"{found.folder}/**"`')
    elif not isinstance(found, BrokenBinding):
        known = [n for n in cx.all_names() if isinstance(cx.find(n), (InputBinding, TreeBinding))]
        cx.error("E0301", names[0].span, f"`{names[0].text}` is no input that this path can edit{nearest(names[0].text, known)}",
                 "a file edits a `file`, and a path that ends in `/**` edits a `tree`",
                 nearest_fix(names[0].text, known, names[0].span))  # fmt: skip
    return ""


def _with_edits(cx: Context, block: ast.Block, name: str) -> Fix:
    """The edit that adds `edits` to a block."""
    title = f"add `edits = {name}`"
    if not block.has_body:
        return Fix(ast.Span(block.head.end, block.head.end), f" {{ edits = {name} }}", title)
    at = cx.source.text.index("{", block.head.end) + 1
    return Fix(ast.Span(at, at), f" edits = {name};" if block.items else f" edits = {name} ", title)


def _family(
    cx: Context, label: ast.Text, each: ast.Attribute
) -> tuple[str, tuple[str, ...], tuple[tuple[tuple[str, ...], str], ...]] | None:
    """The pattern of a family, the columns that name its files, and key and path of each; None after a diagnostic."""
    rows = expression(cx, each.value)
    pieces = text_pieces(cx, label, template=True)
    if all(piece.hole is None for piece in pieces):
        columns = rows.type.names if isinstance(rows.type, TableType) else []
        cx.error("E0203", label.span, "the path of a family names a column",
                 f'such as "out/{{{{ {columns[0] if columns else "column"} }}}}.txt"')  # fmt: skip
        return None
    if is_unsound(rows):
        if isinstance(rows.type, TableType) and not rows.type.open:
            _family_columns(cx, pieces, rows.type.names)
        return None
    if not isinstance(rows.type, TableType):
        cx.error("E0203", each.value.span, f"`each` takes a table, not {phrase(rows.type)}")
        return None
    value = attr.static(cx, rows)
    if value is None:
        return None
    listed = table(value)
    if not _family_columns(cx, pieces, list(listed.columns)):
        return None
    pattern, key = "", list[str]()
    for piece in pieces:
        if piece.hole is None:
            pattern += piece.text
            continue
        key.append(cx.source.slice(piece.hole).strip())
        pattern += "*"
    if len(listed.rows) > MAX_MEMBERS:
        cx.error("E0203", each.value.span, f"a family has at most {MAX_MEMBERS} files")
        return None
    members: dict[tuple[str, ...], str] = {}
    for row in listed.rows:
        values = [as_text(row.get(c)) for c in key]
        spelled = iter(values)
        path = "".join(p.text if p.hole is None else next(spelled) for p in pieces)
        problem = path_problem(path) or ("has a `/` out of a column" if any("/" in v for v in values) else "")
        if problem:
            cx.error("E0701", label.span, f"the path `{path[:80]}` {problem}")
            return None
        made = family_key(values)
        if made in members or folded(path) in (folded(p) for p in members.values()):
            cx.error("E0706", label.span, f"two rows of `each` have the path `{path}`",
                     "name the columns that tell the rows apart")  # fmt: skip
            return None
        members[made] = path
    return pattern, tuple(key), tuple(members.items())


def _family_columns(cx: Context, pieces: list[Piece], columns: list[str]) -> bool:
    """Is every hole of the path of a family a column of its table? What is not is reported."""
    good = True
    for piece in pieces:
        column = "" if piece.hole is None else cx.source.slice(piece.hole).strip()
        if piece.hole is not None and column not in columns:
            cx.error("E0402", piece.hole, f"unknown column `{column}`{nearest(column, columns)}",
                     "the path of a family names columns of `each`: " + ", ".join(columns[:12]),
                     nearest_fix(column, columns, piece.hole, " {} "))  # fmt: skip
            good = False
    return good


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
        given = cx.source.slice(found.value.span).strip('"')
        meant = ALIASES.get(given.casefold(), given)
        cx.error("E0213", found.value.span, f"unknown format `{given}`{nearest(meant, FORMATS)}",
                 "formats: " + ", ".join(FORMATS), nearest_fix(meant, FORMATS, found.value.span))  # fmt: skip
    return kind_of(path)


def mentioned(path: str, text: str) -> bool:
    """Does a text name the path of a deliverable? A pattern is named by its folder."""
    fixed = re.split(r"\*", path)[0].rstrip("/")
    return path in text or ("*" in path and bool(fixed) and fixed in text)
