"""Reference solvers of pages, histories and programs: what they read, and what the programs do that they write."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clawc.compiler.git_objects import Commit, history
from clawc.stdlib.archetypes.brief import Fact, Step
from clawc.stdlib.archetypes.solvers import Unsolvable, solve

WRITE: Step = {"do": "write", "path": "out.json", "format": "json", "columns": ["id", "kind", "n"]}


def _written(files: dict[str, bytes]) -> Fact:
    loaded: Fact = json.loads(files["out.json"])
    return loaded


@pytest.mark.parametrize(
    ("kind", "places", "entry"),
    [
        ("li.item", ["data-id", "text", "data-value"], '<li class="item" data-id="A1" data-value="3">r &amp; d</li>'),
        ("div.card", ["id", "title", "text"], '<div id="A1" class="big card" title="r &amp; d"><div> 3</div></div>'),
    ],
)
def test_entries_of_saved_pages(kind: str, places: list[str], entry: str) -> None:
    read: Step = {"do": "read", "path": "p", "format": "html", "kind": kind, "columns": ["id", "kind", "n"], "places": places}  # fmt: skip
    page = f'<h1>All</h1><p class="note">7</p><ul class="item">{entry}</ul>'.encode()
    assert _written(solve([read, WRITE], {"p/1.html": page, "p/2.html": page, "p/x.txt": page})) == [
        {"id": "A1", "kind": "r & d", "n": 3},
        {"id": "A1", "kind": "r & d", "n": 3},
    ]


FETCH: list[Step] = [
    {"do": "fetch", "command": "python3 get.py", "start": "https://a.example/"},
    {"do": "page facts", "columns": ["id", "kind", "n"], "labels": ["sort of it", "size"]},
    WRITE,
]
SITE = {
    "m/index.json": b'[{"url": "https://a.example/", "file": "s.html"}, {"url": "https://a.example/x", "file": "x.html"}]',
    "m/s.html": b'<h1>Start</h1><a href="https://a.example/x">x</a>',
    "m/x.html": b"<h1>X &amp; Y</h1><dl><dt>size</dt><dd>12</dd><dt>sort of it</dt><dd>round</dd></dl>",
}


def test_facts_of_a_site() -> None:
    assert _written(solve(FETCH, SITE)) == [{"id": "X & Y", "kind": "round", "n": 12}]
    with pytest.raises(Unsolvable, match="no page"):
        solve(FETCH, {**SITE, "m/s.html": b'<a href="https://a.example/y">y</a>'})


def test_a_history_is_read_in_utc() -> None:
    said = [("feat: one", "2025-01-01T23:30+00:00"), ("fix: two", "2025-01-02T01:00+02:00"), ("feat: a: b", "2025-01-02T00:00+00:00")]  # fmt: skip
    made = history(
        [Commit(text, "Ann Berg", "a@example.com", datetime.fromisoformat(at), {"f": (text.encode(), False)}) for text, at in said]
    )  # fmt: skip
    brief: list[Step] = [
        {"do": "read", "path": "r", "format": "git"},
        {"do": "release notes", "path": "n.md", "sections": ["New", "Mended"], "kinds": ["feat", "fix"], "words": 30},
        {"do": "keep", "column": "at", "compare": "from", "value": "2025-01-02"},
        {"do": "commit list", "columns": ["author", "kind", "subject"]},
        {"do": "write", "path": "out.json", "format": "json", "columns": ["author", "kind", "subject"]},
    ]
    files = solve(brief, {f"r/.git/{name}": data for name, data in made.files.items()})
    assert _written(files) == [{"author": "Ann Berg", "kind": "feat", "subject": "a: b"}]
    assert files["n.md"] == b"## New\n\n- one\n- a: b\n\n## Mended\n\n- two\n"
    assert datetime.fromisoformat(said[1][1]).astimezone(UTC).day == 1


@pytest.mark.parametrize(
    ("form", "log"),
    [
        (
            "git log",
            "commit 1f\nAuthor: Ann Berg <a@example.com>\nDate:   2025-01-02T01:00:00+02:00\n\n    fix: a: b\n",
        ),
        ("git log with bars", "1f|2025-01-01T23:00:00Z|Ann Berg|fix: a: b\n"),
        ("git log in brackets", "1f [2025-01-01T23:00:00Z] (Ann Berg) fix: a: b\n"),
        ("csv", "hash,at,author,message\n1f,2025-01-01T23:00:00Z,Ann Berg,fix: a: b\n"),
    ],
)
def test_a_log_is_read_in_each_form(form: str, log: str) -> None:
    brief: list[Step] = [
        {"do": "read", "path": "log.txt", "format": form},
        {"do": "release notes", "path": "n.md", "sections": ["New"], "kinds": ["fix"], "words": 30},
        {"do": "write", "path": "out.json", "format": "json", "columns": ["author", "at", "kind", "subject"]},
    ]
    assert _written(solve(brief, {"log.txt": log.encode()})) == [
        {"author": "Ann Berg", "at": "2025-01-01T23:00:00", "kind": "fix", "subject": "a: b"}
    ]
    with pytest.raises((Unsolvable, ValueError)):
        solve(brief, {"log.txt": f"{log}commit what\n".encode()})


# Programs.

TABLE = b'id,who,n,state\n1,"Ann, B",0.1,ok\n2,Cy,7,ok\n3,"Ann, B",0.2,ok\n4,Cy,9,void\n'
SCRIPT: list[Step] = [
    {"do": "read", "path": "in.csv", "format": "csv", "one": "row"},
    {"do": "script", "path": "add.py", "call": "python3 add.py INPUT.csv OUTPUT.csv"},
    {"do": "write", "path": "out.csv", "format": "csv", "columns": ["who", "total", "rows"]},
    {"do": "group", "by": ["who"], "results": [{"name": "total", "how": "sum", "column": "n"}, {"name": "rows", "how": "count"}]},
    {"do": "sort", "by": ["-total", "who"]},
    {"do": "keep", "column": "state", "compare": "not", "value": "void"},
    {"do": "missing input", "status": 3},
]  # fmt: skip


def test_a_script_gives_what_is_delivered_beside_it(tmp_path: Path) -> None:
    files = solve(SCRIPT, {"in.csv": TABLE})
    assert files["out.csv"] == b'who,total,rows\nCy,7,1\n"Ann, B",0.3,2\n'
    for name, data in {**files, "in.csv": TABLE}.items():
        (tmp_path / name).write_bytes(data)
    subprocess.run([sys.executable, "add.py", "in.csv", "again.csv"], cwd=tmp_path, check=True)
    assert (tmp_path / "again.csv").read_bytes() == files["out.csv"]
    ended = subprocess.run([sys.executable, "add.py", "no.csv", "x.csv"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n"), "no.csv" in ended.stderr) == (3, 1, True)


@pytest.mark.parametrize(
    ("head", "promise", "asked", "wanted"),
    [
        ("charge(count, price)", "Price of `count` pieces: from 5 pieces on 10 % less, from 9 on 25 % less, for all of them; rounded down to whole units.", "[f(4, 7), f(5, 7), f(8, 9), f(9, 9)]", [28, 31, 64, 60]),
        ("gaps(numbers)", "The whole numbers between the least and the greatest of `numbers` that are missing there, ascending; [] for no numbers.", "[f([]), f([3, 3]), f([7, 3, 4])]", [[], [], [5, 6]]),
        ("longest_run(values)", "How many equal values stand in a row at most; 0 for an empty list.", "[f([]), f([1, 2, 2, 1]), f([5, 5, 5, 1, 1])]", [0, 2, 3]),
        ("merge_spans(spans)", "Spans [start, end] in any order, joined where they overlap or touch, sorted by start.", "[f([]), f([[4, 6], [1, 2], [2, 3]]), f([[1, 9], [2, 3], [10, 11]])]", [[], [[1, 3], [4, 6]], [[1, 9], [10, 11]]]),
        ("page_of(items, number, size)", "The items of page `number`, counted from 1, with `size` items a page; [] for pages that there are not.", "[f([1, 2, 3], n, 2) for n in (-1, 0, 1, 2, 3)]", [[], [], [1, 2], [3], []]),
        ("spell_time(minutes)", 'Minutes as text: 75 is "1 h 15 min", 60 is "1 h", 20 is "20 min", 0 is "0 min".', "[f(n) for n in (0, 59, 60, 125)]", ["0 min", "59 min", "1 h", "2 h 5 min"]),
        ("top_two(scores)", "The two greatest different scores, the greater one first; fewer if there are not so many.", "[f([]), f([2, 2]), f([1, 3, 3, 2])]", [[], [2], [3, 2]]),
        ("weighted_mean(pairs)", "Mean of the values of [value, weight] pairs, weighted and rounded down; None if the weights add up to nothing.", "[f([]), f([[5, 0]]), f([[1, 1], [4, 2]]), f([[-1, 1], [0, 1]])]", [None, None, 3, -1]),
    ],
)  # fmt: skip
def test_a_function_is_written_from_its_promise(head: str, promise: str, asked: str, wanted: Fact) -> None:
    name = head.split("(")[0]
    rest = 'def other():\n    """Nothing."""\n    return 1  # kept\n'
    module = f'"""Small."""\n\n\ndef {head}:\n    """{promise}"""\n    return 0\n\n\n{rest}'
    fix: Step = {"do": "fix", "path": "m.py", "function": name}
    text = solve([fix], {"m.py": module.encode()})["m.py"].decode()
    assert text.endswith(f"\n\n\n{rest}") and text.startswith(module.split("    return 0")[0])
    known: dict[str, object] = {}
    exec(f"{text}\nf = {name}\nfound = {asked}\n", known)
    assert known["found"] == wanted


def test_a_promise_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(Unsolvable, match="Something else"):
        solve([{"do": "fix", "path": "m.py", "function": "f"}], {"m.py": b'def f(x):\n    """Something else."""\n'})


# Cases for tests.

LIMITS = b"field,least,most\nage,18,30\n"
ACCEPTS = """
import csv
with open("l.csv") as file:
    TABLE = list(csv.DictReader(file))


