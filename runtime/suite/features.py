"""What a bundle tells of how hard its task should be, without anybody playing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2

import numpy as np

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.oracle import solution_of
from clawc.spec.bundle import SOLUTION_FILES

# In the order in which they are taken where tasks are few.
FEATURES: tuple[str, ...] = (
    "steps",
    "input_files",
    "checks",
    "operations",
    "deliverables",
    "solution_log_bytes",
    "workspace_log_bytes",
)
ITEMS_EACH = 10  # tasks that a coefficient takes at least


def features_of(bundle: Bundle) -> dict[str, float]:
    """Numbers by name: steps of the oracle's solution (0 without one), input files, checks, operations, deliverables, and the binary logarithms of the
    bytes of the solution's files and of the workspace."""
    manifest = bundle.manifest
    try:
        steps = len(solution_of(bundle).steps)
    except RuntimeFault:
        steps = 0
    solution = sum(file.size for file in manifest.files if file.path.startswith(f"{SOLUTION_FILES}/"))
    numbers = (
        steps, len(manifest.workspace), len(manifest.scoring.checks), len(manifest.operations), len(manifest.deliverables),
        log2(1 + solution), log2(1 + sum(file.size for file in manifest.workspace)),
    )  # fmt: skip
    return dict(zip(FEATURES, map(float, numbers)))


def usable(features: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
    """The names of those that can be a prior: they vary, no other ones tell the same, and for each there are ten tasks."""
    tasks = sorted(features)
    chosen: list[str] = []
    for name in FEATURES:
        if len(chosen) >= len(tasks) // ITEMS_EACH:
            break
        if _rank(features, tasks, (*chosen, name)) == len(chosen) + 1:
            chosen.append(name)
    return tuple(chosen)


def _rank(features: Mapping[str, Mapping[str, float]], tasks: Sequence[str], names: Sequence[str]) -> int:
    """How many of the columns tell something of their own; those that do not vary tell nothing."""
    table = np.asarray([[features[task][name] for name in names] for task in tasks], dtype=np.float64)
    table = table - table.mean(axis=0)
    spread = table.std(axis=0)
    if not (spread > 1e-9).all():
        return 0
    return int(np.linalg.matrix_rank(table / spread, tol=0.05 * np.sqrt(len(tasks))))
