"""What a text gives: its colours, what is wrong with it, and of each sound task all that it compiles to, as JSON data.

These functions run in a child that is bounded; offsets and columns in what they say are those of a browser (UTF-16).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clawc.compiler.assets import Assets, DiskAssets, NoAssets
from clawc.compiler.finding import Finding, finding
from clawc.compiler.format.formatting import formatted
from clawc.compiler.pipeline import Checked, Compiled, build, check
from clawc.runtime.playground.highlight import Utf16, marks, python_marks
from clawc.runtime.web.shell import seen
from clawc.spec import bundle as spec
from clawc.spec.diagnostics import BY_CODE

if TYPE_CHECKING:
    from clawc.compiler.emit.bundle import BundleFiles

# Characters of a file, and bytes of one that is no text, that are shown; files of a task; tasks of a text.
_SHOWN = 200_000
_HEX = 512
_FILES = 200
_TASKS = 20
# The line that parts the library from the task, in the template of checkers.
_THE_TASK = re.compile(r"^# =+ The task =+$", re.MULTILINE)
_GROUPS = (
    (f"{spec.WORKSPACE}/", "workspace"),
    (f"{spec.SOLUTION_FILES}/", "expected"),
    (f"{spec.VENDOR}/", "vendored"),
    (f"{spec.RUBRIC}/", "rubric"),
)


def answered(job: Mapping[str, Any]) -> Iterator[object]:
    """The colours at once, then the diagnostics, then what was compiled; `job` has `text`, `path` and `root` (or "")."""
    text = str(job["text"])
    wide = Utf16(text)
    yield {"marks": [[wide(m.start), wide(m.end), m.kind] for m in marks(text)]}
    checked = check(str(job["path"]), text, assets_of(job))
    yield {"found": [shown(finding(d), wide, job) for d in checked.diagnostics],
           "allowed": [shown(finding(d, why), wide, job) for d, why in checked.allowed]}  # fmt: skip
    yield {"tasks": [_task(checked, compiled) for compiled in checked.tasks[:_TASKS]]}


def formatted_text(job: Mapping[str, Any]) -> Iterator[object]:
    """The text in the one layout, or why it was left as it is."""
    result = formatted(str(job["path"]), str(job["text"]))
    yield {"text": result.text, "left": seen(result.left)}


def assets_of(job: Mapping[str, Any]) -> Assets:
    """Files beside the text: those of the project, or none."""
    return DiskAssets(Path(str(job["root"]))) if job["root"] else NoAssets()


def shown(f: Finding, wide: Utf16, job: Mapping[str, Any]) -> dict[str, Any]:
    """A finding; `start` and `end` are null for one of another file."""
    here = f.path == job["path"]
    made: dict[str, Any] = {
        "code": f.code, "severity": f.severity, "title": f.title, "message": seen(f.message), "help": seen(f.help), "why": seen(f.reason),
        "line": f.start.line, "column": wide(f.start.offset) - wide(f.start.offset - f.start.column + 1) + 1 if here else f.start.column,
        "path": "" if here else _relative(f.path, str(job["root"])), "start": None, "end": None, "fix": None,
        "explained": BY_CODE[f.code].explanation,
    }  # fmt: skip
    if here:
        made["start"], made["end"] = wide(f.start.offset), wide(f.end.offset)
        if f.fix is not None:
            made["fix"] = {
                "title": seen(f.fix.title), "start": wide(f.fix.start), "end": wide(f.fix.end), "text": f.fix.replacement,
            }  # fmt: skip
    return made


def _relative(path: str, root: str) -> str:
    return seen(os.path.relpath(path, root) if root and os.path.isabs(path) else path)


def _task(checked: Checked, compiled: Compiled) -> dict[str, Any]:
    task = compiled.task
    made = build(compiled)
    return {
        "name": task.name, "title": seen(task.title), "line": checked.source.position(task.span.start)[0], "id": made.manifest.id,
        "oracle": made.manifest.oracle, "imported": seen(task.imported), "seed": task.seed if task.drawn else None,
        "params": [[seen(name), seen(value)] for name, value in task.params],
        "turns": [seen(task.instruction), *map(seen, task.turns)],
        "checks": [_check(c) for c in made.manifest.scoring.checks],
        "delivers": [{"name": d.name, "path": seen(d.path), "kind": d.kind} for d in made.manifest.deliverables],
        "steps": [_step(s) for s in compiled.witness.steps],
        **_checker(made.files[spec.CHECKER].decode()), "files": list(_files(made)),
        "links": [[seen(a), seen(b)] for a, b in task.links],
    }  # fmt: skip


def _checker(source: str) -> dict[str, Any]:
    """The part of a checker that is about its task with its colours, apart from the library above it."""
    library, _, own = source.rpartition(mark[0] if (mark := _THE_TASK.search(source)) else "\0")
    own = seen(own.strip() + "\n")
    wide = Utf16(own)
    marked = [[wide(m.start), wide(m.end), m.kind] for m in python_marks(own)]
    return {"library": seen(library), "checker": own, "checker_marks": marked}


def _check(check: spec.ScoredCheck) -> dict[str, Any]:
    return {"name": check.name, "kind": check.kind, "weight": str(check.weight), "after": list(check.after)}


def _step(step: Any) -> dict[str, Any]:
    return {"op": step.op, "path": seen(step.path), "argv": [seen(a) for a in step.argv], "text": seen(step.text)}


def _files(made: BundleFiles) -> Iterator[dict[str, Any]]:
    """What the agent finds, what the oracle leaves, and what goes with the checker."""
    left = _FILES
    for head, group in _GROUPS:
        for path, data in made.files.items():
            if path.startswith(head) and left:
                left -= 1
                yield {"group": group, "path": seen(path.removeprefix(head)), "size": len(data), **_content(data)}


def _content(data: bytes) -> dict[str, Any]:
    """A file as text, cut where it is long; one that is no text as its first bytes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return {"text": seen(text[:_SHOWN]), "binary": False, "cut": len(text) > _SHOWN}
    rows = (data[at : at + 16] for at in range(0, min(len(data), _HEX), 16))
    lines = [f"{16 * n:06x}  {row.hex(' '):<47}  {_letters(row)}" for n, row in enumerate(rows)]
    return {"text": "\n".join(lines), "binary": True, "cut": len(data) > _HEX}


def _letters(row: bytes) -> str:
    return "".join(chr(b) if 32 <= b < 127 else "." for b in row)
