"""Imports of hand-written tasks: read, written as sources, checked, and scored in a sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.import_ import ImportOptions, import_command
from clawc.commands.score import score_command
from clawc.compiler.assets import DiskAssets
from clawc.compiler.importers.claw_text import name_of
from clawc.compiler.importers.model import Found, ImportedTask
from clawc.compiler.importers.source import task_files
from clawc.compiler.importers.tree import FilesTree, Tree
from clawc.compiler.pipeline import check
from clawc.runtime.sandbox.bubblewrap import Bubblewrap


def tree_of(files: Mapping[str, str | bytes]) -> FilesTree:
    """A tree in memory."""
    return FilesTree("bench", {path: data.encode() if isinstance(data, str) else data for path, data in files.items()})


def only(find: Callable[[Tree], list[Found]], files: Mapping[str, str | bytes]) -> ImportedTask:
    """The one task of some files. Raises Refused."""
    [found] = find(tree_of(files))
    return found.read()


def compiled(task: ImportedTask, folder: Path) -> None:
    """The task's source has no errors."""
    task.name = task.name or name_of(task.id, set(), prefix="task")
    for path, file in task_files(task).items():
        target = folder / task.name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
    source = folder / task.name / f"{task.name}.claw"
    found = check(str(source), source.read_text(encoding="utf-8"), DiskAssets(source.parent))
    assert not [d for d in found.diagnostics if d.severity == "error"], [d.message for d in found.diagnostics]


def imported(source: Path, out: Path, origin: str = "") -> dict[str, Any]:
    """The report of an import."""
    import_command([source], out, ImportOptions(origin, "text", False, False))
    document: dict[str, Any] = json.loads((out / "import.json").read_text(encoding="utf-8"))
    return document


def scored(
    source: Path, workspace: Path, capsys: pytest.CaptureFixture[str], events: Sequence[Mapping[str, Any]] = ()
) -> float:
    """What the checks of a task give a workspace, in a sandbox."""
    record = None
    if events:
        record = workspace.parent / f"{workspace.name}.jsonl"
        record.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    capsys.readouterr()
    score_command(source, workspace, "json", record)
    return float(json.loads(capsys.readouterr().out)["score_checks"])


def said(text: str) -> dict[str, Any]:
    """A message of the agent."""
    return {"event": "message", "message": {"role": "assistant", "content": text}}


def called(
    id: str, name: str, arguments: Mapping[str, Any], answer: str = "", failed: bool = False
) -> list[dict[str, Any]]:
    """A call of a tool, and its result."""
    call = {"id": id, "name": name, "arguments": json.dumps(arguments)}
    result = {"role": "tool", "content": answer, "tool_call_id": id, "name": name, "failed": failed}
    return [
        {"event": "tool", "tool": name, "arguments": arguments, "result": {"ok": not failed, "text": answer}},
        {"event": "message", "message": {"role": "assistant", "content": "", "tool_calls": [call]}},
        {"event": "message", "message": result},
    ]


def sandbox_or_skip() -> None:
    """Skips where nothing can be run."""
    found = asyncio.run(Bubblewrap().probe())
    if not found.ok:
        pytest.skip(found.reason)
