"""One tiny task for each format: a deliverable, checks that read it in two or three ways, and a right answer."""

from __future__ import annotations

from typing import NamedTuple

from clawc.compiler.assets import NoAssets
from clawc.compiler.elaborate.context import Context
from clawc.compiler.emit.bundle import BundleFiles
from clawc.compiler.pipeline import build, check
from clawc.compiler.render_files import render_sqlite, render_xlsx, render_zip
from clawc.spec.ast import Span
from clawc.stdlib.checks.values import Table

GIVEN = b"item,n\npen,12\nink,3\n"
ONE = Table(["item", "n"], [("pen", 12)])


class Assets(NoAssets):
    """Files beside the source, held in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        return self.files.get(path)


class Format(NamedTuple):
    """A deliverable, what its checks expect, and a right answer, as bytes and as the solution writes it."""

    path: str
    expects: tuple[str, ...]
    right: bytes
    solution: str = 'from("solution")'


SOURCE = """claw 1
task t {{
  title = "T"
  workspace {{ file given "in/a.csv" }}
  deliver made "{path}"
  instruction = "Read {{{{ path.given }}}} and write {{{{ path.made }}}}."
  verify {{
    check c {{
{expects}
    }}
  }}
  solution {{ write made = {solution} }}
}}
"""
ROWS = "(csv(given) | where n > 5)"
MARKDOWN = b"""# Stock

We have **12** pens. There is nothing else in it.

## Items

| item | n |
|------|---|
| pen | 12 |

