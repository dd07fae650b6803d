"""Import, export, import again: the same source, byte for byte, whatever the export is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clawc.commands.compiling import Lot
from clawc.commands.export import TargetOptions, export_command
from clawc.commands.import_ import ImportOptions, import_command
from clawc.compiler.targets.table import TARGETS
from tests.importers.judged import imported, lay
from tests.importers.test_clawgym import task
from tests.importers.test_hostile_sources import files_below

PLAIN = ImportOptions("", "text", False, False)
NATIVE = Path(__file__).parents[2] / "examples" / "order_totals.claw"


def exported(source: Path, target: str, out: Path) -> Path:
    assert export_command([source], out, TargetOptions(target, "tasks", "", "text"), Lot()) == 0
    return out


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_what_was_imported_comes_back(target: str, tmp_path: Path) -> None:
    first = imported(task(tmp_path / "source"), tmp_path / "first")
    export = exported(first, target, tmp_path / "export")
    again = imported(export, tmp_path / "again")
    assert files_below(again / "task_7") == files_below(first / "task_7")
    assert files_below(exported(again, target, tmp_path / "export2")) == files_below(export)


@pytest.mark.parametrize("target", ["clawgym", "jsonl"])
def test_so_does_a_task_of_ours(target: str, tmp_path: Path) -> None:
    out = imported(exported(NATIVE, target, tmp_path / "export"), tmp_path / "out")
    assert (out / "order_totals" / "order_totals.claw").read_bytes() == NATIVE.read_bytes()
    report = json.loads((out / "import.json").read_text())
    assert [one["origin"] for one in report["tasks"]] == ["clawc"]


def test_an_export_that_was_edited_is_refused(tmp_path: Path) -> None:
    export = exported(NATIVE, "harbor", tmp_path / "export")
    source = next(p for p in export.rglob("private/source/*.claw"))
    source.write_text(source.read_text().replace("Total the orders", "Count the orders"))
    assert import_command([export], tmp_path / "out", PLAIN) == 1
    assert "is not the file that was built" in (tmp_path / "out" / "import.json").read_text()


@pytest.mark.parametrize("text", [
    "{}", "[]", '{"files": 3}', '{"files": [{"path": "private/source.json", "sha256": 5}]}',
    '{"task": "x", "files": [{"path": "private/source.json", "sha256": "EMPTY"}]}',
])  # fmt: skip
def test_a_bundle_of_a_stranger_is_refused(text: str, tmp_path: Path) -> None:
    sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    lay(tmp_path / "b", {"bundle.json": text.replace("EMPTY", sha), "private/source.json": ""})
    assert import_command([tmp_path / "b"], tmp_path / "out", PLAIN) == 1


def test_a_source_never_leads_out_of_its_folder(tmp_path: Path) -> None:
    import hashlib

    index = json.dumps(
        {"format_version": 1, "main": "../../evil.claw", "seed": 0, "files": {"../../evil.claw": "private/x"}}
    )
    sums = [
        {"path": p, "sha256": hashlib.sha256(d.encode()).hexdigest()}
        for p, d in (("private/source.json", index), ("private/x", "claw 1\n"))
    ]
    lay(
        tmp_path / "b",
        {
            "bundle.json": json.dumps({"task": "t", "files": sums}),
            "private/source.json": index,
            "private/x": "claw 1\n",
        },
    )
    assert import_command([tmp_path / "b"], tmp_path / "out" / "deep", PLAIN) == 1
    assert not list(tmp_path.rglob("evil.claw"))
