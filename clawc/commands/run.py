"""`clawc run`: a table of results on a terminal, one JSON document for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import user_errors
from clawc.commands.progress import ProgressLine
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import Progress, RunPlan, RunSummary, run


def run_command(
    paths: Sequence[Path], agent: str, episodes: int, jobs: int, seed: int, out: Path | None, format: str
) -> int:
    """Runs all episodes; exit 1 when one could not be scored."""
    from clawc.runtime.harness.choose import harness_named
    from clawc.runtime.sandbox.bubblewrap import Bubblewrap

    require_format(format)
    folder = out or Path("runs") / time.strftime("%Y%m%d-%H%M%S")
    with user_errors():
        harness = harness_named(agent)
        bundles = bundles_of(paths, folder / "bundles")
        plan = RunPlan(bundles, harness, folder, episodes, jobs, seed)
        summary = run(plan, Bubblewrap(), _progress(len(bundles) * episodes))
    if format == "json":
        document = {
            "format_version": 1,
            "run": str(folder),
            "episodes": [r.model_dump(mode="json") for r in summary.records],
        }
        sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
    else:
        sys.stdout.write(_table(summary))
        print(f"\n{folder}")
    unscored = any(r.outcome in ("infra_error", "verifier_error") for r in summary.records)
    return exits.FINDINGS if unscored else exits.OK


def _progress(total: int) -> Callable[[Progress], None]:
    line = ProgressLine(total, "episodes")
    return lambda p: line.report(p.done, p.skipped)


def _table(summary: RunSummary) -> str:
    """One row a task: episodes, outcomes, mean score of the checks, and the checks that failed."""
    tasks: dict[str, list[EpisodeRecord]] = {}
    for record in summary.records:
        tasks.setdefault(record.task, []).append(record)
    rows = [("task", "episodes", "scored", "checks", "score", "failed checks")]
    for task, records in tasks.items():
        scored = [r for r in records if r.score_checks is not None]
        failed: dict[str, int] = {}
        for record in scored:
            for c in record.checks:
                if not c.passed:
                    failed[c.name] = failed.get(c.name, 0) + 1
        whole = [r.score for r in scored if r.score is not None]
        names = ", ".join(f"{n} ({k})" if len(scored) > 1 else n for n, k in failed.items())
        rows.append((clean(task), str(len(records)), str(len(scored)), _mean([r.score_checks for r in scored]),
                     _mean(whole) if whole else "needs a judge" if scored else "-", clean(names) or "-"))  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
    notes = [f"{r.key}: {r.outcome}: {clean(r.evidence)[:300]}" for r in summary.records if r.outcome != "ok"]
    return text + "\n" + "".join(f"{note}\n" for note in notes[:20])


def _mean(scores: Sequence[str | None]) -> str:
    values = [float(s) for s in scores if s is not None]
    return f"{sum(values) / len(values):.3f}" if values else "-"
