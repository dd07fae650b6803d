"""The ports of published tasks on their recorded workspaces, judged by the emitted checker in the sandbox.

`expected.json` was written from the prompts and the differences between the variants and the solutions, before our
checkers were run on them: for each wrong variant the checks that must fail, and at least one that must pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bench.compare_answers import Recorded, lay
from clawc.commands.compiling import build_all
from clawc.commands.sources import check_file
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.harness.oracle import Oracle
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import RunPlan, run, run_closing
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.score import Scored, score

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "clawgym"
EXPECTED: dict[str, dict[str, dict[str, list[str]]]] = json.loads(
    (Path(__file__).parent / "expected.json").read_text(encoding="utf-8")
)
# Judging this task starts pytest six times. The usual run leaves out variants that fail the same checks as one that it judges,
# and a right one; the nightly run judges all.
TWINS = {
    "task_1639": (
        "drop_stats_utils_py", "empty_input_returns_zero", "fmt_bom", "placeholder", "sample_stdev_instead_of_population",
        "drop_test_report_txt", "tests_without_negative_cases",
    )
}  # fmt: skip
CONTENT_FREE = ("placeholder", "echo")


class Case(NamedTuple):
    task: str
    variant: str
    equivalent: bool


def cases() -> Iterator[Case]:
    for task in sorted(EXPECTED):
        scores: dict[str, Any] = json.loads((FIXTURES / task / "scores.json").read_text(encoding="utf-8"))
        yield Case(task, "solved", True)
        for name, variant in scores["variants"].items():
            yield Case(task, name, bool(variant["equivalent"]))


class Bundles:
    """The compiled ports, each built at its first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, Bundle] = {}

    def __getitem__(self, task: str) -> Bundle:
        if task not in self._found:
            checked = check_file(ROOT / "examples" / "clawgym" / task / f"{task}.claw")
            assert checked.ok, [d.message for d in checked.diagnostics]
            build_all(checked.tasks, self._folder)
            self._found[task] = load(self._folder / task)
        return self._found[task]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    return Bundles(tmp_path_factory.mktemp("bundles"))


def materialise(case: Case, target: Path) -> Path:
    return lay(Recorded(case.task, case.variant, "", 0.0), target)


def judged(bundle: Bundle, workspace: Path) -> tuple[float, dict[str, bool]]:
    backend = Bubblewrap()
    found: Scored = run_closing(score(bundle, workspace, backend), backend, "again")
    assert found.verdict is not None, found.fault
    return float(found.verdict.score_checks), {c.name: c.passed for c in found.verdict.checks}


def judged_cases() -> Iterator[object]:
    for case in cases():
        twin = case.variant in TWINS.get(case.task, ())
        marks = [pytest.mark.nightly] if twin else []
        yield pytest.param(case, id=f"{case.task}-{case.variant}", marks=marks)


@pytest.mark.sampled(12)
@pytest.mark.parametrize("case", list(judged_cases()))
def test_recorded_workspace(case: Case, bundles: Bundles, tmp_path: Path) -> None:
    total, passed = judged(bundles[case.task], materialise(case, tmp_path / "w"))
    if case.equivalent:
        assert total == 1.0, passed
        return
    expected = EXPECTED[case.task][case.variant]
    assert total < 1.0
    assert expected["pass"]
    assert not [name for name in expected["fail"] if passed[name]]
    assert all(passed[name] for name in expected["pass"])
    if case.variant == "empty":
        assert total == 0.0
    if case.variant in CONTENT_FREE:
        assert total <= 0.02


@pytest.mark.sampled(4)
@pytest.mark.parametrize("task", sorted(EXPECTED))
def test_oracle(task: str, bundles: Bundles, tmp_path: Path) -> None:
    run(RunPlan((bundles[task],), Oracle(), tmp_path / "run"), Bubblewrap(), None)
    lines = (tmp_path / "run" / "episodes.jsonl").read_text(encoding="utf-8").splitlines()
    record = EpisodeRecord.model_validate_json(lines[-1])
    assert record.score_checks == "1", [(c.name, c.message) for c in record.checks if not c.passed]


def test_the_table_covers_every_wrong_variant() -> None:
    wrong = {(c.task, c.variant) for c in cases() if not c.equivalent}
    assert wrong == {(task, variant) for task, variants in EXPECTED.items() for variant in variants}


def test_the_ports_need_no_escape_hatch() -> None:
    for task in EXPECTED:
        text = (ROOT / "examples" / "clawgym" / task / f"{task}.claw").read_text(encoding="utf-8")
        assert re.search(r'^\s*python\s+"""', text, re.M) is None