def accepts(field, value):
    row = next(row for row in TABLE if row["field"] == field)
    low, high = int(row["least"]), int(row["most"])
    return "yes" if low <= value < high else "no"
"""


def _cases(rule: Step, cases: Step, columns: list[str], table: bytes, code: str) -> list[list[Fact]]:
    brief: list[Step] = [
        {"do": "read", "path": "l.csv", "format": "csv"},
        rule,
        {"do": "test cases", **cases},
        {"do": "expected", "columns": columns},
        {"do": "try cases", "into": "result", "values": ["right", "wrong"]},
        {"do": "write", "path": "out.json", "format": "json", "columns": [*columns, "result"]},
    ]
    loaded = json.loads(solve(brief, {"l.csv": table, "code/m.py": code.encode()})["out.json"])
    return [list(row.values()) for row in loaded]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("inclusive", [[17, "no", "right"], [18, "yes", "right"], [30, "yes", "wrong"], [31, "no", "right"]]),
        ("strict", [[18, "no", "wrong"], [19, "yes", "right"], [29, "yes", "right"], [30, "no", "right"]]),
    ],
)
def test_cases_at_limits(kind: str, wanted: list[list[Fact]]) -> None:
    about: Step = {"column": "least", "columns": ["most"], "kind": kind}
    rule: Step = {"do": "limits", **about, "values": ["yes", "no"]}
    found = _cases(rule, {"how": "at limits", **about}, ["field", "value", "expected"], LIMITS, ACCEPTS)
    assert [row[1:] for row in found] == wanted


GRADE = 'def grade(n):\n    for row in reversed(TABLE):\n        if n > float(row["over"]):\n            return row["name"]\n    return None\n'


@pytest.mark.parametrize(("kind", "wanted"), [("above", "aab right right right"), ("from", "abb right wrong right")])
def test_cases_around_borders(kind: str, wanted: str) -> None:
    rule: Step = {"do": "bands", "column": "over", "value": "n", "take": "name", "kind": kind}
    cases: Step = {"how": "around borders", "step": "0.1", "column": "over"}
    found = _cases(rule, cases, ["n", "expected"], b"over,name\n0,a\n10,b\n", GRADE)
    assert [row[0] for row in found] == [9.9, 10, 10.1]
    assert " ".join(["".join(str(row[1]) for row in found), *(str(row[2]) for row in found)]) == wanted


@pytest.mark.parametrize(
    ("kind", "code", "wanted"),
    [
        ("Monday after", "end += timedelta(days=1)", ["2025-03-10 wrong", "2025-03-10 right", "2025-03-07 right"]),
        ("Friday before", "end -= timedelta(days=end.isoweekday() - 5)", ["2025-03-07 right", "2025-03-07 right", "2025-03-07 right"]),
    ],
)  # fmt: skip
def test_cases_of_days(kind: str, code: str, wanted: list[str]) -> None:
    text = f"def due(sent):\n    end = date.fromisoformat(sent) + timedelta(days=7)\n    if end.isoweekday() > 5:\n        {code}\n    return end.isoformat()\n"
    rule: Step = {"do": "deadline", "days": 7, "column": "sent", "as": "expected", "kind": kind}
    days = b"sent\n2025-03-01\n2025-03-02\n2025-02-28\n"
    found = _cases(rule, {"how": "listed", "column": "sent"}, ["sent", "expected"], days, text)
    assert [f"{row[1]} {row[2]}" for row in found] == wanted


@pytest.mark.parametrize(("how", "wanted"), [("down", 0.02), ("half up", 0.03), ("half even", 0.02)])
def test_cases_of_halves(how: str, wanted: float) -> None:
    text = 'def fee(n):\n    exact = Decimal(str(n)) * Decimal("0.05")\n    return exact.quantize(Decimal("0.01"), rounding=decimal.ROUND_HALF_UP)\n'
    rule: Step = {"do": "share", "percent": 5, "column": "n", "as": "expected", "how": how}
    found = _cases(rule, {"how": "listed", "column": "n"}, ["n", "expected"], b"n\n0.5\n", text)
    assert found == [[0.5, wanted, "right" if wanted == 0.03 else "wrong"]]


@pytest.mark.parametrize(("kind", "wanted"), [("sum", [96, 80, 120, 100]), ("base only", [100, 80, 120, 100])])
def test_cases_of_prices(kind: str, wanted: list[int]) -> None:
    text = 'def price(what, fast, member):\n    row = next(row for row in TABLE if row["what"] == what)\n    base = float(row["base"])\n    share = 80 / 100 if member == "yes" else 1\n    extra = 20 if fast == "yes" else 0\n    return round((base + extra) * share, 2)\n'
    rule: Step = {
        "do": "price",
        "base": "base",
        "option": "fast",
        "more": 20,
        "client": "member",
        "percent": 20,
        "kind": kind,
    }
    cases: Step = {"how": "combinations", "columns": ["what"], "options": ["fast", "member"], "values": ["yes", "no"]}
    found = _cases(rule, cases, ["what", "fast", "member", "expected"], b"what,base\nx,100\n", text)
    assert [row[1:4] for row in found] == [["yes", "yes", wanted[0]], ["yes", "no", wanted[2]], ["no", "yes", wanted[1]], ["no", "no", wanted[3]]]  # fmt: skip
    assert [row[4] for row in found] == ["right" if kind == "sum" else "wrong", "right", "right", "right"]


def test_code_that_does_more_than_compute_is_not_traced() -> None:
    rule: Step = {"do": "share", "percent": 5, "column": "n", "as": "expected", "how": "down"}
    for body in ("open(n)", "__import__('os')", "n.__class__", "TABLE.pop()"):
        with pytest.raises(Unsolvable):
            _cases(rule, {"how": "listed", "column": "n"}, ["n", "expected"], b"n\n0.5\n", f"def f(n):\n    return {body}\n")  # fmt: skip