- a pen
- an ink
"""
MAIL = (
    b"From: Ada <ada@example.org>\nTo: bo@example.org\nSubject: =?utf-8?q?Stock?=\n"
    b"Date: Tue, 17 Mar 2026 09:30:00 +0100\nContent-Type: multipart/mixed; boundary=x\n\n"
    b"--x\n\n12 pens\n--x\nContent-Disposition: attachment; filename=a.txt\n\nhi\n\n--x--\n"
)
CALENDAR = (
    b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:pen\nDTSTART:20260317T090000\nDURATION:PT90M\n"
    b"END:VEVENT\nEND:VCALENDAR\n"
)
FORMATS: dict[str, Format] = {
    "csv": Format("out/a.csv", (f"rows(made) == {ROWS}", "sum(csv(made).n) == 12"), b"item,n\npen,12\n"),
    "tsv": Format("out/a.tsv", (f"rows(made) == {ROWS}", "sum(tsv(made).n) == 12"), b"item\tn\npen\t12\n"),
    "json": Format(
        "out/a.json",
        (f"rows(made) == {ROWS}", 'json(made) == [{item: "pen", n: 12}]', "sum(rows(made).n) == 12"),
        b'[{"item": "pen", "n": 12}]\n',
    ),
    "jsonl": Format(
        "out/a.jsonl", (f"rows(made) == {ROWS}", "sum(jsonl(made).n) == 12"), b'{"item": "pen", "n": 12}\n'),
    "yaml": Format(
        "out/a.yaml",
        ('yaml(made) == [{item: "pen", n: 12}]', f"table(yaml(made)) == {ROWS}"),
        b"- item: pen\n  n: 12\n",
    ),
    "toml": Format(
        "out/a.toml",
        ('toml(made) == {pen: {n: 12}}', "toml(made).pen.n == sum(csv(given).n) - 3"),
        b"[pen]\nn = 12\n",
    ),
    "ini": Format("out/a.ini", ("ini(made).pen.n == 12", 'ini(made) == {pen: {n: "12"}}'), b"[pen]\nn = 12\n"),
    "diff": Format(
        "out/a.diff",
        (
            '(diff(made) | where kind == "added" | select path, text) == [{path: "x", text: "pen"}]',
            "only(diff(made)).line == 1",
        ),
        b"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+pen\n",
    ),
    "markdown": Format(
        "out/a.md",
        (
            f"md_table(made) == {ROWS}",
            'bullets(section(made, "Items")) == ["a pen", "an ink"]',
            'words(section(made, "Stock")) == 19',
        ),
        MARKDOWN,
    ),
    "prose": Format(
        "out/b.md",
        (
            'mentions(made, 12, near = "pens") and mentions(made, "nothing else")',
            "count(sentences(made)) == 4",
            'words(made) == 20 and headings(made) == ["Stock", "Items"]',
        ),
        MARKDOWN,
    ),
    "xml": Format(
        "out/a.xml",
        ('xml(made).tag == "shop"', 'xml_select(made, "item[@n]").text == ["pen"]', "count(xml(made).children) == 1"),
        b'<?xml version="1.0"?>\n<shop><item n="12">pen</item></shop>\n',
    ),
    "html": Format(
        "out/a.html",
        (f"html_table(made) == {ROWS}", 'html_select(made, "tr > td").text == ["pen", "12"]', 'mentions(made, "pen")'),
        b"<!doctype html>\n<table><tr><th>item<th>n<tr><td>pen<td>12</table>\n",
    ),
    "email": Format(
        "out/a.eml",
        (
            'email(made).to == ["bo@example.org"]',
            'email(made).subject == "Stock" and mentions(email(made).body, 12)',
            "email(made).date == @2026-03-17T08:30Z and count(email(made).attachments) == 1",
        ),
        MAIL,
    ),
    "ics": Format(
        "out/a.ics",
        ('ics(made).summary == ["pen"]', "only(ics(made)).end == @2026-03-17T10:30"),
        CALENDAR,
    ),
    "sqlite": Format(
        "out/a.db",
        (f'sqlite(made, "stock") == {ROWS}', 'sqlite_tables(made) == ["stock"]'),
        render_sqlite({"stock": ONE}),
        f"sqlite({{stock: {ROWS}}})",
    ),
    "xlsx": Format(
        "out/a.xlsx",
        (f"xlsx(made) == {ROWS}", 'xlsx_sheets(made) == ["Stock"]'),
        render_xlsx({"Stock": ONE}),
        f"xlsx({{Stock: {ROWS}}})",
    ),
    "zip": Format(
        "out/a.zip",
        ('zip(made).path == ["a.csv"]', f'csv(zip_file(made, "a.csv")) == {ROWS}'),
        render_zip({"a.csv": "item,n\npen,12\n"}),
        f'zip({{"a.csv": csv({ROWS})}})',
    ),
    "lines": Format(
        "out/a.txt",
        (
            'lines(made) == ["item: pen", "n: 12"]',
            'field(made, "item") == "pen"',
            'only(lines(made) | parse re"n: (?P<n>[0-9]+)").n == "12"',
        ),
        b"item: pen\nn: 12\n",
    ),
    "parsed": Format(
        "out/b.txt",
        (
            'capture(text(made), re"(?m)^item: *([a-z ]+)$") == "pen"',
            'split(trim(text(made)), re"\\s+") == ["item:", "pen", "n:", "12"]',
            'matches(text(made), re"item.*pen")',
        ),
        b"item: pen\nn: 12\n",
    ),
    "log": Format(
        "out/a.log",
        ('log(made).level == ["ERROR"]', 'only(log(made)).message == "lost"'),
        b"2026-03-17 09:31:00 ERROR db: lost\n",
    ),
    "wording": Format(
        "out/c.txt",
        (
            'similarity(text(made), "twelve pens are in stock") > 0.5 and fits(text(made), "twelve…stock")',
            'normalise(text(made), ["leet", "case", "markup", "accents"]) == "twelve pens in stock"',
            'mentions(made, "pens") and only(split_at(made, ["twelve pens in stock"])).body == ""',
        ),
        b"twelve pens in stock\n",
    ),
    "shell": Format(
        "out/d.txt",
        (
            'command_line(text(made), values = ["-f"]).args == ["src"]',
            'get(command_line(text(made), values = ["-f"]).flags, "-f") == "b.tgz"',
        ),
        b"tar -f b.tgz src\n",
    ),
    "cron": Format(
        "out/e.txt",
        ("count(cron_times(text(made), @2026-03-01..@2026-03-31)) == 5",),
        b"0 5 * * 1\n",
    ),
    "python": Format(
        "out/a.py",
        ('python(made).functions.name == ["load"]', 'defines(made, "load") and imports(made) == ["json"]'),
        b"import json\n\ndef load(path):\n    return json.loads(path)\n",
    ),
}  # fmt: skip


def built(name: str) -> BundleFiles:
    """The bundle of the task of a format."""
    form = FORMATS[name]
    expects = "\n".join(f"      expect {e}" for e in form.expects)
    files = {"in/a.csv": GIVEN, "solution": form.right}
    checked = check("t.claw", SOURCE.format(path=form.path, expects=expects, solution=form.solution), Assets(files))
    assert checked.ok, [(d.code, d.message) for d in checked.diagnostics]
    return build(checked.tasks[0])
