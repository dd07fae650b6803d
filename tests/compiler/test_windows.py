"""Mistakes in `window`; what it gives stands in `spec/cases/windows.md`."""

from __future__ import annotations

import pytest

from clawc.compiler.pipeline import check

SOURCE = """claw 1
task windows {
  title = "W"
  workspace { file t "in/t.json" { content = "[{\\"k\\": \\"a\\", \\"n\\": 1}]" } }
  let wanted = table(json(t)) | %s
  deliver d "out/d.csv"
  instruction = "Read {{ path.t }}, write {{ path.d }}."
  verify { check c { expect rows(d) == wanted } }
}
"""


@pytest.mark.parametrize(
    ("stages", "codes"),
    [
        ("sort n | window total = sum(n) on k", set[str]()),
        ("sort n | window p = row_number() on k", set[str]()),
        ("window p = row_number() on k", {"W0401"}),
        ("window total = sum(n) on k | sort n", set[str]()),
        ("sort n | window p = row_number() + 1", {"E0401"}),
        ("sort n | window p = n + 1", {"E0401"}),
        ("sort n | window sum(n)", {"E0401"}),
        ("sort n | window", {"E0401"}),
        ("sort n | window p = row_number() on q", {"E0402"}),
        ("sort n | window p = running_sum(k)", {"E0401"}),
        ("sort n | window p = lag()", {"E0401"}),
        ("sort n | derive p = row_number()", {"E0413"}),
        ("sort n | group k, p = lag(n)", {"E0413"}),
    ],
)
def test_window(stages: str, codes: set[str]) -> None:
    found = check("w.claw", SOURCE % stages)
    assert {d.code for d in found.diagnostics} - {"W0403", "W0601", "W0605"} == codes, [
        d.message for d in found.diagnostics
    ]
