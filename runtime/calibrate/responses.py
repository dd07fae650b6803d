"""Counts of successes of trials by item and agent. Failures of the infrastructure are counted apart and are never zeros; verdicts of
two verifiers are never pooled.

Rows and columns are ordered by name, so equal trials give equal tables whatever their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clawc.runtime.records import UNSCORED, EpisodeRecord

MOST_TRIALS = 10_000_000  # of a cell; what is computed of counts stays exact in a float


class ResponseError(ValueError):
    """Trials or counts of which no table can be made. The message names the item and what to do."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One attempt of an agent at an item. `passed` is None where the infrastructure failed; `verifier` is the hash of what judged it;
    `key` names the trial among those of its item and agent."""

    item: str
    agent: str
    key: str
    passed: bool | None
    verifier: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Of one item and one agent: `successes` of `trials`, 0 <= successes <= trials."""

    item: str
    agent: str
    successes: int
    trials: int


@dataclass(frozen=True, slots=True)
class Responses:
    """`successes[i][j]` of `trials[i][j]` trials of `items[i]` by `agents[j]`; 0 trials is a missing cell. `excluded[i][j]` trials had
    no verdict. `verifiers[i]` is the hash that judged all of an item's trials, or "" where it is not known."""

    items: tuple[str, ...]
    agents: tuple[str, ...]
    successes: tuple[tuple[int, ...], ...]
    trials: tuple[tuple[int, ...], ...]
    excluded: tuple[tuple[int, ...], ...]
    verifiers: tuple[str, ...]

    def without(self, agents: Iterable[str] = (), items: Iterable[str] = ()) -> Responses:
        """The table without some agents and items; names that are not in it are ignored."""
        left_out, dropped = frozenset(agents), frozenset(items)
        columns = [j for j, name in enumerate(self.agents) if name not in left_out]
        rows = [i for i, name in enumerate(self.items) if name not in dropped]

        def part(table: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
            return tuple(tuple(table[i][j] for j in columns) for i in rows)

        return Responses(
            tuple(self.items[i] for i in rows),
            tuple(self.agents[j] for j in columns),
            part(self.successes),
            part(self.trials),
            part(self.excluded),
            tuple(self.verifiers[i] for i in rows),
        )

    def totals(self) -> tuple[tuple[int, int], ...]:
        """Successes and trials of each item, over all agents."""
        return tuple((sum(s), sum(n)) for s, n in zip(self.successes, self.trials))

    @property
    def excluded_share(self) -> float:
        """The share of trials without a verdict; 0 without trials."""
        lost = sum(map(sum, self.excluded))
        return lost / (lost + sum(map(sum, self.trials))) if lost else 0.0


def trial_of(record: EpisodeRecord, passing: float = 1.0, verifier: str | None = None) -> Trial:
    """A record of a run as a trial: passed with a score of at least `passing`. The verifier is the bundle's id, unless the hash of
    the checker alone is given. Give the last attempt of each episode. Raises ResponseError for a scored outcome whose score is missing,
    as while a rubric is not judged."""
    judged_by = record.bundle_id if verifier is None else verifier
    if record.outcome in UNSCORED:
        return Trial(record.task, record.agent, record.episode, None, judged_by)
    if record.score is None:
        raise ResponseError(f"the episode `{record.episode}` has no score yet; judge its rubric first")
    return Trial(record.task, record.agent, record.episode, float(record.score) >= passing - 1e-9, judged_by)


def table_of(trials: Iterable[Trial]) -> Responses:
    """Trials counted. Raises ResponseError where an item was judged by two verifiers, and for a trial given twice."""
    successes, counted, excluded = (Counter[tuple[str, str]]() for _ in range(3))
    verifiers: dict[str, str] = {}
    seen: set[tuple[str, str, str]] = set()
    for trial in trials:
        known = verifiers.setdefault(trial.item, trial.verifier)
        if known != trial.verifier:
            one, other = sorted((known, trial.verifier))
            raise ResponseError(
                f"`{trial.item}` was judged by the verifiers `{one[:12]}` and `{other[:12]}`, whose scores are never mixed; "
                "rescore the runs by one of them, or leave the others out"
            )
        if (trial.item, trial.agent, trial.key) in seen:
            raise ResponseError(f"the trial `{trial.key}` of `{trial.item}` by `{trial.agent}` is given twice")
        seen.add((trial.item, trial.agent, trial.key))
        cell = (trial.item, trial.agent)
        if trial.passed is None:
            excluded[cell] += 1
        else:
            counted[cell] += 1
            successes[cell] += trial.passed
    return _table(successes, counted, excluded, verifiers)


def table_of_cells(cells: Iterable[Cell], verifiers: Mapping[str, str] | None = None) -> Responses:
    """Counts that somebody else made. Raises ResponseError for a cell given twice, and for counts that are none."""
    successes, counted = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for cell in cells:
        at = (cell.item, cell.agent)
        if at in counted:
            raise ResponseError(f"the cell of `{cell.item}` and `{cell.agent}` is given twice; add its counts up")
        if not _counts(cell.successes, cell.trials):
            raise ResponseError(
                f"`{cell.item}` by `{cell.agent}`: {cell.successes!r} of {cell.trials!r} is no count of successes of trials"
            )
        successes[at], counted[at] = cell.successes, cell.trials
    return _table(successes, counted, Counter(), verifiers or {})


def merged(tables: Iterable[Responses]) -> Responses:
    """Tables added up. Raises ResponseError where two know an item by different verifiers."""
    successes, counted, excluded = (Counter[tuple[str, str]]() for _ in range(3))
    verifiers: dict[str, str] = {}
    for table in tables:
        for i, item in enumerate(table.items):
            known = verifiers.setdefault(item, table.verifiers[i])
            if known != table.verifiers[i]:
                one, other = sorted((known, table.verifiers[i]))
                raise ResponseError(
                    f"`{item}` was judged by the verifiers `{one[:12]}` and `{other[:12]}`, whose scores are never mixed"
                )
            for j, agent in enumerate(table.agents):
                successes[item, agent] += table.successes[i][j]
                counted[item, agent] += table.trials[i][j]
                excluded[item, agent] += table.excluded[i][j]
    return _table(successes, counted, excluded, verifiers)


def _counts(successes: object, trials: object) -> bool:
    if (
        not isinstance(successes, int)
        or not isinstance(trials, int)
        or isinstance(successes, bool)
        or isinstance(trials, bool)
    ):
        return False
    return 0 <= successes <= trials <= MOST_TRIALS


def _table(
    successes: Counter[tuple[str, str]],
    counted: Counter[tuple[str, str]],
    excluded: Counter[tuple[str, str]],
    verifiers: Mapping[str, str],
) -> Responses:
    cells = [*counted, *excluded]
    items, agents = sorted({item for item, _ in cells}), sorted({agent for _, agent in cells})

    def table(counts: Counter[tuple[str, str]]) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(counts[item, agent] for agent in agents) for item in items)

    return Responses(
        tuple(items),
        tuple(agents),
        table(successes),
        table(counted),
        table(excluded),
        tuple(verifiers.get(item, "") for item in items),
    )
