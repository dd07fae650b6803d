"""Files that do not exist are told with the one that is meant, and nothing outside the project is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.compiler.assets import DiskAssets, stamp
from clawc.compiler.pipeline import check
from clawc.compiler.source import Diagnostic

SPEC = """claw 1
{use}
task t {{
  title = "T"
  workspace {{
    {item}
  }}
  deliver r "r.csv" {{ columns = [k, n] }}
  instruction = "Write k and n to {{{{ path.r }}}}, see input/orders.csv."
  verify {{ check c {{ expect count(rows(r)) == 2 }} }}
}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "input").mkdir(parents=True)
    (root / "input" / "orders.csv").write_text("k,n\nA,1\n", encoding="utf-8")
    (root / "shared.claw").write_text("claw 1\nlet x = 1\n", encoding="utf-8")
    (tmp_path / "secret.csv").write_text("k\n", encoding="utf-8")
    return root


def missing(project: Path, item: str = "", use: str = "") -> tuple[Diagnostic, DiskAssets]:
    assets = DiskAssets(project)
    found = check(str(project / "t.claw"), SPEC.format(item=item, use=use), assets).diagnostics
    return next(d for d in found if d.code in ("E0703", "E0701")), assets


@pytest.mark.parametrize(
    ("item", "use", "meant"),
    [
        ('file f "input/ordrs.csv"', "", "input/orders.csv"),
        ('file f "inptu/orders.csv"', "", "input/orders.csv"),
        ('file f "inptu/ordrs.csv"', "", "input/orders.csv"),
        ('file f "f.csv" { from = "input/order.csv" }', "", "input/orders.csv"),
        ('tree f "inputs"', "", "input"),
        ("", 'use "share.claw" (x)', "shared.claw"),
    ],
)
def test_the_nearest_file_is_named_and_written(project: Path, item: str, use: str, meant: str) -> None:
    found, _ = missing(project, item, use)
    assert f"did you mean `{meant}`?" in found.message
    assert found.fix is not None
    assert found.fix.replacement == f'"{meant}"'


@pytest.mark.parametrize(
    "item",
    ['file f "input/prices.csv"', 'file f "shared.claw/orders.csv"', 'file f "f.csv" { from = "../secrt.csv" }', 'file f "input"'],
)  # fmt: skip
def test_no_other_file_is_guessed(project: Path, item: str) -> None:
    found, _ = missing(project, item)
    assert "did you mean" not in found.message


def test_a_guess_holds_as_long_as_the_folder_does(project: Path) -> None:
    _, assets = missing(project, 'file f "input/ordrs.csv"')
    kept = {key: was for key, was in assets.seen.items() if key[0] == "names"}
    assert [path for _, path in kept] == [str(project / "input")]
    assert all(stamp(project, kind, path) == was for (kind, path), was in kept.items())
    (project / "input" / "ordrs2.csv").write_text("", encoding="utf-8")
    assert not any(stamp(project, kind, path) == was for (kind, path), was in kept.items())
