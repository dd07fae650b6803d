"""Sets as files: the same bytes for the same rows, whole or not at all, and nothing of others is touched."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.synth import export as module
from clawc.runtime.synth.export import export, read_jsonl
from clawc.runtime.synth.rows import TaskRow
from clawc.runtime.synth.untyped import parquet
from tests.synth.rows import row, rows


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()
    }


def test_equal_rows_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    assert export(rows(30), tmp_path / "a", extra={"README.md": b"card"})
    assert export(rows(30)[::-1], tmp_path / "b", extra={"README.md": b"card"})
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    index = json.loads((tmp_path / "a" / "dataset.json").read_text())
    assert sum(index["splits"].values()) == 30
    assert index["files"] == {p: d for p, d in digests(tmp_path / "a").items() if p != "dataset.json"}


def test_nothing_is_written_again_that_is_there(tmp_path: Path) -> None:
    out = tmp_path / "set"
    assert export(rows(9), out)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in out.rglob("*")}
    assert not export(rows(9), out)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in out.rglob("*")} == before
    (out / "jsonl" / "train.jsonl").write_text("changed")
    assert export(rows(9), out)
    assert export(rows(8), out)
    assert not (out / "tasks" / "train" / "task-0008").exists()
    assert os.listdir(tmp_path) == ["set"]


def test_every_form_holds_every_row(tmp_path: Path) -> None:
    export(rows(12), tmp_path / "set")
    some = sorted((r for r in rows(12) if r.split == "train"), key=lambda r: r.id)
    assert read_jsonl(tmp_path / "set" / "jsonl" / "train.jsonl") == some
    table = parquet().read_table(str(tmp_path / "set" / "data" / "train.parquet"))
    assert [TaskRow.model_validate(fields) for fields in table.to_pylist()] == some
    for each in some:
        folder = tmp_path / "set" / "tasks" / "train" / each.id
        assert (folder / "task.claw").read_text(encoding="utf-8") == each.source
        assert (folder / "instruction.md").read_text(encoding="utf-8") == each.instruction
        assert json.loads((folder / "row.json").read_text(encoding="utf-8"))["seed"] == each.seed


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(RuntimeFault, match="R1002"):
        export(rows(3), tmp_path / "set")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(RuntimeFault, match="R1002"):
        export(rows(3), tmp_path / "link")
    assert sorted(os.listdir(tmp_path)) == ["link", "real", "set"] and os.listdir(tmp_path / "set") == ["mine.txt"]


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(rows(5), tmp_path / "set")
    before = digests(tmp_path / "set")

    def fails(rows: Sequence[TaskRow], path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_parquet", fails)
    with pytest.raises(RuntimeFault, match="No space"):
        export(rows(6), tmp_path / "set")
    assert digests(tmp_path / "set") == before and os.listdir(tmp_path) == ["set"]


@pytest.mark.parametrize(
    ("some", "extra"),
    [
        ([row(1), row(1)], {}),
        ([row(1).model_copy(update={"split": ""})], {}),
        ([row(1)], {"../out": b""}),
        ([row(1)], {"data/x": b""}),
    ],
)
def test_what_cannot_be_a_set_is_refused(tmp_path: Path, some: list[TaskRow], extra: dict[str, bytes]) -> None:
    with pytest.raises(ValueError):
        export(some, tmp_path / "set", extra=extra)
    assert not (tmp_path / "set").exists()
