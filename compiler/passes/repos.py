"""`repo`: a folder of the workspace with its git history. What is checked out are inputs; the history is only there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from clawc.compiler.elaborate.context import BrokenBinding, Context, TreeBinding
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.git_objects import Commit, history
from clawc.compiler.model import InputFile, Task
from clawc.compiler.passes import attributes as attr
from clawc.compiler.passes.bind import bind
from clawc.compiler.passes.contents import file_content, path_label
from clawc.compiler.passes.shape import known
from clawc.compiler.paths import kind_of, path_problem
from clawc.compiler.repository import Repository
from clawc.spec import ast
from clawc.stdlib.checks.values import File, Table

MAX_COMMITS = 200
COLUMNS = ("id", "author", "email", "at", "message", "files")
_PERSON = re.compile(r"([^<>\n]*[^<>\s])\s*<([^<>\s]+)>")


def repo_block(cx: Context, task: Task, block: ast.Block, name: ast.Ident, folder: str) -> None:
    """One `repo`: its commits in order."""
    commits: list[Commit] = []
    changed: list[list[str]] = []
    files: dict[str, tuple[bytes, bool]] = {}
    blocks = [b for b in block.items if isinstance(b, ast.Block) and known(b, "repo")]
    if not blocks:
        cx.error("E0208", block.head, f"`repo {name.text}` lacks a `commit`", 'write `commit "message" { … }`')
    if len(blocks) > MAX_COMMITS:
        cx.error("E0704", block.head, f"a `repo` has at most {MAX_COMMITS} commits")
    for item in blocks[:MAX_COMMITS]:
        before = dict(files)
        made = _commit(cx, item, files)
        if made is not None:
            commits.append(made)
            changed.append(sorted(p for p in {*before, *files} if before.get(p) != files.get(p)))
    if len(commits) < len(blocks) or not blocks:
        cx.names.setdefault(name.text, BrokenBinding())
        return
    made_history = history(commits)
    table = Table(COLUMNS, [
        (id, c.author, c.email, c.at, c.message.strip(), paths)
        for id, c, paths in zip(made_history.ids, commits, changed, strict=True)
    ], [1] * len(commits))  # fmt: skip
    held = {inner: File(inner, f"{folder}/{inner}", kind_of(inner), data) for inner, (data, _) in sorted(files.items())}
    if bind(cx, name, TreeBinding(name.text, folder, Repository(folder, held, table), block.head)):
        for inner, file in held.items():
            cx.task.inputs[f"{name.text}/{inner}"] = file
            task.inputs.append(InputFile(file, 0o755 if files[inner][1] else 0o644, block.head))
        task.repos.append(folder)
        for inner, data in sorted(made_history.files.items()):
            path = f"{folder}/.git/{inner}"
            task.placed.append(InputFile(File(path, path, "text", data), 0o644, block.head))


def _commit(cx: Context, block: ast.Block, files: dict[str, tuple[bytes, bool]]) -> Commit | None:
    """One commit, applied to `files`; None after a diagnostic."""
    message = block.labels[0] if len(block.labels) == 1 else None
    words = attr.template(cx, message, "a message") if isinstance(message, ast.Text) else None
    given = attr.attribute(block, "at")
    at: Any = attr.static(cx, expression(cx, given.value)) if given is not None else None
    if given is not None and at is not None and not isinstance(at, datetime):
        cx.error("E0203", given.value.span, "`at` is a date with time, such as `@2026-01-31T09:30Z`")
        at = None
    author = attr.text(cx, block, "author", "Someone <someone@example.com>")
    person = _PERSON.fullmatch(author.strip())
    if person is None:
        cx.error("E0203", block.head, '`author` is a name and an address: "Ana Berg <ana@example.com>"')
    good = _change(cx, block, files)
    if words is None or person is None or not isinstance(at, datetime) or not good:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return Commit(words, person[1], person[2], at, dict(files))


def _change(cx: Context, block: ast.Block, files: dict[str, tuple[bytes, bool]]) -> bool:
    """What a commit writes and removes; False after a diagnostic."""
    good = True
    for item in block.items:
        if isinstance(item, ast.Block) and known(item, "commit") and len(item.labels) == 1:
            path = path_label(cx, item.labels[0])
            data = file_content(cx, item, path) if path is not None else None
            if path is None or data is None or path_problem(path):
                good = False
            elif any(p.startswith(path + "/") or path.startswith(p + "/") for p in files):
                cx.error("E0706", item.head, f"`{path}` is both a file and a folder in this commit")
                good = False
            else:
                files[path] = (data, attr.flag(cx, item, "executable"))
    for path in attr.texts(cx, block, "remove") or ():
        if path not in files:
            cx.error("E0703", block.head, f"there is no file `{path}` to remove in this commit")
            good = False
        files.pop(path, None)
    return good
