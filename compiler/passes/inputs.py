"""`workspace`: the files, trees and links that the agent finds, and the hidden files that only the checker has."""

from __future__ import annotations

import json
import re

from clawc.compiler.elaborate.context import BrokenBinding, Context, InputBinding, TreeBinding, nearest, nearest_fix
from clawc.compiler.model import InputFile, Task
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind
from clawc.compiler.passes.contents import file_content, path_label, stated
from clawc.compiler.passes.reusable import included
from clawc.compiler.passes.shape import known
from clawc.compiler.paths import kind_of, path_problem
from clawc.spec import ast
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import File

ENCODINGS = {"utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "latin-1": "latin-1", "utf-16": "utf-16-le"}
LINE_ENDS = ("lf", "crlf")


def workspace_block(cx: Context, task: Task, block: ast.Block) -> None:
    """The inputs of one `workspace` block, after those that it includes."""
    for taken in included(cx, block, "workspace"):
        # The names of the files are names of the task, wherever they are written.
        taken.cx.names = cx.names
        workspace_block(taken.cx, task, taken.block)
    for item in block.items:
        if isinstance(item, ast.Block) and known(item, "workspace"):
            if item.kind.text == "skill":
                skill_block(cx, task, item)
                continue
            if len(item.labels) != 2 or not isinstance(item.labels[0], ast.Ident):
                continue
            path = path_label(cx, item.labels[1])
            if path is None:
                cx.names.setdefault(item.labels[0].text, BrokenBinding())
            elif item.kind.text == "file":
                _file(cx, task, item, item.labels[0], path)
            elif item.kind.text == "tree":
                _tree(cx, task, item, item.labels[0], path)
            elif item.kind.text == "repo":
                from clawc.compiler.passes.repos import repo_block  # few tasks have a history

                repo_block(cx, task, item, item.labels[0], path)
            elif item.kind.text == "link":
                _link(cx, task, item, item.labels[0], path)


def _file(cx: Context, task: Task, block: ast.Block, name: ast.Ident, path: str) -> None:
    data = file_content(cx, block, path)
    written = None if data is None else _encoded(cx, block, data)
    if data is None or written is None:
        cx.names.setdefault(name.text, BrokenBinding())
        return
    file = File(name.text, path, kind_of(path), written)
    read = file if written is data else File(name.text, path, kind_of(path), data)  # queries read the text
    if bind(cx, name, InputBinding(read, block.head)):
        item = InputFile(file, _mode(cx, block), block.head)
        if attr.flag(cx, block, "hidden"):
            task.hidden.append(item)
        else:
            cx.task.inputs[name.text] = file
            task.inputs.append(item)


def _encoded(cx: Context, block: ast.Block, data: bytes) -> bytes | None:
    """The bytes of a file by its `encoding` and `line_ends`: the same object where nothing changes; None after a diagnostic."""
    given = {n: found for n in ("encoding", "line_ends") if (found := attr.attribute(block, n)) is not None}
    if not given:
        return data
    chosen: dict[str, str] = {}
    for name, found in given.items():
        value = stated(cx, found.value, f"`{name}`")
        known = ENCODINGS if name == "encoding" else LINE_ENDS
        if value is None:
            return None
        if value not in known:
            cx.error("E0203", found.value.span, f"`{name}` is one of {', '.join(known)}{nearest(value, known)}", "",
                     nearest_fix(value, known, found.value.span, '"{}"'))  # fmt: skip
            return None
        chosen[name] = value
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        at = next(iter(given.values())).name.span
        cx.error("E0702", at, f"the content is not UTF-8 text (byte {error.start}), so it has no other encoding")
        return None
    if chosen.get("line_ends") == "crlf":
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    try:
        mark = "\ufeff" if chosen.get("encoding") == "utf-16" else ""
        return (mark + text).encode(ENCODINGS[chosen.get("encoding", "utf-8")])
    except UnicodeEncodeError as error:
        cx.error("E0203", given["encoding"].value.span, f"`{text[error.start]}` of the content cannot be written in {chosen['encoding']}",
                 "write utf-8 or utf-16, or other texts")  # fmt: skip
        return None


def _mode(cx: Context, block: ast.Block) -> int:
    """Permission bits; without set-id bits, and the owner can always read."""
    given = attr.attribute(block, "mode")
    executable = attr.flag(cx, block, "executable")
    if given is None:
        return 0o755 if executable else 0o644
    value = stated(cx, given.value, "`mode`")
    if value is None:
        return 0o644
    if not re.fullmatch(r"0?[4-7][0-7][0-7]", value):
        cx.error("E0203", given.value.span, '`mode` is three octal digits such as "0600"; the owner can read')
        return 0o644
    return int(value, 8)


def _tree(cx: Context, task: Task, block: ast.Block, name: ast.Ident, folder: str) -> None:
    source = attr.attribute(block, "from")
    asset = folder if source is None else stated(cx, source.value, "`from`")
    span = block.labels[1].span if source is None else source.value.span
    found = None if asset is None or path_problem(folder) else cx.task.assets.tree(cx, asset, span)
    if found is None:
        cx.names.setdefault(name.text, BrokenBinding())
        return
    files: dict[str, File] = {}
    for inner, (data, _) in sorted(found.items()):
        path = f"{folder}/{inner}"
        if path_problem(path):
            cx.error("E0701", span, f"the path `{path[:80]}` {path_problem(path)}")
            continue
        # Named by its path in the tree; the file of the workspace carries its own.
        files[inner] = File(inner, path, kind_of(path), data)
    _add_tree(cx, task, name, folder, files, {inner for inner in files if found[inner][1]}, block.head)


def _add_tree(
    cx: Context, task: Task, name: ast.Ident, folder: str, files: dict[str, File], programs: set[str], span: ast.Span
) -> None:
    """A tree under its name; `programs` may be run."""
    if bind(cx, name, TreeBinding(name.text, folder, Files(folder, files), span)):
        for inner, file in files.items():
            cx.task.inputs[f"{name.text}/{inner}"] = file
            task.inputs.append(InputFile(file, 0o755 if inner in programs else 0o644, span))


def _link(cx: Context, task: Task, block: ast.Block, name: ast.Ident, path: str) -> None:
    """A symbolic link to an input; reading it reads the input."""
    given = attr.attribute(block, "to")
    names = attr.idents(cx, given.value, "to") if given is not None else []
    target = cx.find(names[0].text) if len(names) == 1 else None
    if isinstance(target, (InputBinding, TreeBinding)):
        target.used = True
        where = target.file.path if isinstance(target, InputBinding) else target.folder
        if bind(cx, name, target):
            task.links.append((path, where))
        return
    cx.names.setdefault(name.text, BrokenBinding())
    if names and not isinstance(target, BrokenBinding):
        known = [n for n in cx.all_names() if isinstance(cx.find(n), (InputBinding, TreeBinding))]
        cx.error("E0301", names[0].span, f"`{names[0].text}` is no `file` or `tree` above this link{nearest(names[0].text, known)}",
                 "", nearest_fix(names[0].text, known, names[0].span))  # fmt: skip


def skill_block(cx: Context, task: Task, block: ast.Block) -> None:
    """`skill NAME`: a folder of assets, or a `SKILL.md` with a description and a body."""
    name = block.labels[0] if len(block.labels) == 1 else None
    if not isinstance(name, ast.Ident):
        return
    folder = f"skills/{name.text}"
    source, content = attr.attribute(block, "from"), attr.attribute(block, "content")
    files: dict[str, File] = {}
    programs: set[str] = set()
    if source is not None:
        asset = stated(cx, source.value, "`from`")
        found = None if asset is None else cx.task.assets.tree(cx, asset, source.value.span)
        for inner, (data, executable) in sorted((found or {}).items()):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            files[inner] = File(inner, f"{folder}/{inner}", kind_of(inner), data)  # pyright: ignore[reportUnknownArgumentType]
            programs |= {inner} if executable else set()
        if found is not None and "SKILL.md" not in found:
            cx.error(
                "E0703",
                source.value.span,
                f"there is no `SKILL.md` in `{asset}`",
                "a skill is described in its `SKILL.md`",
            )
    elif content is not None:
        body = file_content(cx, block, folder)
        description = " ".join(attr.text(cx, block, "description").split())
        if not description:
            cx.error("E0208", block.head, f"the skill `{name.text}` lacks `description`")
        head = f"---\nname: {name.text}\ndescription: {json.dumps(description, ensure_ascii=False)}\n---\n\n"
        files["SKILL.md"] = File("SKILL.md", f"{folder}/SKILL.md", "markdown", head.encode() + (body or b""))
    else:
        cx.error("E0208", block.head, f"the skill `{name.text}` has neither `from` nor `content`")
    if not files:
        cx.names.setdefault(name.text, BrokenBinding())
        return
    _add_tree(cx, task, name, folder, files, programs, block.head)
    found_binding = cx.names.get(name.text)
    if isinstance(found_binding, TreeBinding):
        found_binding.used = True  # a skill is there for the agent, not for a query
