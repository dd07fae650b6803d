"""What a run leaves behind, as pydantic models. Scores are decimals as text; times are UTC."""

from __future__ import annotations

from typing import Literal

from clawc.spec.bundle import CheckVerdict, Sha256, Strict

RECORD_FORMAT_VERSION = 1

Outcome = Literal["ok", "truncated", "agent_error", "infra_error", "verifier_error"]
# Without a score: the failure was not the agent's, on evidence from outside the sandbox.
UNSCORED: frozenset[Outcome] = frozenset({"infra_error", "verifier_error"})


class RefusedEntry(Strict):
    """An entry of the workspace that was not collected."""

    path: str
    reason: str


class EpisodeRecord(Strict):
    """One line of `episodes.jsonl`. `score` is null for unscored outcomes, and while a rubric is not
    judged."""

    format_version: Literal[1] = 1
    run_id: str
    key: str
    task: str
    bundle_id: Sha256
    agent: str
    index: int
    seed: int
    outcome: Outcome
    score: str | None = None
    score_checks: str | None = None
    C: str | None = None
    V: str | None = None
    checks: tuple[CheckVerdict, ...] = ()
    final: str = ""
    started: str
    ended: str
    seconds: dict[str, float]
    limits_hit: tuple[str, ...] = ()
    enforcers: tuple[str, ...] = ()
    refused: tuple[RefusedEntry, ...] = ()
    evidence: str = ""


class RunTask(Strict):
    task: str
    bundle_id: Sha256
    path: str


class RunInfo(Strict):
    """`run.json`: what the run is made of. A run is continued only as the same run."""

    format_version: Literal[1] = 1
    run_id: str
    created: str
    clawc: str
    agent: str
    episodes: int
    seed: int
    tasks: tuple[RunTask, ...]
