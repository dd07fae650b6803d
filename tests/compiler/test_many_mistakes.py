"""Independent mistakes in one file are each reported once, at their own line, and nothing else is.

A planted mistake is a comment `#! CODE` at the end of its line; a mistake inside a text is marked on the line behind it,
as `#^ CODE`, with as many `^` as lines to go up.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import check
from clawc.compiler.report import as_text

FILES = {
    "input/staff.csv": "id,name,team,hired,salary\n1,Ada,ops,2021-03-01,4100\n2,Bo,ops,2019-10-15,3900\n3,Cy,web,2024-01-08,3700\n",
    "input/teams.json": '[{"team": "ops", "lead": "Ada"}, {"team": "web", "lead": "Cy"}]\n',
    "prompt.md": "Write output/report.md and output/pay.csv.\n",
    "shared.claw": 'claw 1\n\nuse "spec.claw" (least) #! E0309\n\nlet most = least\n',
}

TABLES = '''claw 1

use std.numbrs (percent) #! E0308
use "shared.claw" (most)

let least = 2

task pay {
  title    = "Pay by team
  category = analysis.calculations #^ E0103 #! E0211

  workspace {
    file staff "input/staff.csv"
    file teams "input/team.json" #! E0703
  }

  let staffed = csv(staff)
    | where sallary > 1000 #! E0402
    | derive since = year(hired), share = percent(salary, 100, 1)
  let paid = staffed | group team, pay = sum(salary), people = count() | sort -pay, taem #! E0402
  let early = csv(staff) | where hired < "2020" and salary > least #! E0403
  let bounds = 3 +
  let leads = json(teams) | select team, lead #^ E0101

  deliver pay "output/pay.csv" { columns = [team, pay] }

  instruction = """
    Write {{ path.pay }} with the pay of each team, sorted by pay.
    """

  verify {
    check pay_right {
      wieght  = 2 #! E0205
      because = "sorted by team" #! E0605
      expect rows(pay) == (paid | select team, pay)
      expect count(rows(pay)) == count(csv(staff) | where team in leads.team) + count(early) + most
    }
  }
}
'''

TEXTS = '''claw 1

task report {
  title = "Report on the staff"
  when  = @2026-02-30 #! E0205

  workspace {
    file staff "input/staff.csv"
    file extra "../extra.csv" #! E0701
  }

  deliver report "output/report.md" { sections = [Summary, "Next steps"] }
  deliver totals "output/totals.csv" { column = [team] } #! E0205
  deliver spare "output/spare.txt" #! E0607

  let lines_of_staff = lines(staff) | parse re"^(?P<id>\\d+,(?P<name>\\w+)" #! E0409
  let names = csv(staff).name
  let names = csv(extra).name #! E0303

  instruction = """
    Report on {{ path.staf }} in {{ path.report }}, {{ path.totals }} and {{ path.spare }}.
    """ #^ E0301

  verify {
    check said {
      expect mentions_all(section(report, "Sumary"), names) #! E0411
      expect words(report) == 12 within 2%
      expect text(report) == "x" within 3 #! E0407
      expect mentions(report, count) #! E0305
    }
    check totals_right {
      expect rows(totals) == (csv(staff) | semi_join lines_of_staff on name | select team, salary) within 0.01
      expect json(report).total + 1 = 3 #! E0101
    }
  }
}
'''

SHAPE = """claw 1

task shape { #! E0208
  instruction = "Write {{ path.pay }}, {{ path.late }} and {{ path.report }}, one row for each team."
  operations  = [data.filter, data.guess] #! E0211

  workspace {
    file staff { #! E0204
      content = "a,b"
    }
    file notes "notes.md" { content = "Nothing yet.", } #! E0101
  }
  environment { timeout = 5 } #! E0203

  deliver pay    "output/pay.csv"
  deliver report "output/report.md" {
    sections = [Summary]
  }
  }

  delivr late "output/late.csv" #^^ E0107 #! E0201

  def half(x) = x / 2
  let rate = half(1, 2) #! E0401

  verify {
    check rows_right {
      expect count(rows(pay)) == cont(csv(staff)) #! E0302
      expect rows(pay) | all rate > 0 and team != ""
    check said { #^^^ E0106
      after  = [rows_rigth] #! E0604
      expect mentions(report, "Ada") and words(report) #! E0406
    }
    require kept { expect unchanged(workspace) or exists(late) }
  }
}
"""


def planted(files: dict[str, str]) -> list[str]:
    """`file:line code` of every mistake that a mark names."""
    found: list[str] = []
    for name, text in files.items():
        for number, line in enumerate(text.split("\n"), 1):
            for up, code in re.findall(r"#(!|\^+) ([EW]\d{4})", line):
                found.append(f"{name}:{number - up.count('^')} {code}")
    return sorted(found)


@pytest.mark.parametrize("text", [TABLES, TEXTS, SHAPE], ids=["tables", "texts", "shape"])
def test_each_mistake_is_reported_once_at_its_line(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = {**FILES, "spec.claw": text}
    for name, content in project.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = check("spec.claw", text, DiskAssets(tmp_path))
    found = [f"{d.source.path}:{d.source.position(d.span.start)[0]} {d.code}" for d in result.diagnostics]
    used = {name: content for name, content in project.items() if name == "spec.claw" or f'"{name}"' in text}
    assert sorted(found) == planted(used), as_text(result.diagnostics)
    assert len(found) >= 10
