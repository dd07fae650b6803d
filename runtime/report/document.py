"""The report as data, from which every format is made; JSON holds all of it under these names.

Scores and shares are in [0, 1], times in seconds; None means: not known, and is never counted as 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from clawc.runtime.report.sample import Quantity
from clawc.runtime.stats.bootstrap import Interval, Resampling
from clawc.runtime.stats.quantile import Bounds

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Passes:
    """pass@k and pass^k, each the mean over the `tasks` with at least k scored episodes."""

    k: int
    tasks: int
    pass_at_k: float
    pass_hat_k: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One quantity over a whole run. `mean` is the mean over tasks of their episodes' mean. `bounds` is the mean if
    every excluded episode had 0, and if every one had 1. `distribution` counts episodes at 0, in ten equal steps between,
    and at 1. `unjudged` episodes have no score until their rubric is judged."""

    quantity: Quantity
    episodes: int
    excluded: int
    unjudged: int
    tasks: int
    templates: int
    mean: float | None
    standard_error: float | None
    interval: Interval | None
    trusted: bool
    detectable_effect: float | None
    bounds: Bounds | None
    passes: tuple[Passes, ...]
    distribution: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of something there are, and their share of the whole."""

    name: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Group:
    """The episodes that have something in common. `interval` is by Wilson for a single task and by resampled templates
    otherwise; `pass_rate` is pass@1. `missing` episodes were planned and are not there."""

    name: str
    category: str
    tasks: int
    templates: int
    episodes: int
    missing: int
    scored: int
    excluded: int
    unjudged: int
    score: float | None
    interval: Bounds | None
    trusted: bool
    pass_rate: float | None
    score_checks: float | None
    outcomes: tuple[Share, ...]
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one task over the episodes that were judged. `message` is the most common one of those that failed,
    `message_count` how often it came. A veto has no weight: failing it makes the score 0."""

    task: str
    name: str
    kind: str
    veto: bool
    weight: str
    judged: int
    passed: int
    share: float
    message: str
    message_count: int


@dataclass(frozen=True, slots=True)
class Phase:
    """Seconds that a phase took over the episodes that had it; `all` is an episode as a whole."""

    name: str
    episodes: int
    p50: float
    p90: float
    p99: float
    sum: float


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum over the `episodes` that report it; `total` is decimal text, None where none does."""

    name: str
    total: str | None
    episodes: int


@dataclass(frozen=True, slots=True)
class Attempts:
    """All attempts; `retries` are those after the first of an episode, `replaced` the outcomes of those that a later
    one replaced."""

    attempts: int
    episodes: int
    retries: int
    retried: int
    replaced: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Entries of workspaces that were not collected, by reason."""

    entries: int
    episodes: int
    reasons: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run. `planned` counts tasks times episodes; `started` and `ended` are the first and the last time in the
    records, in UTC; `suite` names the suite, its version, the first digits of its id, and the splits that were played."""

    label: str
    run_id: str
    agent: str
    clawc: str
    created: str
    started: str
    ended: str
    seed: int
    planned: int
    episodes: int
    complete: bool
    alarms: tuple[str, ...]
    notes: tuple[str, ...]
    score: Summary
    score_checks: Summary
    tasks: tuple[Group, ...]
    categories: tuple[Group, ...]
    operations: tuple[Group, ...]
    templates: tuple[Group, ...]
    checks: tuple[Check, ...]
    outcomes: tuple[Share, ...]
    limits: tuple[Share, ...]
    phases: tuple[Phase, ...]
    usage: tuple[Amount, ...]
    attempts: Attempts
    refused: Refused
    suite: str = ""

    @property
    def main(self) -> Summary:
        """The score, or what the checks gave where no episode has a score yet."""
        return self.score if self.score.episodes or not self.score_checks.episodes else self.score_checks


@dataclass(frozen=True, slots=True)
class Change:
    """One task in two runs, over the `episodes` that are compared; with `paired` these have the same seeds, else the
    means of all episodes are compared."""

    task: str
    baseline: float
    other: float
    difference: float
    episodes: int
    paired: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against the baseline, on the tasks that both have scored; differences are other minus baseline. `p` is
    two-sided, `p_corrected` after Holm over all comparisons of the report. `changes` has every task, largest first."""

    baseline: str
    other: str
    quantity: Quantity
    tasks: int
    templates: int
    pairs: int
    unpaired: int
    rebuilt: int
    only_baseline: int
    only_other: int
    baseline_mean: float | None
    other_mean: float | None
    difference: float | None
    standard_error: float | None
    interval: Interval | None
    trusted: bool
    detectable_effect: float | None
    p: float | None
    p_corrected: float | None
    flips: int
    exact: bool
    wins: int
    ties: int
    losses: int
    significant: bool
    notes: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that `clawc report` says; `scoring` names the scoring of the records, `threshold` what passes."""

    clawc: str
    scoring: str
    threshold: float
    resampling: Resampling
    runs: tuple[RunReport, ...]
    comparisons: tuple[Comparison, ...]
