"""Types, and the typical slips of authors: each is answered with what was meant."""

from __future__ import annotations

import pytest

from clawc.compiler.assets import NoAssets
from clawc.compiler.elaborate.context import Context
from clawc.compiler.pipeline import check
from clawc.compiler.source import Diagnostic
from clawc.spec.ast import Span

SPEC = '''claw 1
task t {{
  title = "T"
  workspace {{
    file incidents "in/incidents.csv" {{ content = """
      id,severity,priority,opened,reason
      1,3,2,2026-01-02,late
      2,5,1,2026-01-05,lost
      """ }}
    file config_0 "config/x.json" {{ content = """{{"limit": 3, "tags": ["a", "b"], "by": {{"x": 1.5}}}}""" }}
  }}
  deliver queue "out/queue.csv" {{ columns = [id, severity] }}
  deliver plan "out/plan.md" {{ sections = ["Tasks & Timeline"] }}
  deliver summary "out/summary.json"
  instruction = "Write {{{{ path.queue }}}}, {{{{ path.plan }}}} and {{{{ path.summary }}}}."
  {item}
  verify {{
    check c {{
      expect {expect}
    }}
    check others {{ expect exists(queue) and exists(plan) and exists(summary) and count(csv(incidents)) == count(rows(queue)) }}
  }}
}}
'''


class Nothing(NoAssets):
    """No assets."""

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        cx.error("E0703", span, f"there is no file `{path}`")
        return None


def only(expect: str = "exists(queue)", item: str = "") -> Diagnostic:
    """The one error of a spec."""
    errors = [
        d
        for d in check("spec.claw", SPEC.format(expect=expect, item=item), Nothing()).diagnostics
        if d.severity == "error" and d.code != "E0608"
    ]
    assert len(errors) == 1, [(d.code, d.message) for d in errors]
    return errors[0]


def passes(expect: str) -> None:
    """Elaboration finds nothing wrong. What is judged later, such as the oracle, is no matter here."""
    found = check("spec.claw", SPEC.format(expect=expect, item=""), Nothing()).diagnostics
    assert [d.message for d in found if d.severity == "error" and d.code < "E0600"] == []


@pytest.mark.parametrize(
    ("expect", "code", "message", "help"),
    [
        ("rows(queue) == (csv(incidents) | where severty >= 3)", "E0402", "unknown column `severty` in `csv(incidents)`; did you mean `severity`?",
         "columns: id, severity, priority, opened, reason"),
        ("rows(queu) == csv(incidents)", "E0301", "unknown name `queu`; did you mean the deliverable `queue`?", ""),
        ('rows(queue) == (csv(incidents) | where severity > "3")', "E0403", "a number compared with text",
         "write `3` without quotes"),
        ("rows(queue) == (csv(incidents) | sort priority desc)", "E0101", "unexpected `desc`; expected `)` or `,`",
         "write `sort -priority`"),
        ("mentions(plan, count)", "E0305", "`count` is a function; did you mean `count(x)`?", ""),
        ('mentions(section(plan, "Task & Timeline"), "Ada")', "E0411",
         "section `Task & Timeline` is not declared by `plan`; did you mean `Tasks & Timeline`?", "sections: Tasks & Timeline"),
        ('text(plan) == "late" within 0.01', "E0407", "a tolerance applies to numbers; `text(plan)` is text", ""),
        ("rows(queue) | select id == csv(incidents)", "E0401", "a computed column needs a name",
         "to compare the pipeline, put it in parentheses"),
        ("json(config_0).limt == 3", "E0405", "unknown key `limt`; did you mean `limit`?", "keys: limit, tags, by"),
        ("queue.severity == 3", "E0404", "`queue` is a file, which has no `severity`",
         "read it first, for example `json(queue).severity`"),
        ('"a" in text(plan)', "E0403", "`in` wants a list or a range, not text",
         "to look inside a text write `contains(text(plan), …)`"),
        ("csv(incidents).opened == \"2026-01-02\"", "E0403", "a list compared with text", ""),
        ('rows(queue) == (csv(incidents) | where opened < "2026")', "E0403", "a date compared with text",
         "dates are written `@2026-01-31`"),
        ("rows(queue) == (csv(incidents) | where opened - 3 > opened)", "E0403", "`-` between a date and a number",
         "days are written `3d`"),
        ("rows(queue) == (csv(incidents) | derive severity + 1)", "E0401",
         "a derived column needs a name: `derive name = …`", ""),
        ("rows(queue) == (csv(incidents) | select id)", "E0402",
         "the deliverable's column `severity` is no column of this table", "columns: id"),
        ("count(csv(incidents) | join csv(incidents) on id) == count(rows(queue))", "E0303",
         "both tables have a column `severity`", "before the join write `| rename other_severity = severity` on one side"),
        ("count(csv(incidents) | join json(config_0).tags on id == value) == count(rows(queue))", "E0403",
         "a number joined with text", ""),
        ("not count(rows(queue))", "E0406", "expected a condition, found a number", ""),
        ("exists(queue) and words(plan)", "E0406", "expected a condition, found a number", ""),
        ("mentions(plan, mean(csv(incidents).reason))", "E0401", "`mean` wants numbers, not text", ""),
        ("mentions(plan, sum(csv(incidents)))", "E0401", "`sum` wants a list, not a table", "name the column: `sum(t.column)`"),
        ("mentions(plan, round(1.5, digit = 1))", "E0401", "`round` has no argument `digit`; did you mean `digits`?",
         "round(x: N, digits: N =, half: S =) -> N"),
        ("words(plan) < 9 within 1", "E0407", "`within` belongs to `==`, not to `<`", ""),
        ("-text(plan) == 3", "E0403", "`-` wants a number, not text", ""),
        ("rows(incidents) == rows(queue)", "E0401",
         "`rows` reads a deliverable; inputs are read by `csv`, `json` and so on", ""),
        ("words(plan) in 60..@2026-01-01", "E0403", "a range from a number to a date", ""),
    ],
)  # fmt: skip
def test_slip(expect: str, code: str, message: str, help: str) -> None:
    found = only(expect)
    assert (found.code, found.message, found.help) == (code, message, help)


