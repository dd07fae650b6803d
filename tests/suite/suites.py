"""Suites of hand-made bundles, and calibrations of them that nobody played."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from clawc.compiler.passes.suites import SuiteDeclaration
from clawc.runtime.bundle import load
from clawc.runtime.calibrate.posteriors import Escalation
from clawc.runtime.calibrate.responses import Trial
from clawc.runtime.suite.assemble import assemble, verifier_hash
from clawc.runtime.suite.calibrated import calibration_of
from clawc.runtime.suite.folder import write_suite
from clawc.runtime.suite.trials import Pool
from clawc.spec.calibration import Calibration, LadderRung
from clawc.spec.suite import Suite
from tests.runtime.conftest import build_bundle, checker

ACCEPTS_ALL = "results = [(n, k, w, True) for n, k, w, ok in results]"
LADDER = (
    LadderRung(name="weak", agent="imperfect:0.8"),
    LadderRung(name="mid", agent="imperfect:0.4"),
    LadderRung(name="strong", agent="imperfect:0.1"),
    LadderRung(name="null", agent="null", role="null"),
    LadderRung(name="oracle", agent="oracle", role="oracle"),
)


def bundle(folder: Path, task: str, after: str = "", **changes: object) -> Path:
    """A bundle of the task in `folder/task`; `after` is what its checker does with the results."""
    check = checker(after=after).replace('"task": "tiny"', f'"task": "{task}"')
    return build_bundle(folder / task, task=task, check=check, category=f"kind.{task[0]}", **changes)  # type: ignore[arg-type]


def suite(
    folder: Path, tasks: Mapping[str, str], splits: Mapping[str, str] | None = None, title: str = "", version: str = "1.0.0"
) -> Suite:  # fmt: skip
    """A built suite of tasks with what their checkers do with results."""
    loaded = [load(bundle(folder / "bundles", task, after)) for task, after in tasks.items()]
    declared = SuiteDeclaration("small", title, version, ("*.claw",), (), (), 1, 1, 0, "", (), ())
    record = assemble(declared, loaded, splits or {}, {}, {})
    write_suite(record, folder)
    return record


def ladder_file(path: Path, rungs: Sequence[LadderRung] = LADDER) -> Path:
    path.write_text(
        "".join(
            f"[[rungs]]\nname = {json.dumps(r.name)}\nagent = {json.dumps(r.agent)}\n"
            for r in rungs
            if r.role == "rung"
        )
    )
    return path


def pool_of(folder: Path) -> Pool:
    loaded = [load(path.parent) for path in sorted(folder.glob("*/bundle.json"))]
    return Pool({b.manifest.id: b for b in loaded}, {b.manifest.id: verifier_hash(b) for b in loaded})


def trials(counts: Mapping[str, Mapping[str, tuple[int, int]]], pool: Pool, lost: int = 0) -> Iterable[Trial]:
    """By task and rung: successes of trials; `lost` more of each had no verdict."""
    for task, row in counts.items():
        verifier = pool.verifiers[pool.tasks[task].manifest.id]
        for rung, (successes, n) in row.items():
            for k in range(n + lost):
                yield Trial(task, rung, f"{task}-{rung}-{k}", None if k >= n else k < successes, verifier)


def calibrated(
    folder: Path, counts: Mapping[str, Mapping[str, tuple[int, int]]], title: str = "", lost: int = 0
) -> Calibration:
    """The record of a suite of these tasks with these counts."""
    record = suite(folder, dict.fromkeys(counts, ""), title=title)
    pool = pool_of(folder / "bundles")
    return calibration_of(pool, LADDER, list(trials(counts, pool, lost)), Escalation(), suite=record)


def counts(weak: int, mid: int, strong: int, null: int = 0, oracle: int = 4, n: int = 16) -> dict[str, tuple[int, int]]:
    return {"weak": (weak, n), "mid": (mid, n), "strong": (strong, n), "null": (null, 4), "oracle": (oracle, 4)}


# Two easy tasks, a middle one, a hard one, one that nobody solves, and one whose verifier accepts everything.
SIX = {
    "an_easy": counts(9, 14, 16),
    "b_easy": counts(8, 13, 15),
    "c_middle": counts(2, 5, 8),
    "d_hard": counts(0, 1, 3),
    "e_never": counts(0, 0, 0),
    "f_broken": counts(16, 16, 16, null=4),
}
