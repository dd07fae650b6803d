"""Answers to changed queries lose, and where there are none it is said why."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.compiler.adequacy import answers, query_mutants
from clawc.compiler.adequacy.answers import answer_of
from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import Compiled, check
from clawc.compiler.witness.derive import events_of
from tests.compiler.adequacy.queries import compiled, task_of

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMED = ["order_totals.claw", "room_clashes.claw", "outage_digest.claw", "file_notes/file_notes.claw",
         "clawgym/task_0000/task_0000.claw", "clawgym/task_1670/task_1670.claw", "clawgym/task_1951/task_1951.claw"]  # fmt: skip
ITEMS = {"t.csv": "item,price\na,4\nb,7\nc,9\n"}


def example(name: str) -> Compiled:
    path = EXAMPLES / name
    return check(str(path), path.read_text(encoding="utf-8"), DiskAssets(path.parent)).tasks[0]


@pytest.mark.parametrize("name", NAMED)
def test_every_answer_fails_the_checks_that_it_is_about(name: str) -> None:
    task = example(name)
    count = 0
    for mutant in query_mutants(task.task, task.sealer):
        answer = answers(task, mutant)
        if answer is None:
            continue
        count += 1
        verdict = task.trial.judge(answer, events_of(task.witness.steps))
        lost = {c["name"] for c in verdict["checks"] if not c["passed"]}
        assert mutant.status == "changed" and set(mutant.checks) <= lost, mutant
    assert count >= 4


def test_the_answer_is_that_of_the_changed_query() -> None:
    task = compiled(task_of("csv(t) | where price >= 7 | select item | sort item", ITEMS))
    made = {m.after: answers(task, m) for m in query_mutants(task.task, task.sealer)}
    assert made["price > 7"] == {"output/answer.csv": b"item\nc\n"}
    assert made["price >= 6"] is None


def test_what_a_veto_or_a_property_uses_has_no_answer() -> None:
    condition = "rows(answer) == wanted and mentions_any(answer, (csv(t) | where price > 8).item)"
    task = compiled(task_of("csv(t) | select item | sort item", ITEMS, condition))
    found = [answer_of(task, m) for m in query_mutants(task.task, task.sealer) if m.before == "price > 8"]
    assert any(a.reason == "no check compares what is left with a value that changes" for a in found), found


def test_programs_are_not_run_for_an_answer() -> None:
    task = example("clawgym/task_0242/task_0242.claw")
    found = [answer_of(task, m) for m in query_mutants(task.task, task.sealer) if m.status == "changed"]
    assert found and {a.reason for a in found} == {"what a program does is judged by running it"}


def test_the_memo_of_the_task_stays_as_it_is() -> None:
    task = compiled(task_of("csv(t) | where price >= 7 | select item | sort item", ITEMS))
    state = task.task.context.task
    before = (dict(state.values), state.steps, len(state.keep))
    for mutant in query_mutants(task.task, task.sealer):
        answers(task, mutant)
    assert (state.values, state.steps, len(state.keep)) == before
