"""Every diagnostic code has a small spec with one planted mistake, and the report that its author reads.

A case is a folder `CODE_slug` with `spec.claw`, the assets beside it, and `expected.txt`. `NAME.size` stands for an asset
NAME of that many bytes. `pytest --update-goldens` writes the reports anew; read them before they are kept.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import Checked, check
from clawc.compiler.report import as_text
from clawc.spec.diagnostics import BY_CODE

CASES = sorted(p for p in (Path(__file__).parents[1] / "golden" / "diagnostics").iterdir() if p.is_dir())


def checked(case: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Checks a copy of the case as `spec.claw` in its own project."""
    shutil.copytree(case, project)
    for size in project.rglob("*.size"):
        with open(size.with_suffix(""), "wb") as asset:
            asset.truncate(int(size.read_text(encoding="ascii")))
    monkeypatch.chdir(project)
    text = (project / "spec.claw").read_bytes().decode("utf-8")
    return check("spec.claw", text, DiskAssets(project))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_report(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_goldens: bool) -> None:
    result = checked(case, tmp_path / "project", monkeypatch)
    report = as_text(result.diagnostics)
    expected = case / "expected.txt"
    if update_goldens:
        expected.write_text(report, encoding="utf-8")
    assert report == expected.read_text(encoding="utf-8")
    assert [d.code for d in result.diagnostics] == [case.name.partition("_")[0]]


def test_every_code_has_a_case() -> None:
    assert sorted({case.name.partition("_")[0] for case in CASES}) == sorted(BY_CODE)
