"""Each reader of documents, on an input and on a deliverable, in the emitted checker run as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clawc.compiler.assets import NoAssets
from clawc.compiler.elaborate.context import Context
from clawc.compiler.pipeline import Compiled, build, check
from clawc.compiler.render_files import render_sqlite, render_xlsx, render_zip
from clawc.spec.ast import Span
from clawc.spec.bundle import CHECKER
from clawc.stdlib.checks.values import Table


class Assets(NoAssets):
    """Files beside the source, held in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        if path not in self.files:
            cx.error("E0703", span, f"there is no file `{path}`")
        return self.files.get(path)


class Case(NamedTuple):
    """A task over one input and one deliverable: its checks hold for `right`, and none of them for `wrong`."""

    input: str
    data: bytes
    deliver: str
    expects: tuple[str, ...]
    right: bytes
    wrong: bytes
    solution: str = 'from("solution")'
    structure: str = ""


TASK = """claw 1
task t {{
  title = "T"
  workspace {{ file given "{input}" }}
  deliver made "{deliver}" {{ {structure} }}
  instruction = "Read {{{{ path.given }}}} and write {{{{ path.made }}}}."
  verify {{
{checks}
  }}
  solution {{ write made = {solution} }}
}}
"""


def compiled(case: Case) -> Compiled:
    checks = "\n".join(f"    check c{n} {{ expect {e} }}" for n, e in enumerate(case.expects, 1))
    source = TASK.format(
        input=case.input, deliver=case.deliver, checks=checks, structure=case.structure, solution=case.solution
    )
    checked = check("t.claw", source, Assets({case.input: case.data, "solution": case.right}))
    assert checked.ok, [(d.code, d.message) for d in checked.diagnostics]
    return checked.tasks[0]