def test_deliverable_over_an_input() -> None:
    item = 'deliver config "config/x.json"'
    text = SPEC.format(expect="exists(config)", item=item).replace(
        "path.summary }}.", "path.summary }}, {{ path.config }}."
    )
    found = [d for d in check("spec.claw", text, Nothing()).diagnostics if d.severity == "error"]
    assert [(d.code, d.message) for d in found] == [
        ("E0705", "this path is the input `config_0`; add `edits = config_0`")
    ]


def test_name_inside_group_that_is_no_key() -> None:
    found = only("rows(queue) == (csv(incidents) | group id, severity = max(severity) + priority)")
    assert found.message == "`priority` has a value in every row of the group, not one for the group"
    assert "`first(priority)`" in found.help


@pytest.mark.parametrize(
    "expect",
    [
        "rows(queue) == (csv(incidents) | where severity > 2 and opened >= @2026-01-01)",
        "words(plan) in 60..200",
        "json(summary).total == count(csv(incidents)) within 1",
        "json(summary).total == json(config_0).by.x within 2%",
        "mentions(plan, only(csv(incidents) | where id == 1).reason)",
        "json(summary).on == json(config_0).tags",
        "(rows(queue) | sort -severity, id | take 3) == (csv(incidents) | sort -severity, id | take 3 | select id, severity)",
        "rows(queue) | all severity >= 1 and id != null",
        "json(summary).first == (csv(incidents) | sort opened | first).opened",
    ],
)  # fmt: skip
def test_sound(expect: str) -> None:
    passes(expect)


def test_mistakes_of_one_pipeline_are_all_reported() -> None:
    text = SPEC.format(
        item="let best = csv(incidents) | where severty > 3 | derive n = upper(id) | sort priorty | select id, severity",
        expect='rows(queue) == best within "x"',
    )
    found = [d for d in check("spec.claw", text, Nothing()).diagnostics if d.severity == "error"]
    assert [d.code for d in found] == ["E0402", "E0401", "E0402", "E0407"], [d.message for d in found]


def test_a_module_without_tasks_is_checked() -> None:
    found = check("names.claw", "claw 1\nlet a = 1 + b\n", Nothing()).diagnostics
    assert [d.code for d in found] == ["E0301"]


def test_values_that_are_shared_are_elaborated_once() -> None:
    lets = "\n".join(f"  let d{n} = d{n - 1} + d{n - 1}" for n in range(1, 40))
    text = SPEC.format(item=f"let d0 = 1\n{lets}", expect="json(summary).total == d39")
    assert [d for d in check("spec.claw", text, Nothing()).diagnostics if d.code < "E0600"] == []
