"""Instances of tasks with parameters and generated data: what a seed gives is the same everywhere, and is admitted."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.compiler.assets import DiskAssets
from clawc.compiler.finding import findings
from clawc.compiler.generate import Source
from clawc.compiler.pipeline import Checked, Compiled, build, check, check_instance, read
from clawc.compiler.report import as_text

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "overdue_letters.claw"
TEXT = EXAMPLE.read_text(encoding="utf-8")
SEEDS = range(20)
DIGESTS = """
import hashlib, json, sys
from pathlib import Path
from clawc.compiler.pipeline import build, check
text = Path(sys.argv[1]).read_text(encoding="utf-8")
found = {}
for seed in json.loads(sys.argv[2]):
    files = build(check("overdue_letters.claw", text, None, seed).tasks[0]).files
    found[seed] = hashlib.sha256(b"".join(p.encode() + d for p, d in files.items())).hexdigest()
print(json.dumps(found))
"""
SPEC = """claw 1

USES
task sums {
  title = "Add up the hours"
HEAD
  data shifts {
    count = 12
    name  = pick(["Ada", "Bo", "Cy"])
    hours = integer_between(1, 8)
COLUMNS
  }

  workspace { file log "input/log.csv" { content = csv(shifts) } }

  let wanted = csv(log) | group name, hours = sum(hours) | sort name

  deliver totals "output/totals.csv" { columns = [name, hours] }

  instruction = "Write the hours of each name in {{ path.log }} to {{ path.totals }}: name and hours, sorted by name. TOLD"

  verify { check right { expect rows(totals) == wanted } }
TAIL
}
"""


def spec(head: str = "", columns: str = "", told: str = "", tail: str = "", uses: str = "") -> str:
    text = SPEC.replace("HEAD", head).replace("COLUMNS", columns).replace("TOLD", told)
    return text.replace("TAIL", tail).replace("USES", uses)


def said(checked: Checked) -> str:
    return as_text(findings(checked.diagnostics))


def compiled(text: str, seed: int = 0) -> Compiled:
    checked = check("spec.claw", text, None, seed)
    assert checked.ok, said(checked)
    return checked.tasks[0]


def codes(text: str) -> list[str]:
    return [d.code for d in check("spec.claw", text).diagnostics]


def digest(one: Compiled) -> str:
    return hashlib.sha256(b"".join(p.encode() + d for p, d in build(one).files.items())).hexdigest()


@pytest.fixture(scope="module")
def instances() -> list[Compiled]:
    parsed = read("overdue_letters.claw", TEXT)
    found = [check_instance(parsed, None, seed) for seed in SEEDS]
    assert [said(c) for c in found if c.diagnostics] == []
    return [c.tasks[0] for c in found]


def test_the_derived_answer_wins_and_nothing_loses_in_every_instance(instances: list[Compiled]) -> None:
    for one in instances:
        assert one.witness.origin == "derived"
        assert one.trial.judge(one.witness.files)["score_checks"] == "1"
        assert one.trial.judge({})["score_checks"] == "0"


def test_every_instance_is_admitted(instances: list[Compiled]) -> None:
    for one in instances:
        rows = one.witness.files["output/late.csv"].decode().splitlines()[1:]
        owed = [row.split(",")[2] for row in rows]
        assert 3 <= len(rows) <= 8 and len(set(owed)) == len(owed)
        assert 1 <= one.task.draws <= 100
    assert max(one.task.draws for one in instances) > 1  # so that drawing again is tried here


def test_different_seeds_give_different_instances(instances: list[Compiled]) -> None:
    assert len({digest(one) for one in instances}) == len(instances)
    assert len({dict(one.task.params)["region"] for one in instances}) == 3


def test_parameters_stand_in_title_instruction_and_counts(instances: list[Compiled]) -> None:
    for one in instances:
        drawn = dict(one.task.params)
        ledger = next(i for i in one.task.inputs if i.file.name == "ledger")
        assert drawn["region"] in one.task.title and f"Today is {drawn['today']}." in one.task.instruction
        assert len(ledger.data.splitlines()) == 1 + int(drawn["rows"]) + 3
        assert 20 <= int(drawn["rows"]) <= 60 and "2026-04-01" <= drawn["today"] <= "2026-06-30"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "environment", [{"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}, {"PYTHONHASHSEED": "77", "LC_ALL": "C"}]
)
def test_the_same_bytes_in_another_process(instances: list[Compiled], environment: dict[str, str]) -> None:
    wanted = {str(seed): digest(instances[seed]) for seed in (0, 7)}
    done = subprocess.run([sys.executable, "-c", DIGESTS, str(EXAMPLE), "[7, 0]"], env={**os.environ, **environment},
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert json.loads(done.stdout) == wanted


def test_a_file_that_was_read_once_gives_the_same_as_one_that_is_read_again(instances: list[Compiled]) -> None:
    again = check("overdue_letters.claw", TEXT, None, 3).tasks[0]
    assert digest(again) == digest(instances[3])


def test_the_manifest_says_which_instance_it_is(instances: list[Compiled]) -> None:
    instance = build(instances[7]).manifest.instance
    assert instance is not None
    assert (instance.template, instance.seed, instance.draws) == ("overdue_letters", 7, instances[7].task.draws)
    assert instance.params == dict(instances[7].task.params)


def test_a_task_that_draws_nothing_is_no_instance() -> None:
    text = (ROOT / "examples" / "order_totals.claw").read_text(encoding="utf-8")
    checked = check("order_totals.claw", text)
    assert checked.tasks and build(checked.tasks[0]).manifest.instance is None
    assert digest(checked.tasks[0]) == digest(check("order_totals.claw", text, None, 9).tasks[0])


@pytest.mark.parametrize(
    ("param", "use", "kind"),
    [
        ("int = 3..9", "hours > param.x - 9", "3 4 5 6 7 8 9"),
        ("int = -2..2", "hours > param.x", "-2 -1 0 1 2"),
        ("number = 0.5..0.6; decimals = 1", "hours > param.x", "0.5 0.6"),
        ("number = 0.01..0.02", "hours > param.x", "0.01 0.02"),
        ("date = @2026-02-27..@2026-03-01", "param.x > @2026-01-01", "2026-02-27 2026-02-28 2026-03-01"),
        ('choice = ["Ada", "Bo"]', "name != param.x", "Ada Bo"),
        ("choice = [true, false]", "param.x or hours > 0", "true false"),
        ("choice = {Ada: 9, Bo: 1}", "name != param.x", "Ada Bo"),
        ("value = 2 * 3", "hours < param.x + 9", "6"),
    ],
)
def test_every_kind_of_parameter(param: str, use: str, kind: str) -> None:
    text = spec(f"  param x {{ {param} }}").replace("csv(log) |", f"csv(log) | where {use} |")
    found = {dict(compiled(text, seed).task.params)["x"] for seed in range(60)}
    assert found == set(kind.split())


def test_weights_count() -> None:
    text = spec("  param x { choice = {often: 9, seldom: 1} }", told="{{ param.x }}")
    found = [dict(compiled(text, seed).task.params)["x"] for seed in range(60)]
    assert found.count("often") > 40


def test_a_parameter_is_typed_by_its_values() -> None:
    for param, wrong in (
        ("int = 1..3", 'param.x == "a"'),
        ('choice = ["a", "b"]', "param.x > 3"),
        ("date = @2026-01-01..@2026-01-02", "param.x < 5"),
    ):
        text = spec(f"  param x {{ {param} }}").replace("csv(log) |", f"csv(log) | where {wrong} |")
        assert codes(text) == ["E0403"], param


def test_parts_of_a_chosen_record_are_known() -> None:
    head = '  param market { choice = [{name: "EU", tax: 0.19}, {name: "US", tax: 0.07}] }'
    text = spec(head, told="The market is {{ param.market.name }}.").replace(
        "sum(hours)", "sum(hours * (1 + param.market.tax))"
    )
    assert "The market is" in compiled(text).task.instruction
    assert codes(text.replace("market.tax", "market.taks")) == ["E0405"]


def test_parameters_are_worked_out_from_each_other_in_any_order() -> None:
    head = "  param double { value = param.single * 2 }\n  param single { int = 4..param.most }\n  param most { value = 4 }"
    assert dict(compiled(spec(head, told="{{ param.double }}")).task.params) == {
        "double": "8",
        "single": "4",
        "most": "4",
    }


def test_a_parameter_may_be_drawn_as_a_cell_is() -> None:
    text = spec("  param boss { value = full_name() }", told="{{ param.boss }}", uses="use std.people (full_name)")
    assert len({dict(compiled(text, seed).task.params)["boss"] for seed in range(5)}) == 5


def test_columns_for_the_others_are_in_no_file() -> None:
    data = 'data people { count = 3; id = serial("P{{ n }}"); age = integer_between(20, 60) }\n'
    text = spec(
        "  " + data, "    _who = pick(people)\n    by = _who.id\n    age = _who.age", told="{{ count(people) }}"
    )
    one = compiled(text)
    lines = one.task.inputs[0].data.decode().splitlines()
    assert lines[0] == "name,hours,by,age"
    assert len({tuple(line.split(",")[2:]) for line in lines[1:]}) == len({line.split(",")[2] for line in lines[1:]})


def test_parameters_decide_which_asset_is_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    head = '  param kind { choice = ["north", "south"] }\n  param mark { choice = ["utf-8", "utf-8-bom"] }'
    text = spec(head, told="{{ path.notes }}").replace(
        "  workspace { ", '  workspace { file notes "input/notes-{{ param.kind }}.txt" { from = "notes/{{ param.kind }}.txt"; encoding = param.mark }; ')  # fmt: skip
    (tmp_path / "notes").mkdir()
    for kind in ("north", "south"):
        (tmp_path / "notes" / f"{kind}.txt").write_text(f"notes of the {kind}\n")
    for seed in range(6):
        checked = check("spec.claw", text, DiskAssets(tmp_path), seed)
        assert checked.tasks, said(checked)
        task = checked.tasks[0].task
        drawn = dict(task.params)
        notes = next(i for i in task.inputs if i.file.name == "notes")
        assert notes.file.path == f"input/notes-{drawn['kind']}.txt"
        assert (
            notes.data
            == (b"\xef\xbb\xbf" if drawn["mark"] == "utf-8-bom" else b"") + f"notes of the {drawn['kind']}\n".encode()
        )


def test_a_further_column_moves_no_other() -> None:
    with_more = compiled(spec(columns="    day = any_date(@2026-01-01, @2026-01-31)")).task.inputs[0].data.decode()
    without = compiled(spec()).task.inputs[0].data.decode()
    assert [line.rsplit(",", 1)[0] for line in with_more.splitlines()] == without.splitlines()


def test_unique_columns_hold_nothing_twice() -> None:
    text = spec(columns="    unique = [code]\n    code = integer_between(1, 12)")
    for seed in range(6):
        lines = compiled(text, seed).task.inputs[0].data.decode().splitlines()[1:]
        assert sorted(int(line.split(",")[2]) for line in lines) == list(range(1, 13))


def test_conditions_are_asked_of_params_data_and_inputs() -> None:
    tail = '  admit { expect count(shifts) == 12 and param.x > 2; expect count(csv(log) | where name == "Ada") > 3 }'
    text = spec("  param x { int = 1..4 }", told="{{ param.x }}", tail=tail)
    for seed in range(8):
        one = compiled(text, seed)
        assert int(dict(one.task.params)["x"]) > 2
        assert one.task.inputs[0].data.decode().count("Ada,") > 3


def test_a_condition_without_a_value_does_not_hold() -> None:
    tail = '  admit { expect only(csv(log) | where name == "Ada" and hours == 8).hours == 8 }'
    for seed in range(4):
        assert compiled(spec(tail=tail), seed).task.inputs[0].data.decode().count("Ada,8\n") == 1


def test_what_reads_deliverables_is_still_known_after_admission() -> None:
    text = spec(tail="  admit { expect count(wanted) > 1 }").replace(
        "  deliver", "  let left = rows(totals)\n  deliver").replace("expect rows(totals)", "expect left")  # fmt: skip
    assert codes(text) == []


HOSTILE = {
    "a thousand million rows": (spec().replace("count = 12", "count = 1000000000"), "E0203"),
    "a chance of text": (spec(columns='    late = chance("x")'), "E0401"),
    "a chance of two": (spec(columns="    late = chance(2)"), "E0501"),
    "a pick of nothing": (spec(columns="    late = pick([])"), "E0501"),
    "weights of text": (spec(columns='    late = pick({a: "b"})'), "E0501"),
    "weights of zero": (spec(columns="    late = pick({a: 0})"), "E0501"),
    "a days' range upside down": (spec(columns="    day = any_date(@2026-02-01, @2026-01-01)"), "E0501"),
    "e to the power of a million": (spec(columns="    x = lognormal(1000000, 1)"), "E0501"),
    "a column of itself": (spec(columns="    a = a + 1"), "E0402"),
    "a parameter of itself": (spec("  param x { value = param.x }", told="{{ param.x }}"), "E0304"),
    "a range of parameters in a circle": (spec("  param x { int = 1..param.y }\n  param y { int = 1..param.x }", told="{{ param.x }}"), "E0304"),
    "decimals of a thousand": (spec("  param x { number = 1..2; decimals = 1000 }", told="{{ param.x }}"), "E0203"),
    "a whole number between halves": (spec("  param x { int = 0.5..1.5 }", told="{{ param.x }}"), "E0203"),
    "no number in the range": (spec("  param x { number = 0.001..0.002 }", told="{{ param.x }}"), "E0214"),
    "a parameter without a name": (spec("  param { int = 1..2 }"), "E0204"),
    "a parameter twice": (spec("  param x { int = 1..2 }\n  param x { int = 1..2 }", told="{{ param.x }}"), "E0303"),
    "a choice of tables": (spec("  param x { choice = [shifts, shifts] }", told="{{ count(param.x) }}"), "E0214"),
    "a choice of nothing": (spec("  param x { choice = [null] }", told="{{ param.x }}"), "E0214"),
    "a function as a value": (spec("  param x { value = pick }", told="{{ param.x }}"), "E0305"),
    "what an agent leaves": (spec("  param x { value = totals }", told="{{ param.x }}"), "E0301"),
    "parameters in a long chain": (spec("\n".join(f"  param p{i} {{ value = param.p{i + 1} }}" for i in range(300)) + "\n  param p300 { value = 1 }", told="{{ param.p0 }}"), "E0108"),
    "a condition that never holds for many rows": (spec(tail="  admit { expect count(wanted) > 99 }").replace("count = 12", "count = 5000"), "E0619"),
    "a choice of choices": (spec("  param x { choice = 3..5 }", told="{{ param.x }}"), "E0203"),
    "dirt of a number": (spec(columns="    dirt = 3"), "E0216"),
    "dirt of a column that is not there": (spec(columns="    dirt = [garble(nme, 0.5)]"), "E0402"),
    "dirt of a share of five": (spec(columns="    dirt = [garble(name, 5)]"), "E0216"),
    "dirt without an argument": (spec(columns="    dirt = [blank(name)]"), "E0401"),
    "dirt with a column in quotes": (spec(columns='    dirt = [blank("name", 0.5)]'), "E0401"),
    "unique without names": (spec(columns='    unique = "name"'), "E0203"),
    "unique of no column": (spec(columns="    unique = [nme]"), "E0402"),
    "a condition about nothing": (spec(tail="  admit { expect nothing > 3 }"), "E0301"),
    "a condition that is none": (spec(tail="  admit { expect count(wanted) }"), "E0406"),
    "words without end": (spec(columns="    note = phrase(10000000)", uses="use std.prose (phrase)"), "E0501"),
    "millions of words": (spec(columns="    note = phrase(2000)", uses="use std.prose (phrase)").replace("count = 12", "count = 5000"), "E0501"),
    "somebody's domain": (spec(columns='    mail = email("Ada", domain = "gmail.com")', uses="use std.people (email)"), "E0501"),
    "a locale that is a folder": (spec(columns='    c = city(locale = "../en")', uses="use std.places (city)"), "E0401"),
    "a locale that is a number": (spec(columns="    c = city(locale = 3)", uses="use std.places (city)"), "E0401"),
}  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_made_is_one_message(name: str) -> None:
    text, code = HOSTILE[name]
    assert set(codes(text)) == {code}, said(check("spec.claw", text))


def test_a_range_of_thirty_digits_is_drawn_evenly() -> None:
    text = spec("  param x { int = 1..1000000000000000000000000000000 }", told="{{ param.x }}")
    found = [int(dict(compiled(text, seed).task.params)["x"]) for seed in range(40)]
    assert len(set(found)) == 40 and all(1 <= n <= 10**30 for n in found)
    assert 10 < sum(n > 10**30 // 2 for n in found) < 30 and sum(n % 2 for n in found) > 8


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 2**80), st.text(max_size=10))
def test_numbers_below(n: int, key: str) -> None:
    assert 0 <= Source(key).below(n) < n
    assert Source(key).below(n) == Source(key).below(n)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 50))
def test_samples_are_different_places(size: int, n: int) -> None:
    found = Source("s", size).sample(size, n)
    assert found == sorted(set(found)) and len(found) == min(size, n) and all(0 <= at < size for at in found)


def test_pinned_numbers() -> None:
    """Changing these changes every instance that was ever built."""
    source = Source("task", "table", 0, 1, "column")
    found: list[Any] = [source.below(1000) for _ in range(6)]
    assert found == [527, 998, 299, 393, 916, 176]


@pytest.mark.parametrize(
    ("encoding", "line_ends", "start"),
    [
        ("utf-8-bom", "lf", b"\xef\xbb\xbfname"),
        ("utf-16", "crlf", b"\xff\xfen\0a\0m\0e\0"),
        ("latin-1", "crlf", b"name"),
    ],
)
def test_queries_read_the_text_of_a_file_in_any_encoding(encoding: str, line_ends: str, start: bytes) -> None:
    text = spec(columns='    town = pick(["Köln", "Gießen"])').replace(
        "content = csv(shifts)", f'content = csv(shifts); encoding = "{encoding}"; line_ends = "{line_ends}"')  # fmt: skip
    one, plain = compiled(text), compiled(spec(columns='    town = pick(["Köln", "Gießen"])'))
    written = one.task.inputs[0].data
    assert written.startswith(start)
    assert one.witness.files == plain.witness.files
    python = {"utf-8-bom": "utf-8-sig"}.get(encoding, encoding)
    assert written.decode(python).replace("\r\n", "\n") == plain.task.inputs[0].data.decode()
    assert (b"\r" in written) == (line_ends == "crlf")
