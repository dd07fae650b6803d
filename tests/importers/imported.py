"""Imports, builds and scores by the command line, as people do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import check


def clawc(*words: str | Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    return subprocess.run(
        [sys.executable, "-m", "clawc", *map(str, words)], capture_output=True, text=True, env=env, check=False
    )


def laid(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A folder with files."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


class Imported:
    """One task, imported and built."""

    def __init__(self, tmp: Path, source: Path, origin: str) -> None:
        self.tmp = tmp
        done = clawc("import", source, "--out", tmp / "imported", "--from", origin)
        assert done.returncode == 0, done.stdout + done.stderr
        self.report: dict[str, Any] = json.loads((tmp / "imported/import.json").read_text())
        (self.entry,) = self.report["tasks"]
        self.folder = tmp / "imported" / self.entry["name"]
        self.source = (self.folder / f"{self.entry['name']}.claw").read_text()
        done = clawc("build", self.folder / f"{self.entry['name']}.claw", "-o", tmp / "bundles")
        assert done.returncode == 0, done.stdout + done.stderr + self.source

    def inputs(self, name: str, more: Mapping[str, str | bytes] | None = None, without: tuple[str, ...] = ()) -> Path:
        """A workspace as the agent finds it, with more files, and without some."""
        files = {
            p.relative_to(self.folder / "input").as_posix(): p.read_bytes()
            for p in self.folder.glob("input/**/*")
            if p.is_file()
        }
        return laid(self.tmp / name, {**{k: v for k, v in files.items() if k not in without}, **(more or {})})

    def verdict(self, workspace: Path, events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        words: list[str | Path] = ["score", self.tmp / "bundles" / self.entry["name"], workspace, "--format", "json"]
        if events is not None:
            record = self.tmp / "trajectory.jsonl"
            record.write_text("".join(json.dumps(event) + "\n" for event in events))
            words += ["--trajectory", record]
        done = clawc(*words)
        assert done.returncode in (0, 1), done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def score(self, workspace: Path, events: list[dict[str, Any]] | None = None) -> Decimal:
        return Decimal(self.verdict(workspace, events)["score"])


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
        laid(Path(folder), files)
        path = Path(folder) / name
        checked = check(str(path), files[name].decode(), DiskAssets(Path(folder)))
    errors = [f"{d.code} {d.message}" for d in checked.diagnostics if d.severity == "error"]
    assert not errors, (errors, files[name].decode())
