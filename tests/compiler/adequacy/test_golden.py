"""What authors read about inputs that do not test their query. `pytest --update-goldens` writes the reports anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.compiler.adequacy import findings, query_mutants
from clawc.compiler.finding import findings as as_data
from clawc.compiler.pipeline import check
from clawc.compiler.report import as_text

CASES = sorted(p for p in (Path(__file__).parents[2] / "golden" / "adequacy").iterdir() if p.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_report(case: Path, update_goldens: bool) -> None:
    checked = check("spec.claw", (case / "spec.claw").read_text(encoding="utf-8"))
    assert not checked.diagnostics, as_text(as_data(checked.diagnostics))
    task = checked.tasks[0]
    found = findings(task.task, query_mutants(task.task, task.sealer))
    report = as_text(as_data([f.diagnostic for f in found]))
    expected = case / "expected.txt"
    if update_goldens:
        expected.write_text(report, encoding="utf-8")
    assert report == expected.read_text(encoding="utf-8")
    assert {f.diagnostic.code for f in found} <= {"W0811"}
