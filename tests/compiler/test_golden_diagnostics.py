"""Every diagnostic code has a small spec with one planted mistake, and the report that its author reads.

A case is a folder `CODE_slug` with `spec.claw`, the assets beside it, and `expected.txt`. `NAME.size` stands for an asset
NAME of that many bytes, `cpu_s` for less processor time than a file usually has. `pytest --update-goldens` writes the reports anew; read them before they are kept.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clawc.commands.checking import check_files
from clawc.compiler.assets import DiskAssets
from clawc.compiler.finding import Finding, findings
from clawc.compiler.pipeline import check
from clawc.compiler.report import as_text
from clawc.runtime.sandbox.bounds import Bounds
from clawc.spec.diagnostics import BY_CODE, is_of_test

CASES = sorted(p for p in (Path(__file__).parents[1] / "golden" / "diagnostics").iterdir() if p.is_dir())


def checked(case: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What is found in a copy of the case as `spec.claw` in its own project."""
    shutil.copytree(case, project)
    for size in project.rglob("*.size"):
        with open(size.with_suffix(""), "wb") as asset:
            asset.truncate(int(size.read_text(encoding="ascii")))
    monkeypatch.chdir(project)
    if (case / "cpu_s").is_file():
        bounds = Bounds(cpu_s=float((case / "cpu_s").read_text(encoding="ascii")))
        return check_files([Path("spec.claw")], cached=False, bounds=bounds)[0].found
    text = (project / "spec.claw").read_bytes().decode("utf-8")
    return findings(check("spec.claw", text, DiskAssets(project)).diagnostics)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_report(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_goldens: bool) -> None:
    found = checked(case, tmp_path / "project", monkeypatch)
    report = as_text(found)
    expected = case / "expected.txt"
    if update_goldens:
        expected.write_text(report, encoding="utf-8")
    assert report == expected.read_text(encoding="utf-8")
    assert [f.code for f in found] == [case.name.partition("_")[0]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fix_removes_its_diagnostic_and_brings_no_error(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(case, tmp_path / "project", monkeypatch)
    text = (tmp_path / "project" / "spec.claw").read_bytes().decode("utf-8")
    before = check("spec.claw", text, DiskAssets(tmp_path / "project")).diagnostics
    said = {(d.code, d.message) for d in before}
    for found in before:
        if found.fix is None or found.source.path != "spec.claw":
            continue
        start, end = found.fix.span
        mended = found.source.text[:start] + found.fix.replacement + found.source.text[end:]
        after = check("spec.claw", mended, DiskAssets(tmp_path / "project")).diagnostics
        assert (found.code, found.message) not in {(d.code, d.message) for d in after}, mended
        assert not [d for d in after if d.severity == "error" and (d.code, d.message) not in said], mended


def test_every_code_has_a_case() -> None:
    assert sorted({case.name.partition("_")[0] for case in CASES}) == sorted(
        code
        for code in BY_CODE
        if not is_of_test(code)  # tests/prove has those
    )
