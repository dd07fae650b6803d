"""Whatever a record says, a report in any format stays a report: no markup, no command, no formula, no control sequence."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from clawc.runtime.records import EpisodeRecord, RefusedEntry
from clawc.runtime.report.build import Settings, build_report
from clawc.runtime.report.document import Report
from clawc.runtime.report.json_document import as_json
from clawc.runtime.report.junit import as_junit
from clawc.runtime.report.markdown import as_markdown, escaped
from clawc.runtime.report.page import as_html
from clawc.runtime.report.rows import BY, cell, episodes_csv, groups_csv
from clawc.runtime.report.sample import RunInput
from clawc.runtime.report.text import as_text, plain
from clawc.runtime.stats.bootstrap import Resampling
from tests.runtime.generated_runs import Made, generated

TEXTS = {
    "script": "</script><script>alert(1)</script><img src=x onerror=alert(2)>",
    "style": "</style><link rel=stylesheet href=//x>{{ 7 * 7 }}{% raw %}",
    "attribute": "\" onclick='x' data-n=\"1",
    "svg": "</title></text></svg><svg onload=alert(1)>",
    "terminal": "\x1b[31mred\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x9b2J",
    "controls": "a\x00b\rc\nd\x0b\x0c\x7f\x85\u2028\u2029e\ufffe",
    "bidi": "\u202eabc\u2066def\u2069\u200b\ufeff",
    "surrogate": "a\ud800b\udfffc",
    "formula": "=HYPERLINK(\"http://x\",\"y\")",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "quote": '",=1+1\n=2+2,"',
    "command": "::error file=x::boom",
    "indented": "  ::set-output name=a::b",
    "old_command": "x ##[error]boom",
    "in_a_line": "fine\n::error::boom",
    "markdown": "| a | **b** `c` [d](http://x) ![e](y) <b>f</b> # g ~~h~~ @someone #12 www.x.org https://x :tada:",
    "backslash": "\\| \\` \\",
    "xml": "]]><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
    "long": "x" * 300_000,
    "empty": "",
}  # fmt: skip


def hostile(text: str) -> tuple[Report, list[RunInput]]:
    """A report of two runs in which every text that records hold is `text`."""
    runs: list[RunInput] = []
    for number in range(2):
        run = generated("r", Made(tasks=3, episodes=3, seed=number, faults=0.1, unjudged=1))
        records = [_spoilt(record, text) for record in run.records]
        tasks = tuple(task.model_copy(update={"task": text}) for task in run.info.tasks[:2])
        info = run.info.model_copy(
            update={"run_id": text, "agent": text, "created": text, "clawc": text, "tasks": (*tasks, run.info.tasks[2])}
        )
        runs.append(RunInput(text, info, records, [_spoilt(r, text) for r in run.attempts]))
    return build_report(runs, Settings(scoring=text, resampling=Resampling(resamples=100))), runs


def _spoilt(record: EpisodeRecord, text: str) -> EpisodeRecord:
    checks = tuple(c.model_copy(update={"name": text, "message": text, "weight": text or "1"}) for c in record.checks)
    spoilt = {
        "run_id": text, "agent": text, "template": text, "category": text, "operations": (text, "other"),
        "started": text, "ended": text, "final": text, "evidence": text, "limits_hit": (text,), "checks": checks,
        "enforcers": (text,), "refused": (RefusedEntry(path="x", reason="y").model_copy(update={"reason": text}),),
        "seconds": {text: 1.0, "agent": 2.0}, "C": text, "V": text,
    }  # fmt: skip
    if record.index < 2:
        spoilt["task"] = text
    return record.model_copy(update=spoilt)


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.policy = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        values = dict(attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action", "data")]
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values.get("content") or ""
        if tag in self.raw:
            self.raw[tag].append("")
        if tag not in ("meta", "br", "rect", "line", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert not self.open or tag == self.open[-1] or tag in ("rect", "line", "circle"), (tag, self.open[-3:])
        if self.open and tag == self.open[-1]:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]][-1] += data


TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "nav", "a", "main", "section",
    "div", "table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "ul", "li", "strong", "b", "span", "figure",
    "figcaption", "svg", "desc", "rect", "line", "circle", "text", "footer", "script",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "aria-label", "aria-labelledby", "role",
    "tabindex", "scope", "data-n", "viewbox", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height",
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXTS)
def test_html_is_only_ours(kind: str) -> None:
    html = as_html(hostile(TEXTS[kind])[0])
    page = Page()
    page.feed(html)
    page.close()
    assert not page.open
    assert page.tags <= TAGS and page.attributes <= ATTRIBUTES
    assert all(re.fullmatch(r"#[a-z0-9]+", link) for link in page.links)
    assert len(page.raw["script"]) == 1 and len(page.raw["style"]) == 1
    for name, [inside] in page.raw.items():
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none';") and "unsafe" not in page.policy
    assert "://" not in page.raw["style"][0] + page.raw["script"][0] and "url(" not in page.raw["style"][0]
    assert all(c.isprintable() or c == "\n" for c in html)
    assert html.encode() and len(html) < 400_000


@pytest.mark.parametrize("kind", TEXTS)
def test_text_has_no_commands(kind: str) -> None:
    text = as_text(hostile(TEXTS[kind])[0])
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 5_000 and text.encode()


@pytest.mark.parametrize("kind", TEXTS)
def test_markdown_marks_nothing_up(kind: str) -> None:
    markdown = as_markdown(hostile(TEXTS[kind])[0])
    assert all(c.isprintable() or c == "\n" for c in markdown) and markdown.encode()
    columns = 0
    for line in markdown.splitlines():
        assert not re.search(r"(?<!\\)[`\[\]]|<[a-z/!]|://|@|www\.", line), line[:200]
        bars = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
        assert not line.startswith("|") or columns in (0, bars), line[:200]
        columns = bars if line.startswith("|") else 0


@pytest.mark.parametrize("kind", TEXTS)
def test_csv_has_no_formulas(kind: str) -> None:
    report, runs = hostile(TEXTS[kind])
    for text in (episodes_csv(runs), *(groups_csv(report, by) for by in BY)):
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len({len(row) for row in rows}) == 1
        assert all(c.isprintable() or c in "\n\t" for c in text) and text.encode()
        for row in rows:
            assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row)


@pytest.mark.parametrize("kind", TEXTS)
def test_junit_is_xml(kind: str) -> None:
    xml = as_junit(hostile(TEXTS[kind])[0])
    assert "<!DOCTYPE" not in xml and "\x1b" not in xml and xml.encode()
    root = ElementTree.fromstring(xml)
    assert {e.tag for e in root.iter()} <= {"testsuites", "testsuite", "testcase", "failure", "error", "skipped"}
    assert sum(1 for _ in root.iter("testcase")) == int(root.get("tests", "0"))


@pytest.mark.parametrize("kind", TEXTS)
def test_json_keeps_texts_as_data(kind: str) -> None:
    text = as_json(hostile(TEXTS[kind])[0])
    assert text.isascii() and all(c.isprintable() or c == "\n" for c in text)
    document = json.loads(text)
    assert document["runs"][0]["agent"] == TEXTS[kind]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", ": :error::x"),
        ("  ::error::x", "  : :error::x"),
        ("a ::b", "a ::b"),
        ("##[error]x", "## [error]x"),
        ("a\tb\nc\x1b[0m", "a b\ufffdc\ufffd[0m"),
    ],
)
def test_lines_of_text(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b | c", "a\\_b \\| c"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("[x](y)", "\\[x\\](y)"),
        ("https://x", "https&#58;//x"),
        ("12:30:05", "12:30:05"),
        ("WWW.x", "WWW&#46;x"),
        ("`", "\\`"),
    ],
)
def test_lines_of_markdown(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0.5, "0.5"), (1.0, "1"), (0.0, "0"), (3, "3"), ("=1", "'=1"), ("\t1", "'\t1"), ("\r1", "'\ufffd1"),
     ("a=1", "a=1"), (1 / 3, "0.333333")],
)  # fmt: skip
def test_cells(value: str | int | float | None, shown: str) -> None:
    assert cell(value) == shown


def test_hostile_records_break_no_figures() -> None:
    report, _ = hostile("x")
    assert report.runs[0].score.episodes == sum(report.runs[0].score.distribution)
    assert report.comparisons[0].tasks >= 1
