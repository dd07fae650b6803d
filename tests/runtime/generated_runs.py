"""Records of runs that were never played: seeded, with every outcome, several tasks a template, and retries."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path

from clawc.runtime.records import (
    EpisodeRecord,
    Outcome,
    RefusedEntry,
    RunInfo,
    RunTask,
    Usage,
    attempt_key,
    episode_id,
)
from clawc.runtime.report.sample import RunInput
from clawc.spec.bundle import CheckVerdict
from clawc.spec.scoring import score_text

CATEGORIES = ("office.records", "office.scheduling", "software.implementation", "systems.incidents", "")
OPERATIONS = ("files.extract", "files.write", "data.aggregate", "data.join", "code.run")


@dataclass(frozen=True, slots=True)
class Made:
    """What a run is made of: `shift` is added to the chance to pass; `faults` is the share of unscored episodes."""

    tasks: int = 12
    episodes: int = 4
    per_template: int = 1
    shift: float = 0.0
    faults: float = 0.0
    agent: str = "model"
    seed: int = 1
    unjudged: int = 0
    lacking: int = 0


def generated(label: str, made: Made) -> RunInput:
    """A run in memory; the same arguments give the same run. `lacking` episodes at the end were not played."""
    rng = random.Random(made.seed)
    info = RunInfo(
        run_id=f"{made.seed:016x}",
        created="2026-01-05T08:00:00+00:00",
        clawc="0.1.0",
        agent=made.agent,
        episodes=made.episodes,
        seed=0,
        tasks=tuple(
            RunTask(task=f"task_{n:04}", bundle_id=bundle_id(f"task_{n:04}"), path=f"bundles/task_{n:04}")
            for n in range(made.tasks)
        ),
    )
    records: list[EpisodeRecord] = []
    attempts: list[EpisodeRecord] = []
    for number in range(made.tasks):
        # The same in every run, so that runs differ by their shift alone.
        hard = random.Random(f"{number // made.per_template}").random() * 0.9
        for index in range(made.episodes):
            fault = rng.random() < made.faults
            outcome: Outcome = "infra_error" if fault and rng.random() < 0.7 else "verifier_error" if fault else "ok"
            if outcome == "ok" and rng.random() < 0.1:
                outcome = rng.choice(("truncated", "agent_error"))
            retried = rng.random() < made.faults
            if retried:
                attempts.append(_record(info, number, index, rng, "infra_error", hard, made, attempt=1))
            record = _record(info, number, index, rng, outcome, hard, made, attempt=2 if retried else 1)
            records.append(record)
            attempts.append(record)
    kept = records[: len(records) - made.lacking]
    dropped = {r.episode for r in records[len(kept) :]}
    return RunInput(label, info, kept, [r for r in attempts if r.episode not in dropped])


def bundle_id(task: str) -> str:
    return hashlib.sha256(task.encode()).hexdigest()


def written(folder: Path, run: RunInput) -> Path:
    """The run as a folder, as the runtime would have left it without the workspaces."""
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(run.info.model_dump_json(indent=2) + "\n", encoding="utf-8")
    lines = [record.model_dump_json() + "\n" for record in run.attempts]
    (folder / "episodes.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def replaced(run: RunInput, at: int, **changes: object) -> RunInput:
    """The run with one record changed; values are checked as those of a file are."""
    raw = json.loads(run.records[at].model_dump_json()) | changes
    record = EpisodeRecord.model_validate_json(json.dumps(raw))
    records = [*run.records[:at], record, *run.records[at + 1 :]]
    return RunInput(run.label, run.info, records, records)


def _record(
    info: RunInfo,
    number: int,
    index: int,
    rng: random.Random,
    outcome: Outcome,
    hard: float,
    made: Made,
    *,
    attempt: int,
) -> EpisodeRecord:
    task = info.tasks[number]
    seed = index * 1_000 + number
    episode = episode_id(task.task, task.bundle_id, made.agent, seed)
    scored = outcome in ("ok", "truncated", "agent_error")
    checks = _checks(rng, 0.95 - hard + made.shift) if scored else ()
    weights = sum(int(c.weight) for c in checks)
    credit = sum(int(c.weight) for c in checks if c.passed) / weights if weights else 0.0
    vetoed = any(c.kind != "check" and not c.passed for c in checks)
    C = score_text_of(credit)
    total = "0" if vetoed else C
    judged = number >= made.unjudged
    second = number * made.episodes + index
    return EpisodeRecord(
        run_id=info.run_id,
        key=attempt_key(episode, attempt),
        episode=episode,
        attempt=attempt,
        task=task.task,
        template=f"template_{number // made.per_template:04}",
        category=CATEGORIES[number % len(CATEGORIES)],
        operations=tuple(OPERATIONS[(number + step) % len(OPERATIONS)] for step in range(number % 3 + 1)),
        bundle_id=task.bundle_id,
        agent=made.agent,
        index=index,
        seed=seed,
        outcome=outcome,
        score=total if scored and judged else None,
        score_checks=total if scored else None,
        C=C if scored else None,
        V=("0" if vetoed else "1") if scored else None,
        checks=checks,
        started=f"2026-01-05T{8 + second // 3600 % 12:02}:{second // 60 % 60:02}:{second % 60:02}.000+00:00",
        ended=f"2026-01-05T{9 + second // 3600 % 12:02}:{second // 60 % 60:02}:{second % 60:02}.000+00:00",
        seconds={
            "create": round(rng.uniform(0.01, 0.04), 4),
            "agent": round(rng.lognormvariate(2, 0.8), 4),
            "collect": round(rng.uniform(0.001, 0.01), 4),
            "score": round(rng.uniform(0.03, 0.2), 4),
            "close": round(rng.uniform(0.001, 0.004), 4),
        },
        usage=Usage(
            tool_calls=rng.randrange(40),
            model_calls=rng.randrange(1, 40),
            prompt_tokens=rng.randrange(1_000, 90_000),
            completion_tokens=rng.randrange(100, 9_000),
            cost=score_text_of(rng.uniform(0.001, 0.2)),
        ),
        limits_hit=(rng.choice(("wall", "memory")),) if outcome == "truncated" else (),
        refused=(RefusedEntry(path="pipe", reason="is a FIFO"),) if rng.random() < 0.02 else (),
        evidence="" if scored else "the sandbox did not start",
    )


def _checks(rng: random.Random, chance: float) -> tuple[CheckVerdict, ...]:
    def verdict(name: str, weight: str, passed: bool, message: str) -> CheckVerdict:
        return CheckVerdict(
            name=name,
            kind="require" if weight == "0" else "check",
            weight=weight,
            passed=passed,
            credit="1" if passed else "0",
            message="" if passed else message,
        )

    found = rng.choice((0, 2, 7))
    return (
        verdict("rows_right", "3", rng.random() < chance, f"expected 3 rows, found {found}"),
        verdict("note_states", "1", rng.random() < chance + 0.2, "`output/note.md` does not exist"),
        verdict("inputs_kept", "0", rng.random() < 0.97, "`input/orders.csv` was changed"),
    )


def score_text_of(value: float) -> str:
    """A share as records write it."""
    from decimal import Decimal

    return score_text(Decimal(f"{value:.6f}"))
