"""A line of JSON holds a task whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.compiler.targets.export import BundleParts, Export, ExportOptions
from clawc.compiler.targets.jsonl import Record, jsonl, schema
from tests.targets.exported import HOSTILE, INPUTS, examples, graded, hostile, laid, small, workspaces, written

OPTIONS = ExportOptions("some")
TASKS = [small(), hostile(), *examples()]


def lines(export: Export) -> list[bytes]:
    return export.files["tasks.jsonl"].data.splitlines()


def test_a_line_a_task_that_fits_the_schema() -> None:
    export = jsonl(TASKS, OPTIONS)
    found = lines(export)
    assert len(found) == len(TASKS) == len(export.files["tasks.jsonl"].data.decode("ascii").splitlines())
    for line, task in zip(found, TASKS):
        record = Record.model_validate_json(line)
        assert (record.task, record.bundle, record.scoring) == (
            task.manifest.task,
            task.manifest.id,
            task.manifest.scoring,
        )
    assert json.loads(export.files["tasks.schema.json"].data) == schema()
    assert set(schema()["properties"]) == set(Record.model_fields)
    assert jsonl(TASKS, OPTIONS).files == export.files


def test_texts_are_equal() -> None:
    [line] = lines(jsonl([hostile()], OPTIONS))
    record = Record.model_validate_json(line)
    assert record.title == record.instruction == record.environment.env["A"] == HOSTILE
    assert {one.path for one in record.inputs} >= set(INPUTS)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.manifest.title[:10].strip())
def test_the_bundle_can_be_had_again(task: BundleParts, tmp_path: Path) -> None:
    folder = written(jsonl([task], OPTIONS), tmp_path / "export")
    command = [sys.executable, "unpack.py", "tasks.jsonl", task.manifest.task, str(tmp_path / "bundle")]
    subprocess.run(command, cwd=folder, check=True)
    found = {p.relative_to(tmp_path / "bundle").as_posix(): p for p in (tmp_path / "bundle").rglob("*") if p.is_file()}
    assert {path: file.read_bytes() for path, file in found.items()} == task.files


def test_the_grader_beside_it_judges(tmp_path: Path) -> None:
    task = small()
    folder = written(jsonl([task], OPTIONS), tmp_path / "export")
    bundle = laid(task.files, tmp_path / "bundle")
    for workspace, wanted in zip(workspaces(bundle, tmp_path / "laid"), (0.0, 1.0)):
        command = [sys.executable, "-I", "-S", str(folder / "grade.py"), str(bundle), str(workspace)]
        done = subprocess.run(command, capture_output=True, check=True)
        assert json.loads(done.stdout)["reward"] == wanted == graded(bundle, workspace)
