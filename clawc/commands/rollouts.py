"""What `clawc run` does with bundles: play them, and show the results as a table or as one JSON document."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from clawc import exits
from clawc.commands.output import standard_output
from clawc.commands.progress import ProgressLine
from clawc.compiler.report import clean
from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.player import LocalPlayer, Player
from clawc.runtime.records import UNSCORED
from clawc.runtime.run import Progress, RunPlan, RunSummary, run_with
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from clawc.runtime.store.index import Entry
from clawc.runtime.store.run_folder import continues, records_at
from clawc.spec.bundle import Manifest

if TYPE_CHECKING:
    from clawc.runtime.cluster.events import EventFile
    from clawc.runtime.gateway.choice import ModelChoice

_NOTES = 20
# Episodes at once unless told otherwise: here, and on a cluster whose nodes take fewer.
LOCAL_JOBS = 2
MOST_JOBS = 4_096


@dataclass(frozen=True, slots=True)
class Where:
    """Which sandboxes, and the address of the cluster that they are on; empty for this machine."""

    sandbox: SandboxChoice = field(default_factory=SandboxChoice)
    cluster: str = ""


class Ready:
    """A harness, and a backend that has found out what works here, or what can be told of a cluster before it is asked. Raises
    RuntimeFault for an unknown agent."""

    def __init__(self, agent: str, where: Where, model: ModelChoice | None = None) -> None:
        self.harness = harness_named(agent, model)
        self._where = where
        self._runner = asyncio.Runner()
        self._local: LocalPlayer | None = None
        self._events: EventFile | None = None
        if where.cluster:
            from clawc.runtime.cluster.ray_link import require_ray

            require_ray(where.cluster)
            return
        backend = backend_of(where.sandbox)
        self._local = LocalPlayer(backend)
        try:
            self._runner.run(backend.probe())
        except BaseException:
            self.close()
            raise

    def continues(self, folder: Path, seed: int, given: Sequence[Manifest], built: Sequence[Manifest]) -> bool:
        """Whether the folder holds the run of these bundles, with the built ones sound in `bundles/`. Raises RuntimeFault
        R0201 for another run."""
        if not continues(folder, self.harness.name, seed, {manifest.id for manifest in (*given, *built)}):
            return False
        with suppress(RuntimeFault):
            return all(load(folder / "bundles" / m.task).manifest.id == m.id for m in built)
        return False

    def roll_out(self, plan: RunPlan, jobs: int | None, format: str | None) -> int:
        """Runs all episodes, `jobs` at once, or as many as suit where they are played; exit 1 when one could not be scored, or was
        not played before the deadline. Without a format no results are shown."""
        if self._local is not None:
            self._local.run_folder = plan.out
        line = ProgressLine(len(plan.bundles) * plan.episodes, "episodes")
        player = self._local or self._on_cluster(plan, jobs, line)
        bound = jobs or (LOCAL_JOBS if self._local else MOST_JOBS)

        def report(progress: Progress) -> None:
            line.report(progress.done, progress.skipped)
            if self._events is not None:
                self._events.write()

        try:
            summary = run_with(replace(plan, jobs=bound), player, report, self._runner)
        finally:
            line.close()
            if self._events is not None:
                self._events.write()
        if format is not None:
            with standard_output() as file:
                if format == "json":
                    _write_json(summary, file)
                else:
                    file.write(f"{_table(summary)}{_notes(summary)}\n{plan.out}\n")
        unscored = any(entry.outcome in UNSCORED for entry in summary.entries)
        return exits.FINDINGS if unscored or summary.missing else exits.OK

    def close(self) -> None:
        if self._local is not None:
            self._runner.run(self._local.close())
        self._runner.close()

    def _on_cluster(self, plan: RunPlan, jobs: int | None, line: ProgressLine) -> Player:
        from clawc.runtime.cluster.events import EventFile
        from clawc.runtime.cluster.player import ClusterPlayer, Event, Plan
        from clawc.runtime.cluster.ray_link import RayLink

        file = self._events = EventFile(plan.out)

        def tell(event: Event) -> None:
            file.add(event)
            line.note(clean(f"node {event.node} {event.kind}" + (f": {event.detail}" if event.detail else "")))

        return ClusterPlayer(RayLink(self._where.cluster), Plan(self._where.sandbox, jobs), tell, plan.out)


def _write_json(summary: RunSummary, file: TextIO) -> None:
    """One document, a line for each record, written one by one: there may be more of them than fit into memory."""
    file.write('{\n  "episodes": [')
    separator = "\n"
    for record in records_at(summary.folder, summary.entries):
        file.write(separator + "    " + json.dumps(record.model_dump(mode="json"), sort_keys=True))
        separator = ",\n"
    rest = {"format_version": 1, "missing": summary.missing, "run": str(summary.folder)}
    file.write(("\n  " if summary.entries else "") + "],\n  ")
    file.write(json.dumps(rest, indent=2, sort_keys=True)[4:] + "\n")


def _table(summary: RunSummary) -> str:
    """One row a task: episodes, outcomes, mean score of the checks, and the checks that failed."""
    tasks: dict[str, list[Entry]] = {}
    counts = Counter(task.task for task in summary.info.tasks)
    for entry in summary.entries:
        name = entry.task if counts[entry.task] < 2 else f"{entry.task}@{_bundle(entry)}"
        tasks.setdefault(name, []).append(entry)
    rows = [("task", "episodes", "scored", "checks", "score", "failed checks")]
    for task, entries in tasks.items():
        scored = [e for e in entries if e.score_checks is not None]
        failed: dict[str, int] = {}
        for entry in scored:
            for name in entry.failed_checks:
                failed[name] = failed.get(name, 0) + 1
        whole = [e.score for e in scored if e.score is not None]
        names = ", ".join(f"{n} ({k})" if len(scored) > 1 else n for n, k in failed.items())
        rows.append((clean(task), str(len(entries)), str(len(scored)), _mean([e.score_checks for e in scored]),
                     _mean(whole) if whole else "needs a judge" if scored else "-", clean(names) or "-"))  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() + "\n" for row in rows)


def _bundle(entry: Entry) -> str:
    """The digits of the bundle in the name of an episode."""
    return entry.episode.rsplit("-", 3)[1]


def _notes(summary: RunSummary) -> str:
    """Why episodes did not end well, and what the infrastructure kept from the run."""
    odd = [entry for entry in summary.entries if entry.outcome != "ok"]
    notes = [f"{r.key}: {r.outcome}: {clean(r.evidence)[:300]}" for r in records_at(summary.folder, odd[:_NOTES])]
    if len(odd) > _NOTES:
        notes.append(f"and {len(odd) - _NOTES} more that did not end well")
    failed = sum(entry.outcome == "infra_error" for entry in odd)
    if failed:
        notes.append(f"{failed} of {len(summary.entries)} episodes failed for reasons outside the sandbox, in all their "
                     "tries; run the same again to try them again")  # fmt: skip
    if summary.missing:
        missing = "1 episode was" if summary.missing == 1 else f"{summary.missing} episodes were"
        notes.append(f"{missing} not played before the deadline; run the same again to go on")
    return "".join(f"{note}\n" for note in notes)


def _mean(scores: Sequence[str | None]) -> str:
    values = [float(s) for s in scores if s is not None]
    return f"{sum(values) / len(values):.3f}" if values else "-"