def verdict(task: Compiled, checker: Path, path: str, data: bytes, folder: Path) -> dict[str, Any]:
    """The verdict of the emitted checker; that of the evaluator has to be the same."""
    for name, content in {**task.trial.pristine, path: data}.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    command = [sys.executable, "-I", "-S", str(checker), str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found == task.trial.judge({path: data})
    return found


HTML = b"""<!doctype html><title>Stock</title>
<table><tr><th>item<th>count<tr><td>pen<td>12<tr><td>ink<td>3</table>
<p class="note">Counted by <b id=who>Ada</b>."""

XML = b"""<shop city="Bonn"><item sku="a"><name>Pen</name><count>12</count></item>
<item sku="b"><name>Ink</name><count>3</count></item></shop>"""

MAIL = b"""From: Ada <ada@example.org>
To: bo@example.org, "Cy, Dr." <cy@example.org>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Tue, 17 Mar 2026 09:30:00 +0100
X-Mailer: pen

The pen is here.
"""

TABLE = Table(
    ["item", "count", "price", "due", "sold"],
    [
        ("pen", 12, Decimal("1.50"), date(2026, 3, 17), True),
        ("ink", 3, None, date(2026, 4, 1), False),
        ("größe & <b>", 0, Decimal("0.1"), None, True),
    ],
)
PLAIN = Table(["item", "n"], [("pen", 12), ("ink", 3)])

CALENDAR = b"""BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
SUMMARY:Plan
DTSTART:20260317T090000
DURATION:PT90M
ATTENDEE:mailto:ada@example.org
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Fair
DTSTART;VALUE=DATE:20260401
END:VEVENT
END:VCALENDAR
"""
LOG = b"""2026-03-17 09:30:00 INFO app: ready
2026-03-17 09:31:00 ERROR db: lost
2026-03-17 09:32:00 ERROR db: lost again
"""

CASES: dict[str, Case] = {
    "ics": Case(
        "in/all.ics",
        CALENDAR,
        "out/moved.ics",
        (
            'ics(made) == (ics(given) | where uid == "1" | derive start = start + 1d, end = end + 1d, location = "Room 2")',
            "ics(made).attendees == (ics(given) | take 1).attendees",
            "only(ics(made)).end == @2026-03-18T10:30",
        ),
        CALENDAR.partition(b"END:VEVENT")[0].replace(b"0317", b"0318")
        + b"LOCATION:Room 2\nEND:VEVENT\nEND:VCALENDAR\n",
        CALENDAR,
        'ics(ics(given) | where uid == "1" | derive start = start + 1d, end = end + 1d, location = "Room 2")',
    ),
    "log": Case(
        "in/app.log",
        LOG,
        "out/errors.log",
        (
            'log(made) == (log(given) | where level == "ERROR")',
            'log(made).message == (log(given) | where source == "db").message',
        ),
        LOG.partition(b"\n")[2],
        LOG,
    ),
    "xlsx": Case(
        "in/stock.xlsx",
        render_xlsx({"Stock": TABLE, "Notes": PLAIN}),
        "out/low.xlsx",
        (
            "rows(made) == (xlsx(given) | where count < 5 | select item, count, price, due)",
            'xlsx(made, "Rest") == (xlsx(given, "Notes") | where n > 5)',
            "xlsx(made, 2) == (xlsx(given, sheet = 2) | where n > 5)",
            'xlsx_sheets(made) == ["Low", "Rest"] and count(xlsx_sheets(given)) == 2',
            "xlsx(made) | all due == null or due > @2026-03-31",
        ),
        render_xlsx(
            {
                "Low": Table(
                    ["due", "item", "count", "price"],
                    [(None, "größe & <b>", 0, Decimal("0.1")), (date(2026, 4, 1), "ink", 3, None)],
                ),
                "Rest": Table(["item", "n"], [("pen", Decimal("12.0"))]),
            }
        ),
        render_xlsx(TABLE),
        "xlsx({Low: (xlsx(given) | where count < 5 | select item, count, price, due), Rest: (xlsx(given, 2) | where n > 5)})",
        "columns = [item, count, price, due]",
    ),
    "sqlite": Case(
        "in/shop.db",
        render_sqlite({"stock": TABLE, "notes": PLAIN}),
        "out/low.sqlite",
        (
            'sqlite(made, "low") == (sqlite(given, "stock") | where count < 5)',
            'sqlite(made, table = "rest") == (sqlite(given, table = "notes") | where n > 5)',
            'sqlite_tables(made) == ["low", "rest"] and count(sqlite_tables(given)) == 2',
        ),
        render_sqlite({"rest": Table(["n", "item"], [(12, "pen")]), "low": Table(TABLE.columns, TABLE.rows[1:])}),
        render_sqlite({"stock": TABLE}),
        'sqlite({low: (sqlite(given, "stock") | where count < 5), rest: (sqlite(given, "notes") | where n > 5)})',
    ),
    "zip": Case(
        "in/all.zip",
        render_zip({"a.csv": "x,y\n1,2\n3,4\n", "deep/b.json": '{"k": 7}', "c.bin": b"\xff\0"}),
        "out/some.zip",
        (
            'zip(made).path == ["sum.csv"]',
            'csv(zip_file(made, "sum.csv")) == [{total: sum(csv(zip_file(given, "a.csv")).x)}]',
            'json(zip_file(given, "deep/b.json")).k + 1 == number(only(zip(made)).size)',
            'not exists(zip_file(made, "a.csv")) and count(zip(given) | where text == null) == 1 and count(zip(made)) == 1',
        ),
        render_zip({"sum.csv": b"total\n4\n"}),
        render_zip({"a.csv": "x\n1\n"}),
        'zip({"sum.csv": csv([{total: sum(csv(zip_file(given, "a.csv")).x)}])})',
    ),
    "email": Case(
        "in/ask.eml",
        MAIL,
        "out/answer.eml",
        (
            "email(made).to == [email(given).from]",
            'email(made).cc == (email(given).to | where value != "bo@example.org")',
            'email(made).subject == "Re: {{ email(given).subject }}"',
            "email(made).date - email(given).date == 1h",
            'mentions(email(made).body, "thanks") and email(made).headers["in-reply-to"] == email(given).headers["x-mailer"]',
            'email(made).attachments == [{name: "a.txt", type: "text/plain", size: 3, text: "hi\\n"}]',
        ),
        b"to: ada@example.org\r\nCC: <cy@example.org>\r\nSubject: Re: Gr\xc3\xbc\xc3\x9fe\r\nIn-Reply-To: pen\r\n"
        b"Date: 17 Mar 2026 09:30 GMT\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nThanks!\r\n"
        b"--x\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nhi\n\r\n--x--\r\n",
        MAIL,
    ),
    "xml": Case(
        "in/shop.xml",
        XML,
        "out/low.xml",
        (
            'xml(made).tag == "low" and xml(made).attr.city == xml(given).attr.city',
            "count(xml(made).children) == count(xml(given).children | where number(children[1].text) < 5)",
            'xml_select(made, "item[@sku]").text == xml_select(given, "item[2]/name").text',
            'number(only(xml_select(made, "//item")).attr.left) == 3',
        ),
        b'<low city="Bonn"><item sku="b" left="3"> Ink</item></low>',
        XML,
    ),
    "html": Case(
        "in/stock.html",
        HTML,
        "out/report.html",
        (
            "html_table(made) == (html_table(given) | where count > 5)",
            'html_select(made, "ul.low > li").text == (html_table(given) | where count < 5).item',
            'html(made).attr.lang == "en"',
            'mentions(html(made).text, only(html_select(given, "p.note #who")).text)',
            'html_select(made, "a") | any attr.href == "in/stock.html"',
        ),
        b"<html lang=en><body><table><tr><th>item<th>count<tr><td>pen<td> 12.0 </table>"
        b"<ul class=low><li>ink</ul><p>Ada, see <a href=in/stock.html>stock</a>",
        HTML.replace(b"Ada", b"Bo"),
    ),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", CASES)
def test_the_emitted_checker_reads_it(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    task = compiled(case)
    checker = tmp_path / "check.py"
    checker.write_bytes(build(task).files[CHECKER])
    right = verdict(task, checker, case.deliver, case.right, tmp_path / "right")
    assert right["score_checks"] == "1", right
    for number, wrong in enumerate((case.wrong, b"", b"\xff\0")):
        found = verdict(task, checker, case.deliver, wrong, tmp_path / f"wrong{number}")
        assert not any(c["passed"] for c in found["checks"]), (number, found)
    cut = verdict(task, checker, case.deliver, case.right[: len(case.right) // 3], tmp_path / "cut")
    assert cut["score_checks"] != "1"


DERIVED = {
    "rows of a workbook": ("out/a.xlsx", "rows(made) == (csv(given) | where n > 1)"),
    "a table in HTML": ("out/a.html", "html_table(made) == (csv(given) | where n > 1)"),
    "mentions in HTML": ("out/a.html", "mentions(made, sum(csv(given).n))"),
    "a calendar": ("out/a.ics", "ics(made) == (csv(given) | select summary = name, start = day)"),
    "two tables of a database": (
        "out/a.db", 'sqlite(made, "big") == (csv(given) | where n > 1) and sqlite(made, "all") == csv(given)',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DERIVED)
def test_an_answer_is_derived(name: str, tmp_path: Path) -> None:
    deliver, expect = DERIVED[name]
    source = TASK.format(
        input="in/a.csv", deliver=deliver, checks=f"check c {{ expect {expect} }}", structure="", solution=""
    )
    source = source.replace("  solution { write made =  }\n", "")
    data = b"name,n,day\npen,1,2026-03-17\nink,2,2026-04-01\ncap,3,2026-04-02\n"
    found = check("t.claw", source, Assets({"in/a.csv": data}))
    assert found.ok, [(d.code, d.message) for d in found.diagnostics]
    assert found.tasks[0].witness.origin == "derived"


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ('html_select(made, "p >").text == ["a"]', "`p >` is not a CSS selector: character 4 is not understood"),
        ('html_table(made, "p:hover") == html_table(given)', "`p:hover` is not a CSS selector: character 2 is not"),
        ("html(given).attr.lang == html(made).text", "unknown key `lang`"),
        ('html_table(made) == (html_table(given) | where count > "5")', "a number compared with text"),
    ],
)
def test_slips(expect: str, message: str) -> None:
    case = CASES["html"]._replace(expects=(expect,))
    source = TASK.format(
        input=case.input,
        deliver=case.deliver,
        checks=f"check c {{ expect {expect} }}",
        structure="",
        solution=case.solution,
    )
    found = check("t.claw", source, Assets({case.input: case.data, "solution": b""})).diagnostics
    assert [d.message[: len(message)] for d in found if d.severity == "error"] == [message]
