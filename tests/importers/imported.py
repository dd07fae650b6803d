"""One task from its source to scores, and records of agents."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import check
from clawc.runtime.scoring.score import Scored
from clawc.spec.bundle import Verdict
from tests.importers.judged import bundle_of, imported, judge, lay


class Imported:
    """One task, imported and built."""

    def __init__(self, tmp: Path, source: Path, origin: str) -> None:
        self.tmp = tmp
        imported(source, tmp / "imported", origin=origin)
        self.report: dict[str, Any] = json.loads((tmp / "imported/import.json").read_text())
        (self.entry,) = self.report["tasks"]
        self.folder = tmp / "imported" / self.entry["name"]
        self.source = (self.folder / f"{self.entry['name']}.claw").read_text()
        self.bundle = bundle_of(self.folder, tmp / "bundle")

    def inputs(self, name: str, more: Mapping[str, str | bytes] | None = None, without: tuple[str, ...] = ()) -> Path:
        """A workspace as the agent finds it, with more files, and without some."""
        files = {
            p.relative_to(self.folder / "input").as_posix(): p.read_bytes()
            for p in self.folder.glob("input/**/*")
            if p.is_file()
        }
        return lay(self.tmp / name, {**{k: v for k, v in files.items() if k not in without}, **(more or {})})

    def verdict(self, workspace: Path, events: list[dict[str, Any]] | None = None) -> Verdict:
        found = self._judged(workspace, events).verdict
        assert found is not None
        return found

    def score(self, workspace: Path, events: list[dict[str, Any]] | None = None) -> Decimal:
        found = self._judged(workspace, events)
        assert found.score is not None, found.fault + found.stderr
        return found.score

    def _judged(self, workspace: Path, events: list[dict[str, Any]] | None) -> Scored:
        record = None
        if events is not None:
            record = self.tmp / "trajectory.jsonl"
            record.write_text("".join(json.dumps(event) + "\n" for event in events))
        return judge(self.bundle, (workspace, record))[0]


def said(*turns: str, calls: tuple[tuple[str, dict[str, Any], bool, str], ...] = ()) -> list[dict[str, Any]]:
    """The record of an agent that calls tools, and then answers each message of its user."""
    events: list[dict[str, Any]] = []
    for tool, arguments, ok, output in calls:
        events.append({"event": "tool", "tool": tool, "arguments": arguments, "result": {"ok": ok, "text": output}})
    for text in turns:
        events.append({"event": "message", "message": {"role": "user", "content": "…"}})
        events.append({"event": "message", "message": {"role": "assistant", "content": text}})
    if turns:
        events.append({"event": "final", "text": turns[-1]})
    return events


def compiles(files: Mapping[str, bytes], name: str) -> None:
    """Asserts that a source has no error."""
    with tempfile.TemporaryDirectory() as folder:
        lay(Path(folder), files)
        path = Path(folder) / name
        checked = check(str(path), files[name].decode(), DiskAssets(Path(folder)))
    errors = [f"{d.code} {d.message}" for d in checked.diagnostics if d.severity == "error"]
    assert not errors, (errors, files[name].decode())
