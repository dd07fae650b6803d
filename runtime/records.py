"""What a run leaves behind, as pydantic models. Scores are decimals as text; times are UTC, durations in seconds.

An *episode* is one seed of one task; an *attempt* is one try at it, and each has a record of its own. Only failures of
the infrastructure lead to another attempt, so the last attempt of an episode is the one that counts.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from clawc.spec.bundle import CheckVerdict, Sha256, Strict

RECORD_FORMAT_VERSION = 2
SCORE_FORMAT_VERSION = 1
RUN_FORMAT_VERSION = 1

Outcome = Literal["ok", "truncated", "agent_error", "infra_error", "verifier_error"]
# Without a score: the failure was not the agent's, on evidence from outside the sandbox.
UNSCORED: frozenset[Outcome] = frozenset({"infra_error", "verifier_error"})

# A decimal from 0 to 1. Bounded, since it is computed with.
Share = Annotated[str, Field(pattern=r"^(0(\.[0-9]{1,60})?|1(\.0{1,60})?)$")]
# Names a folder.
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$")]


class RefusedEntry(Strict):
    """An entry of the workspace that was not collected."""

    path: str
    reason: str


class LimitUse(Strict):
    """One limit of an episode. `used` is the most that was seen, or null where nothing measures it; `hit` if it ended
    something. `enforcer` says what held it: cgroup, watchdog, rlimit, tmpfs, runner, collector."""

    name: str
    unit: Literal["s", "bytes", "count"]
    allowed: float
    used: float | None = None
    enforcer: str
    hit: bool = False

    model_config = ConfigDict(allow_inf_nan=False)


class Change(Strict):
    """A file of the workspace that differs from what the agent was given; sizes in bytes, `sha256` of what is there now."""

    path: str
    kind: Literal["added", "changed", "removed"]
    before: int | None = None
    after: int | None = None
    sha256: Sha256 | None = None


class Changes(Strict):
    """The workspace after against before. The counts are of all files, `listed` are the first of them by path."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    listed: tuple[Change, ...] = ()


class Usage(Strict):
    """What the agent used. Tokens and cost are null where no engine reports them; `cost` is a decimal, in US dollars."""

    tool_calls: int = 0
    model_calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: str | None = None


class EpisodeRecord(Strict):
    """One line of `episodes.jsonl`: one attempt at an episode. `score` is null for unscored outcomes, and while a rubric
    is not judged."""

    format_version: Literal[2] = 2
    run_id: str
    key: Key
    episode: Key
    attempt: Annotated[int, Field(ge=1, le=1_000_000)]
    task: str
    template: str
    category: str = ""
    operations: tuple[str, ...] = ()
    bundle_id: Sha256
    opaque: bool = False  # its verifier is kept as others wrote it, so nothing about it is proved
    agent: str
    index: int
    seed: int
    outcome: Outcome
    score: Share | None = None
    score_checks: Share | None = None
    C: Share | None = None
    V: Literal["0", "1"] | None = None
    checks: tuple[CheckVerdict, ...] = ()
    final: str = ""
    started: str
    ended: str
    seconds: dict[str, float]
    usage: Usage = Usage()
    limits: tuple[LimitUse, ...] = ()
    limits_hit: tuple[str, ...] = ()
    enforcers: tuple[str, ...] = ()
    changes: Changes | None = None
    refused: tuple[RefusedEntry, ...] = ()
    evidence: str = ""

    model_config = ConfigDict(allow_inf_nan=False)


class ScoreRecord(Strict):
    """One line of `scores/<id>.jsonl`: the attempt `key`, judged again by the checker of the bundle `bundle_id`.
    `judged` is the time of it."""

    format_version: Literal[1] = 1
    key: Key
    task: str
    bundle_id: Sha256
    outcome: Outcome
    score: Share | None = None
    score_checks: Share | None = None
    C: Share | None = None
    V: Literal["0", "1"] | None = None
    checks: tuple[CheckVerdict, ...] = ()
    evidence: str = ""
    judged: str
    seconds: dict[str, float]

    model_config = ConfigDict(allow_inf_nan=False)


class RunTask(Strict):
    task: str
    bundle_id: Sha256
    path: str


class RunSuite(Strict):
    """The suite that is played, by the id of its record, and the splits of it; none: all."""

    name: str
    version: str
    id: Sha256
    splits: tuple[str, ...] = ()


class RunInfo(Strict):
    """`run.json`: what the run is made of. A run is continued only as the same run. `suite` is null for tasks that are not played as one."""

    format_version: Literal[1] = 1
    run_id: str
    created: str
    clawc: str
    agent: str
    episodes: int
    seed: int
    tasks: tuple[RunTask, ...]
    suite: RunSuite | None = None


def episode_id(task: str, bundle_id: str, agent: str, seed: int) -> str:
    """Names an episode in a run and as a folder: task, its hash, the agent's, and the seed."""
    return f"{task[:60]}-{bundle_id[:12]}-{hashlib.sha256(agent.encode()).hexdigest()[:8]}-{seed:012x}"


def attempt_key(episode: str, attempt: int) -> str:
    """The key of an attempt; the first is 1."""
    return f"{episode}-a{attempt}"
