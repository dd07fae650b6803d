"""The report as JUnit XML: a suite for each run, a test case for each task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from clawc.compiler.report.junit import legal
from clawc.runtime.report.build import ALARM
from clawc.runtime.report.document import Check, Group, Report, RunReport

_MOST = 1_000


class Case(NamedTuple):
    """What became of a task: `kind` is the element that says so, empty if it passed."""

    kind: Literal["", "failure", "error", "skipped"]
    message: str
    xml: str


def as_junit(report: Report) -> str:
    """A task fails below the threshold; it is an error without a score, or with more than 2 % of its episodes left out;
    it is skipped while nothing is there or its rubric is not judged."""
    suites = [_suite(run, report.threshold) for run in report.runs]
    cases = [case for _, inside in suites for case in inside]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="clawc report" {_counts(cases)}>\n' + "".join(xml for xml, _ in suites) + "</testsuites>\n"
    )


def _suite(run: RunReport, threshold: float) -> tuple[str, list[Case]]:
    failed: dict[str, list[Check]] = {}
    for check in run.checks:
        if check.passed < check.judged:
            failed.setdefault(check.task, []).append(check)
    cases = [_case(run, group, failed.get(group.name, ()), threshold) for group in run.tasks]
    head = f"<testsuite name={_attribute(run.label)} {_counts(cases)}>\n"
    return head + "".join(case.xml for case in cases) + "</testsuite>\n", cases


def _counts(cases: Sequence[Case]) -> str:
    kinds = [case.kind for case in cases]
    return (
        f'tests="{len(cases)}" failures="{kinds.count("failure")}" errors="{kinds.count("error")}" '
        f'skipped="{kinds.count("skipped")}"'
    )


def _case(run: RunReport, group: Group, failed: Sequence[Check], threshold: float) -> Case:
    kind, message = _result(group, threshold)
    time = "" if group.seconds is None else f' time="{group.seconds:.3f}"'
    head = f"<testcase classname={_attribute(run.agent)} name={_attribute(group.name)}{time}"
    if not kind:
        return Case(kind, message, f"{head}/>\n")
    lines = [f"{c.name}: {c.passed} of {c.judged} passed; {c.message[:_MOST]}" for c in failed]
    body = escape(legal("\n".join(lines))) if kind == "failure" else ""
    return Case(kind, message, f"{head}>\n<{kind} message={_attribute(message)}>{body}</{kind}>\n</testcase>\n")


def _result(g: Group, threshold: float) -> tuple[Literal["", "failure", "error", "skipped"], str]:
    if not g.episodes:
        return "skipped", f"none of {g.missing} episodes has been played"
    if g.score is not None and g.score < threshold:
        return "failure", f"mean score {g.score:.3f} of {g.scored} episodes is below {threshold:g}"
    if g.excluded > ALARM * g.episodes:
        return "error", f"{g.excluded} of {g.episodes} episodes have no score: they failed outside the agent"
    if g.score is None:
        return "skipped", f"{g.unjudged} episodes have no score until their rubric is judged"
    return "", ""


def _attribute(text: str) -> str:
    return quoteattr(legal(text[:_MOST]))
