"""The structure of a task: equal under other names, values, paths and data, another one for another verb, order, format or deliverable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import Compiled, check
from clawc.runtime.synth.structure import data_hash, described, structure

EXAMPLES = Path(__file__).parents[2] / "examples"
SOURCE = """claw 1

use std.people (full_name)

task NAME {
  title      = "TITLE"
  category   = office.records
  operations = [data.aggregate]
  param since { date = @2026-01-01..@2026-03-01 }
  data PEOPLE { count = 4; CLIENT = serial("C-{{ n }}"); WHO = full_name() }
  data SALES {
    count  = COUNT
    CLIENT = pick(PEOPLE.CLIENT)
    DAY    = any_date(@2026-01-01, @2026-06-30)
    AMOUNT = round(uniform(5, 90), 2)
    dirt   = [duplicate_rows(DOUBLES)]
  }
  workspace {
    file LEDGER "input/PATH.csv" { content = csv(SALES) }
    file BOOK   "input/book.json" { content = json(PEOPLE) }
  }
  let FOUND = csv(LEDGER)
    | distinct CLIENT, DAY, AMOUNT
    | where DAY >= param.since and AMOUNT > LIMIT
    | group CLIENT, TOTAL = sum(AMOUNT)
    | join json(BOOK) on CLIENT
    | select CLIENT, WHO, TOTAL
    | sort -TOTAL, CLIENT
  deliver REPORT "output/PATH.csv" { columns = columns(FOUND) }
  instruction = "SAYS Read {{ path.LEDGER }} and {{ path.BOOK }}, write {{ path.REPORT }} since {{ param.since }}: above LIMIT, sorted."
  verify {
    check CHECK { expect rows(REPORT) == FOUND within 0.005 }
    require KEPT { expect unchanged(workspace) }
  }
}
"""
NAMES = (
    "NAME",
    "PEOPLE",
    "CLIENT",
    "WHO",
    "SALES",
    "DAY",
    "AMOUNT",
    "LEDGER",
    "BOOK",
    "FOUND",
    "TOTAL",
    "REPORT",
    "CHECK",
    "KEPT",
)
VALUES = {"TITLE": "Totals", "COUNT": "30", "DOUBLES": "2", "PATH": "sales", "LIMIT": "10", "SAYS": "Please."}


def source(names: dict[str, str] | None = None, values: dict[str, str] | None = None) -> str:
    given_ = {n: f"x_{n.lower()}" for n in NAMES} | (names or {}) | VALUES | (values or {})
    return re.sub(r"\b(" + "|".join(given_) + r")\b", lambda m: given_[m[0]], SOURCE)


def compiled(text: str, seed: int = 0) -> Compiled:
    checked = check("task.claw", text, None, seed)
    assert checked.tasks, [d.message for d in checked.diagnostics]
    return checked.tasks[0]


BASE = compiled(source())
WORD = st.from_regex(r"[a-z]{3,8}_[a-z]{2,6}", fullmatch=True)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(WORD, min_size=len(NAMES), max_size=len(NAMES), unique=True),
    st.integers(20, 60), st.integers(1, 4), st.integers(1, 12), st.integers(0, 50), WORD,
)  # fmt: skip
def test_names_values_paths_and_rows_do_not_count(
    names: list[str], count: int, doubles: int, limit: int, seed: int, path: str
) -> None:
    values = {
        "COUNT": str(count),
        "DOUBLES": str(doubles),
        "LIMIT": str(limit),
        "PATH": path,
        "TITLE": path,
        "SAYS": f"Dear {path}.",
    }
    other = compiled(source(dict(zip(NAMES, names)), values), seed)
    assert described(other) == described(BASE)
    assert structure(other) == structure(BASE)


CHANGES = {
    "direction": ("sort -x_total", "sort x_total"),
    "no sort": (" | sort -x_total, x_client", ""),
    "function": ("sum(x_amount)", "max(x_amount)"),
    "operator": ("x_amount > 10", "x_amount >= 10"),
    "stage": ("    | distinct x_client, x_day, x_amount\n", ""),
    "column of a stage": ("sort -x_total, x_client", "sort -x_total, x_who"),
    "logic": ("param.since and x_amount", "param.since or x_amount"),
    "format of an input": (
        'x_book   "input/book.json" { content = json(x_people) }',
        'x_book "input/book.yaml" { content = yaml(x_people) }',
    ),
    "kinds of dirt": ("[duplicate_rows(2)]", "[duplicate_rows(2), shuffle_rows()]"),
    "line ends": ('"input/sales.csv" {', '"input/sales.csv" { line_ends = "crlf";'),
    "a veto less": ("    require x_kept { expect unchanged(workspace) }\n", ""),
    "partial": ("check x_check {", "check x_check { partial = true;"),
    "columns": ("x_client, x_who, x_total\n    | sort", "x_client, x_total\n    | sort"),
    "one deliverable more": (
        '  instruction = "Please.',
        '  deliver note "output/note.txt"\n  instruction = "Please. Note it in {{ path.note }}.',
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_task_is_counts(name: str) -> None:
    before, after = CHANGES[name]
    text = source().replace("\n    | sort", " | sort") if before.startswith(" | sort") else source()
    assert before in text
    text = text.replace(before, after).replace(
        "json(x_book)", "yaml(x_book)" if "input/book.yaml" in after else "json(x_book)"
    )
    if "deliver note" in text:
        text = text.replace(
            "require x_kept", "check noted { expect words(note) <= 50 and mentions(note, 1) }\n    require x_kept"
        )
    assert structure(compiled(text)) != structure(BASE)


def test_a_let_or_def_is_what_it_stands_for() -> None:
    text = source().replace("  let x_found = csv(x_ledger)\n", "  let read = csv(x_ledger)\n  let x_found = read\n")
    text = text.replace("  let read", "  def recent(d) = d >= param.since\n  let read").replace(
        "x_day >= param.since", "recent(x_day)"
    )
    assert described(compiled(text)) == described(BASE)


def test_which_of_two_lets_is_used_again_counts() -> None:
    again = "check again { expect count(rows(x_report)) == count(%s) }\n    require x_kept"
    first, second = (source().replace("require x_kept", again % what) for what in ("x_found", "json(x_book)"))
    assert structure(compiled(first)) != structure(compiled(second))


def test_all_examples_differ_and_their_instances_do_not() -> None:
    found: dict[str, str] = {}
    for path in sorted(EXAMPLES.rglob("*.claw")):
        text = path.read_text(encoding="utf-8")
        digests = {structure(t) for seed in (0, 1) for t in check(str(path), text, DiskAssets(EXAMPLES), seed).tasks}
        assert len(digests) == 1, path
        assert found.setdefault(digests.pop(), path.name) == path.name


def test_what_a_digest_is_made_of(update_goldens: bool) -> None:
    """Another text makes digests of earlier sets incomparable: `_VERSION` has to change with it."""
    golden = Path(__file__).parents[1] / "golden" / "synth" / "structure.txt"
    found = "\n".join(described(BASE)) + "\n"
    if update_goldens:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == found


def test_data_are_told_apart_by_their_bytes_alone() -> None:
    assert data_hash(compiled(source(values={"PATH": "other"}))) == data_hash(BASE)
    assert data_hash(compiled(source(), 1)) != data_hash(BASE)
