"""Proposals beside kept programs: what is recognised, and that it reads as our language."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.compiler.assets import DiskAssets
from clawc.compiler.importers.suggest import proposals, written
from clawc.compiler.pipeline import check
from clawc.compiler.report import as_text
from tests.importers.judged import imported, lay
from tests.importers.test_clawgym import task

CODE = """
import json, os, re, csv
from pathlib import Path

def grade(workspace):
    ws = Path(workspace)
    report = ws / "out" / "report.json"
    if not report.exists():
        return {}
    data = json.loads(report.read_text())
    scores = {"total": data["totals"]["all"] == 12.50, "name": data.get("name") == "Ana \\"A\\" Berg", "on": data["on"] == True}
    text = (ws / "notes.md").read_text(encoding="utf-8")
    scores["said"] = "three orders" in text and "none" not in text
    scores["form"] = bool(re.search(r"^# Total: \\d+$", text, re.M))
    with open(os.path.join(workspace, "out", "table.csv")) as f:
        rows = list(csv.DictReader(f))
    scores["rows"] = len(rows) == 4
    scores["list"] = data["tags"] == ["a", "b"]
    scores["loop"] = all(row["x"] == "1" for row in rows)
    other = open("/etc/passwd").read()
    scores["none"] = "root" in other
    return scores
"""


def test_what_is_recognised() -> None:
    found = [(p.path, p.condition) for p in proposals("check.py", CODE.encode())]
    assert found == [
        ("out/report.json", "exists({file})"),
        ("out/report.json", "json({file}).totals.all == 12.5"),
        ("out/report.json", 'json({file}).name == "Ana \\"A\\" Berg"'),
        ("out/report.json", 'json({file})["on"] == true'),
        ("notes.md", 'contains(text({file}), "three orders")'),
        ("notes.md", 'matches(text({file}), re"^# Total: \\d+$")'),
        ("out/table.csv", "length(rows({file})) == 4"),
        ("out/report.json", 'json({file}).tags == ["a", "b"]'),
    ]


def test_proposals_read_as_our_language_and_stand_beside_the_task(tmp_path: Path) -> None:
    folder = imported(task(tmp_path / "source", check=CODE), tmp_path / "out", suggest=True) / "task_7"
    text = (folder / "suggested.claw").read_text(encoding="utf-8")
    names = "report_json, notes_md, table_csv"
    spec = f"""claw 1
use "suggested.claw" (suggested)

task t {{
  title = "T"
  deliver report_json "out/report.json"
  deliver notes_md "notes.md"
  deliver table_csv "out/table.csv"
  instruction = "Write {{{{ path.report_json }}}}, {{{{ path.notes_md }}}} and {{{{ path.table_csv }}}}."
  verify {{
    imported = "ClawGym, task_7"
    include = [suggested({", ".join(sorted(names.split(", ")))})]
  }}
}}
"""
    lay(folder, {"with.claw": spec})
    for name in ("suggested.claw", "with.claw"):
        checked = check(str(folder / name), (folder / name).read_text(encoding="utf-8"), DiskAssets(folder))
        assert not checked.diagnostics, as_text(checked.diagnostics) + text
    assert text.count("\n  check ") == 8
    assert "# Read from the program" in text


@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"def (",
        b"\xff\xfe",
        b"x = " + b"(" * 5000,
        b"a = ws / 'x.json'\n" * 10,
        b"ws / ws\nws['a']\nlen()\nopen()\njson.load()\n",
    ],
)
def test_code_that_says_nothing_gives_nothing(code: bytes) -> None:
    assert proposals("x.py", code) == []
    assert written([]) == ""


def test_without_the_option_there_is_no_file(tmp_path: Path) -> None:
    assert not (
        imported(task(tmp_path / "source", check=CODE), tmp_path / "out") / "task_7" / "suggested.claw"
    ).exists()
