"""The workspace builder: a standard-library script that writes the input files."""

from __future__ import annotations

import base64
import os

from clawc import __version__
from clawc.compiler.emit.checker import one_line
from clawc.compiler.emit.python_source import text
from clawc.compiler.emit.templating import render
from clawc.compiler.model import InputFile, Task


def builder(task: Task) -> str:
    """The text of build.py."""
    files = [_file(i) for i in sorted([*task.inputs, *task.placed], key=lambda i: i.file.path)]
    source = one_line(task.source.path.rsplit("/", 1)[-1])
    links = [(text(path), text(os.path.relpath(to, os.path.dirname(path) or "."))) for path, to in task.links]
    return render("build.py.j2", task=task.name, version=__version__, source=source, files=files, links=links)


def _file(item: InputFile) -> dict[str, str]:
    kind, content = "text", ""
    try:
        decoded = item.data.decode("utf-8")
        lines = decoded.splitlines(keepends=True)
        content = text(decoded) if len(lines) <= 1 else (
            "(\n" + "".join(f"        {text(line)}\n" for line in lines) + "    )")  # fmt: skip
    except UnicodeDecodeError:
        kind, content = "base64", text(base64.b64encode(item.data).decode("ascii"))
    mode = f"0o{item.mode:o}"
    return {"path": text(item.file.path), "mode": mode, "kind": text(kind), "content": content}
