"""`clawc report`: what its figures mean, what it says of runs that are not whole, and goldens of every format."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from math import isclose
from pathlib import Path
from xml.etree import ElementTree

import pytest

from clawc.cli import run as clawc
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import EpisodeRecord, Usage
from clawc.runtime.report.build import Settings, build_report
from clawc.runtime.report.document import Report, RunReport
from clawc.runtime.report.json_document import as_json
from clawc.runtime.report.junit import as_junit
from clawc.runtime.report.markdown import as_markdown
from clawc.runtime.report.page import as_html
from clawc.runtime.report.rows import BY, episodes_csv, groups_csv
from clawc.runtime.report.sample import RunInput
from clawc.runtime.report.text import as_text
from clawc.runtime.stats.bootstrap import Resampling
from tests.runtime.generated_runs import Made, bundle_id, generated, replaced, written

GOLDEN = Path(__file__).parents[1] / "golden" / "report"
QUICK = Settings(resampling=Resampling(resamples=200))

FORMATS: dict[str, Callable[[Report, Sequence[RunInput]], str]] = {
    "report.txt": lambda report, runs: as_text(report),
    "report.json": lambda report, runs: as_json(report),
    "report.md": lambda report, runs: as_markdown(report),
    "report.xml": lambda report, runs: as_junit(report),
    "report.html": lambda report, runs: as_html(report),
    "episodes.csv": lambda report, runs: episodes_csv(runs),
    **{f"{by}.csv": lambda report, runs, by=by: groups_csv(report, by) for by in BY},  # type: ignore[misc]
}
CASES: dict[str, Sequence[RunInput]] = {
    "one_run": [generated("runs/one", Made(tasks=6, episodes=3, per_template=2, faults=0.1, unjudged=1, lacking=2))],
    "two_runs": [
        generated("runs/before", Made(tasks=12, episodes=2)),
        generated("runs/after", Made(tasks=12, episodes=2, seed=2, shift=0.3, agent="other")),
    ],
    "nothing_yet": [generated("runs/none", Made(tasks=2, episodes=2, lacking=4))],
}  # fmt: skip

# The formats that a case has goldens of; all unless it stands here.
KEPT = {
    "two_runs": ("report.txt", "report.md"),
    "nothing_yet": ("report.txt", "report.json", "report.xml", "report.html"),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_reports(case: str, update_goldens: bool) -> None:
    runs = CASES[case]
    report = build_report(runs, QUICK)
    folder = GOLDEN / case
    for name in KEPT.get(case, tuple(FORMATS)):
        found = FORMATS[name](report, runs)
        if update_goldens:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(found, encoding="utf-8", newline="\n")
        assert found == (folder / name).read_text(encoding="utf-8"), f"{case}/{name}"


def test_every_golden_has_a_case() -> None:
    assert sorted(p.name for p in GOLDEN.iterdir()) == sorted(CASES)


def made_run(scores: dict[str, list[str | None]], label: str = "run", **changes: object) -> RunInput:
    """A run with these scores by task; None is an episode that the infrastructure failed."""
    base = generated(label, Made(tasks=len(scores), episodes=max(map(len, scores.values()))))
    records: list[EpisodeRecord] = []
    for number, (task, values) in enumerate(scores.items()):
        for index, score in enumerate(values):
            first = base.records[number * base.info.episodes]
            records.append(
                first.model_copy(
                    update={
                        "task": task,
                        "template": task,
                        "bundle_id": bundle_id(task),
                        "key": f"{task}-{index}-a1",
                        "episode": f"{task}-{index}",
                        "attempt": 1,
                        "index": index,
                        "seed": index,
                        "outcome": "infra_error" if score is None else "ok",
                        "score": score,
                        "score_checks": score,
                        "usage": Usage(),
                        **changes,
                    }
                )
            )
    tasks = tuple(
        task.model_copy(update={"task": name, "bundle_id": bundle_id(name)})
        for task, name in zip(base.info.tasks, scores)
    )
    return RunInput(label, base.info.model_copy(update={"tasks": tasks}), records, records)


def only(run: RunInput, settings: Settings = QUICK) -> RunReport:
    return build_report([run], settings).runs[0]


def test_figures_by_hand() -> None:
    run = only(made_run({"a": ["1", "0.5", "0", None], "b": ["1", "1", "1", "1"]}), Settings(ks=(3,)))
    score = run.score
    assert (score.episodes, score.excluded, score.tasks, score.templates) == (7, 1, 2, 2)
    # Every task weighs the same: (0.5 + 1) / 2.
    assert score.mean == 0.75
    assert score.bounds is not None and [round(b, 6) for b in score.bounds] == [0.6875, 0.8125]
    # Deviations -0.25 and 0.25: sqrt(2 * 2 * 0.0625) / 2.
    assert score.standard_error is not None and isclose(score.standard_error, 0.25)
    assert [(p.k, p.tasks) for p in score.passes] == [(1, 2), (2, 2), (3, 2), (4, 1)]
    # One of three passed in a, four of four in b.
    assert [round(p.pass_at_k, 6) for p in score.passes] == [0.666667, 0.833333, 1.0, 1.0]
    assert [round(p.pass_hat_k, 6) for p in score.passes] == [0.666667, 0.5, 0.5, 1.0]
    assert score.distribution == (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 5)
    assert not score.trusted and score.interval is not None
    assert run.tasks[0].pass_rate is not None and isclose(run.tasks[0].pass_rate, 1 / 3)


@pytest.mark.parametrize(("score", "at"), [("0", 0), ("0.000001", 1), ("0.1", 1), ("0.3", 3), ("0.95", 10), ("1", 11)])
def test_places_in_the_distribution(score: str, at: int) -> None:
    assert only(made_run({"a": [score]})).score.distribution[at] == 1


def test_threshold() -> None:
    run = made_run({"a": ["0.5", "0.7"], "b": ["0.6", "1"]})
    assert only(run).score.passes[0].pass_at_k == 0.25
    assert only(run, Settings(threshold=0.6)).score.passes[0].pass_at_k == 0.75


def test_one_template_has_no_interval() -> None:
    run = only(made_run({"a": ["1", "0"], "b": ["0", "1"]}, template="both"))
    assert run.score.interval is None and run.score.standard_error is None and run.score.templates == 1
    assert any("one template" in note for note in run.notes)


def test_intervals_of_few_templates_are_marked() -> None:
    few, many = only(CASES["one_run"][0]), only(CASES["two_runs"][0])
    assert not few.score.trusted and any("not to be trusted" in note for note in few.notes)
    assert many.score.trusted and not any("trusted" in note for note in many.notes)


def test_tasks_of_one_template_widen_the_interval() -> None:
    apart = build_report([generated("r", Made(tasks=40, per_template=1))], QUICK).runs[0].score
    together = build_report([generated("r", Made(tasks=40, per_template=4))], QUICK).runs[0].score
    assert apart.standard_error is not None and together.standard_error is not None
    assert together.standard_error > 1.3 * apart.standard_error


def test_excluded_episodes_raise_an_alarm() -> None:
    quiet = only(made_run({"a": ["1"] * 50 + [None], "b": ["1"] * 51}))
    assert quiet.score.excluded == 1 and not quiet.alarms
    loud = only(made_run({"a": ["1"] * 49 + [None] * 2, "b": ["1"] * 10}))
    assert len(loud.alarms) == 2 and "2 of 61 episodes (3.3 %)" in loud.alarms[0] and "a (2 of 51)" in loud.alarms[1]
    assert loud.tasks[0].excluded == 2 and loud.tasks[1].excluded == 0


def test_a_score_with_an_unscored_outcome_is_none() -> None:
    run = made_run({"a": ["1", "0"]}, outcome="verifier_error")
    assert only(run).score.mean is None and only(run).score.excluded == 2
    assert only(run).score.bounds == (0, 1)


def test_what_is_not_judged_is_no_score() -> None:
    run = only(generated("r", Made(tasks=12, unjudged=4)))
    assert run.score.unjudged == 16 and run.score.tasks == 8 and run.score.episodes == 32
    assert run.score_checks.unjudged == 0 and run.score_checks.tasks == 12
    assert run.tasks[0].score is None and run.tasks[0].score_checks is not None
    assert run.score.mean != run.score_checks.mean
    nothing = only(generated("r", Made(tasks=12, unjudged=12)))
    assert nothing.score.mean is None and nothing.main is nothing.score_checks


def test_unfinished_runs_say_so() -> None:
    run = only(generated("r", Made(tasks=5, episodes=4, lacking=7)))
    assert (run.planned, run.episodes, run.complete) == (20, 13, False)
    assert "unfinished: 13 of 20 planned episodes are there" in run.notes
    assert [g.missing for g in run.tasks] == [0, 0, 0, 3, 4]
    assert only(generated("r", Made())).complete


def test_two_bundles_of_one_name_are_two_tasks() -> None:
    run = made_run({"a": ["1"], "b": ["0"]}, task="same")
    info = run.info.model_copy(update={"tasks": tuple(t.model_copy(update={"task": "same"}) for t in run.info.tasks)})
    found = only(RunInput("r", info, run.records, run.attempts))
    assert [g.name for g in found.tasks] == sorted(f"same@{bundle_id(name)[:12]}" for name in ("a", "b"))
    assert found.score.mean == 0.5 and found.complete


def test_groups_and_checks() -> None:
    run = only(generated("r", Made(tasks=10, episodes=5, per_template=2, faults=0.05)))
    assert sum(g.episodes for g in run.categories) == run.episodes == sum(g.episodes for g in run.templates)
    assert run.categories[0].name == "(none)"
    assert sum(g.episodes for g in run.operations) > run.episodes
    assert sum(s.count for s in run.outcomes) == run.episodes
    check = next(c for c in run.checks if c.name == "inputs_kept")
    assert check.veto and check.weight == "0"
    judged = [c for c in run.checks if c.name == "rows_right"]
    assert sum(c.judged for c in judged) == run.score_checks.episodes
    assert all(c.message_count <= c.judged - c.passed for c in run.checks)


def test_most_common_message() -> None:
    run = made_run({"a": ["0", "0", "0"]})
    shown = run.records[0].checks[0]
    for at, message in enumerate(("x", "y", "y")):
        failed = shown.model_copy(update={"passed": False, "message": message})
        run = replaced(run, at, checks=[json.loads(failed.model_dump_json())])
    assert (only(run).checks[0].message, only(run).checks[0].message_count) == ("y", 2)


def test_unknown_costs_stay_unknown() -> None:
    run = made_run({"a": ["1", "0"]})
    amounts = {a.name: (a.total, a.episodes) for a in only(run).usage}
    assert amounts["cost"] == (None, 0) and amounts["prompt_tokens"] == (None, 0) and amounts["tool_calls"] == ("0", 2)
    run = replaced(run, 0, usage={"cost": "0.1", "prompt_tokens": 5})
    amounts = {a.name: (a.total, a.episodes) for a in only(run).usage}
    assert amounts["cost"] == ("0.1", 1) and amounts["prompt_tokens"] == ("5", 1)


def test_attempts_count_what_was_replaced() -> None:
    run = generated("r", Made(tasks=20, faults=0.2, seed=4))
    found = only(run)
    assert found.attempts.retries == len(run.attempts) - len(run.records) > 0
    assert found.attempts.retries == found.attempts.retried
    assert [s.name for s in found.attempts.replaced] == ["infra_error"]


def test_times() -> None:
    run = made_run({"a": ["1", "1", "1"]}, seconds={"agent": 2.0, "create": 1.0, "odd": 4.0})
    phases = only(run).phases
    assert [p.name for p in phases] == ["create", "agent", "odd", "all"]
    assert (phases[3].p50, phases[3].p99, phases[3].sum) == (7, 7, 21)
    bad = made_run({"a": ["1"]}, seconds={"agent": float("nan"), "create": -1.0, "score": float("inf")})
    assert only(bad).phases == ()


@pytest.mark.parametrize("text", ["2", "-0.5", "nan", "1e-1", "", " 1", "٠", "0" * 80, "1.1"])
@pytest.mark.parametrize("field", ["score", "score_checks", "cost"])
def test_a_score_that_is_none_is_a_fault(field: str, text: str) -> None:
    run = made_run({"a": ["1"]})
    changes = {"usage": Usage(cost=text)} if field == "cost" else {field: text}
    record = run.records[0].model_copy(update=changes)
    if field == "cost" and text in ("2", "1.1"):
        build_report([RunInput("r", run.info, [record], [record])], QUICK)
        return
    with pytest.raises(RuntimeFault, match=field):
        build_report([RunInput("r", run.info, [record], [record])], QUICK)


def test_comparison_by_hand() -> None:
    one = made_run({"a": ["0", "1"], "b": ["1", "1"], "c": ["0"], "d": ["1"], "only_one": ["1"]}, "one")
    two = made_run({"a": ["1", "1"], "b": ["0", None], "c": ["0.5"], "d": ["1"], "only_two": ["1"]}, "two")
    [found] = build_report([one, two], QUICK).comparisons
    # b is compared on its first seed alone: the second has no score in the other run.
    by_task = {c.task: (c.difference, c.episodes, c.paired) for c in found.changes}
    assert by_task == {"a": (0.5, 2, True), "b": (-1.0, 1, True), "c": (0.5, 1, True), "d": (0.0, 1, True)}
    assert [c.task for c in found.changes] == ["b", "a", "c", "d"]
    assert (found.tasks, found.pairs, found.only_baseline, found.only_other) == (4, 5, 1, 1)
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.difference == 0 and found.p == 1 and not found.significant
    assert found.interval is not None and found.interval.low < 0 < found.interval.high


def test_runs_without_common_seeds_are_compared_by_means() -> None:
    one, two = made_run({"a": ["0", "1"], "b": ["1", "1"]}), made_run({"a": ["1", "1"], "b": ["1", "0"]})
    moved = [r.model_copy(update={"seed": r.seed + 100}) for r in two.records]
    [found] = build_report([one, RunInput("two", two.info, moved, moved)], QUICK).comparisons
    assert found.unpaired == 2 and found.pairs == 0 and found.difference == 0
    assert any("share no seed" in note for note in found.notes)


def test_a_changed_bundle_is_counted() -> None:
    one, two = made_run({"a": ["0"], "b": ["1"]}), made_run({"a": ["0"], "b": ["1"]})
    new = {"bundle_id": "f" * 64}
    moved = [r.model_copy(update=new) if r.task == "a" else r for r in two.records]
    tasks = tuple(t.model_copy(update=new) if t.task == "a" else t for t in two.info.tasks)
    changed = RunInput("two", two.info.model_copy(update={"tasks": tasks}), moved, moved)
    [found] = build_report([one, changed], QUICK).comparisons
    assert (found.rebuilt, found.tasks, found.unpaired) == (1, 2, 1)
    assert "the bundle of 1 of 2 tasks is another one" in found.notes


def test_runs_that_share_nothing() -> None:
    [found] = build_report([made_run({"a": ["1"]}), made_run({"b": ["1"]}, "other")], QUICK).comparisons
    assert found.tasks == 0 and found.difference is None and found.p is None and found.interval is None
    assert "the runs share no scored task" in found.notes


def test_several_runs_are_corrected_by_holm() -> None:
    runs = [generated(f"r{n}", Made(tasks=20, seed=n, shift=0.07 * n)) for n in range(4)]
    found = build_report(runs, QUICK).comparisons
    assert [c.other for c in found] == ["r1", "r2", "r3"] and {c.baseline for c in found} == {"r0"}
    for c in found:
        assert c.p is not None and c.p_corrected is not None and c.p <= c.p_corrected
        assert c.significant == (c.p_corrected < 0.05)
    assert found[-1].significant and (found[-1].difference or 0) > 0


def test_a_run_against_itself_shows_no_difference() -> None:
    run = generated("r", Made(tasks=15))
    [found] = build_report([run, run], QUICK).comparisons
    assert found.difference == 0 and found.p == 1 and found.ties == found.tasks == 15
    assert found.interval is not None and (found.interval.low, found.interval.high) == (0, 0)


def test_unjudged_scores_are_compared_by_their_checks_apart() -> None:
    runs = [generated(f"r{n}", Made(tasks=12, seed=n, unjudged=3)) for n in range(2)]
    found = build_report(runs, QUICK).comparisons
    assert [(c.quantity, c.tasks) for c in found] == [("score", 9), ("score_checks", 12)]


def test_the_order_of_records_does_not_matter() -> None:
    run = generated("r", Made(tasks=9, episodes=5, per_template=2, faults=0.1))
    shuffled = list(run.records)
    random.Random(1).shuffle(shuffled)
    other = RunInput("r", run.info, shuffled, run.attempts[::-1])
    for form in FORMATS.values():
        assert form(build_report([run], QUICK), [run]) == form(build_report([other], QUICK), [other])


def test_json_has_everything_in_a_stable_order() -> None:
    report = build_report(CASES["two_runs"], QUICK)
    document = json.loads(as_json(report))
    assert list(document) == [
        "format_version", "clawc", "scoring", "threshold", "resampling", "runs", "comparisons",
    ]  # fmt: skip
    assert document["format_version"] == 1
    assert list(document["runs"][0]["score"]["interval"]) == ["low", "high", "level", "resamples", "seed", "clusters"]
    assert len(document["runs"][0]["tasks"]) == 12 and len(document["comparisons"][0]["changes"]) == 12


def test_csv_has_a_row_for_each() -> None:
    runs = CASES["two_runs"]
    report = build_report(runs, QUICK)
    assert len(list(csv.DictReader(io.StringIO(episodes_csv(runs))))) == 48
    rows = {by: list(csv.DictReader(io.StringIO(groups_csv(report, by)))) for by in BY}
    assert {by: len(found) for by, found in rows.items()} == {
        "task": 24, "template": 24, "category": 10, "operation": 10, "check": 72,
    }  # fmt: skip


def test_junit_says_what_became_of_each_task() -> None:
    scores: dict[str, list[str | None]] = {
        "good": ["1", "1"],
        "low": ["1", "0"],
        "half": ["1", None],
        "out": [None, None],
    }
    run = made_run(scores)
    info = run.info.model_copy(
        update={"tasks": (*run.info.tasks, run.info.tasks[0].model_copy(update={"task": "absent"}))}
    )
    root = ElementTree.fromstring(as_junit(build_report([RunInput("r", info, run.records, run.attempts)], QUICK)))
    found = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert found == {"good": [], "low": ["failure"], "half": ["error"], "out": ["error"], "absent": ["skipped"]}
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("5", "1", "2", "1")


def test_long_tables_are_cut_and_say_so() -> None:
    report = build_report([generated("r", Made(tasks=60, episodes=1))], QUICK)
    assert "… and 20 more" in as_text(report) and "task_0041" not in as_text(report)
    assert "task\\_0041" in as_markdown(report) and "task_0041" in as_html(report)


def folders(tmp_path: Path, *runs: RunInput) -> list[str]:
    return [str(written(tmp_path / run.label.replace("/", "_"), run)) for run in runs]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = folders(tmp_path, *CASES["two_runs"])
    assert clawc(["report", one]) == 0
    assert "pass@1" in capsys.readouterr().out
    out = tmp_path / "page.html"
    assert clawc(["report", one, two, "--format", "html", "-o", str(out)]) == 0
    assert capsys.readouterr().out == "" and out.read_text().startswith("<!DOCTYPE html>")
    assert clawc(["report", one, two, "--format", "csv", "--by", "check"]) == 0
    assert capsys.readouterr().out.startswith("run,task,check,")
    assert clawc(["report", one, "--format", "json", "--threshold", "0.5", "--k", "3", "--level", "0.9"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["threshold"] == 0.5 and document["resampling"]["level"] == 0.9


def test_retried_episodes_are_read_with_their_attempts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = generated("r", Made(tasks=20, faults=0.2, seed=4))
    assert clawc(["report", *folders(tmp_path, run), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"][0]["attempts"]
    assert found["retries"] == len(run.attempts) - len(run.records) > 0


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--fail-under", "0.1"], 0, ""),
        (["--fail-under", "0.99"], 1, "below 0.99"),
        (["--fail-on-regression"], 2, "needs two runs"),
        (["--compare"], 2, "needs two runs"),
        (["--by", "task"], 2, "is for `--format csv`"),
        (["--format", "csv", "--by", "colour"], 2, "groups: task"),
        (["--format", "sarif"], 2, "is not written by this verb"),
        (["--threshold", "nan"], 2, "between 0 and 1"),
        (["--scoring", "absent"], 2, "absent"),
    ],
)
def test_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, said: str
) -> None:
    [folder] = folders(tmp_path, CASES["two_runs"][0])
    assert clawc(["report", folder, *options]) == code
    assert said in capsys.readouterr().err


def test_regressions_fail_only_when_significant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = generated("one", Made(tasks=20, episodes=4))
    worse = generated("worse", Made(tasks=20, episodes=4, seed=2, shift=-0.4))
    other = generated("other", Made(tasks=20, episodes=4, seed=3))
    a, b, c = folders(tmp_path, one, worse, other)
    assert clawc(["report", a, b]) == 0
    assert clawc(["report", a, b, "--fail-on-regression"]) == 1
    assert "significantly worse" in capsys.readouterr().err
    assert clawc(["report", b, a, "--fail-on-regression"]) == 0
    assert clawc(["report", a, c, "--fail-on-regression"]) == 0


def test_fail_under_without_a_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [folder] = folders(tmp_path, generated("r", Made(tasks=3, unjudged=3)))
    assert clawc(["report", folder, "--fail-under", "0"]) == 1
    assert "has no score" in capsys.readouterr().err


def test_what_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clawc(["report", str(tmp_path / "absent")]) == 2
    assert "R0201" in capsys.readouterr().err
    [folder] = folders(tmp_path, generated("r", Made(tasks=2)))
    assert clawc(["report", folder, "-o", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_hash_seed_changes_nothing(tmp_path: Path) -> None:
    one, two = folders(tmp_path, *CASES["two_runs"])
    found = {
        subprocess.run(
            [sys.executable, "-m", "clawc", "report", one, two, "--format", "json", "--resamples", "100"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
