"""The export to Inspect: its files, and texts that mean something to JSON, YAML and shell."""

from __future__ import annotations

import json

import yaml  # type: ignore[import-untyped]

from clawc.compiler.targets.export import ExportOptions
from clawc.compiler.targets.inspect import inspect
from tests.targets.exported import HOSTILE, INPUTS, examples, hostile, small, within

OPTIONS = ExportOptions("parcels")


def test_the_dataset_has_a_sample_for_each_task() -> None:
    tasks = examples()
    export = inspect(tasks, OPTIONS)
    rows = [json.loads(line) for line in export.files["dataset.jsonl"].data.decode().splitlines()]
    assert [row["id"] for row in rows] == [task.manifest.task for task in tasks]
    for row, task in zip(rows, tasks):
        assert row["input"] == task.files["public/instruction.md"].decode()
        assert all(path in export.files for path in row["files"].values())
        assert set(row["files"]) == {f"default:{one.path}" for one in task.manifest.workspace}
        assert "private/" not in json.dumps(row)


def test_the_bundle_is_there_byte_for_byte() -> None:
    tasks = [*examples(), hostile()]
    export = inspect(tasks, OPTIONS)
    for task in tasks:
        assert within(export, f"bundles/{task.manifest.task}") == dict(task.files)


def test_modes_and_links_are_set_up() -> None:
    row = json.loads(inspect([small()], OPTIONS).files["dataset.jsonl"].data)
    assert row["setup"].splitlines()[2:] == [
        "chmod 755 -- in/run.sh", "chmod 600 -- in/shut.txt", "mkdir -p -- in", "ln -s -- ../in/a.csv in/latest.csv",
    ]  # fmt: skip
    assert row["metadata"]["turns"] == ["Say which items you have left out."]


def test_hostile_texts_stay_texts() -> None:
    export = inspect([hostile()], OPTIONS)
    assert export.files["dataset.jsonl"].data.isascii()
    row = json.loads(export.files["dataset.jsonl"].data)
    assert row["input"] == HOSTILE and row["metadata"]["title"] == HOSTILE
    assert {f"default:{path}" for path in INPUTS} <= set(row["files"])
    compose = yaml.safe_load(export.files["compose.yaml"].data)
    assert compose["services"]["default"]["network_mode"] == "none"


def test_the_image_has_the_tools_of_all_tasks() -> None:
    text = inspect(examples(), OPTIONS).files["Dockerfile"].data.decode()
    assert [line.split()[0] for line in text.splitlines()] == ["FROM", "RUN", "WORKDIR"]
    image = yaml.safe_load(inspect(examples(), ExportOptions("x", image="a/b:1")).files["compose.yaml"].data)
    assert image["services"]["default"]["image"] == "a/b:1"


def test_the_same_tasks_give_the_same_bytes() -> None:
    assert inspect(examples(), OPTIONS).files == inspect(examples(), OPTIONS).files
