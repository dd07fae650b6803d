"""What people say of the same criteria, and how far the judge agrees with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import Field, ValidationError, model_validator

from clawc.runtime.engine.untyped import shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.records import JudgementRecord
from clawc.runtime.records import Key
from clawc.runtime.regular_file import read_regular
from clawc.runtime.stats.agreement import (
    Table,
    cohen_kappa,
    coincidences,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    resampled_interval,
    table_of,
)
from clawc.runtime.stats.bootstrap import Interval, Resampling
from clawc.spec.bundle import Name, Strict
from clawc.spec.rubric import DECISIONS, Decision

_BYTES = 256 << 20
_LINES = 1_000_000
_NUMBER = {verdict: number for number, verdict in enumerate(DECISIONS)}


class Label(Strict):
    """One line: what `rater` says of a criterion, of an attempt (`key`) or of the attempt of an episode that counts."""

    key: Key | None = None
    episode: Key | None = None
    rubric: Name
    criterion: Name
    verdict: Decision
    rater: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _one_place(self) -> Label:
        if (self.key is None) == (self.episode is None):
            raise ValueError("give `key` or `episode`")
        return self


class Unit(NamedTuple):
    """What is labelled."""

    key: str
    rubric: str
    criterion: str


Labels: TypeAlias = dict[Unit, dict[str, Decision]]


class Measured(NamedTuple):
    """A coefficient; `value` is None where it is not defined, `interval` where it has none."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Judge against labels. `table[judge][label]` counts verdicts in the order of DECISIONS, the label being what most raters
    say; `ties` are units without such. `alpha` takes all raters and the judge, `raters_alpha` the raters alone, None for one."""

    units: int
    episodes: int
    ties: int
    table: list[list[float]]
    raw: Measured
    kappa: Measured
    ac1: Measured
    alpha: Measured
    raters_alpha: Measured | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All criteria together, and each by its rubric and name; `unjudged` labels are of what the judge has not judged."""

    whole: Agreement
    criteria: dict[tuple[str, str], Agreement]
    unjudged: int
    raters: int


def read_labels(path: Path, keys: Mapping[str, str]) -> Labels:
    """The labels in a file; `keys` leads from episodes to the attempts that count. Raises RuntimeFault R0982."""
    try:
        data = read_regular(path, _BYTES).data
    except OSError as error:
        raise RuntimeFault("R0982", f"cannot read `{path}`: {error.strerror}") from error
    found: Labels = {}
    lines = data.split(b"\n")
    if len(lines) > _LINES:
        raise RuntimeFault("R0982", f"`{path}` has more than {_LINES} lines")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        label = _label(line, f"`{path}`, line {number}")
        key = label.key if label.key is not None else keys.get(label.episode or "", label.episode or "")
        raters = found.setdefault(Unit(key, label.rubric, label.criterion), {})
        if label.rater in raters:
            raise RuntimeFault("R0982", f"`{path}`, line {number}: the same rater has labelled that before")
        raters[label.rater] = label.verdict
    if not found:
        raise RuntimeFault("R0982", f"`{path}` has no label")
    return found


def _label(line: bytes, where: str) -> Label:
    try:
        return Label.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = shown(".".join(str(part) for part in first["loc"]))[:100] or "start"
        said = shown(first["msg"].removeprefix("Value error, "))[:200]
        raise RuntimeFault(
            "R0982",
            f"{where}: at `{at}`: {said[:1].lower()}{said[1:]}",
            'A label is {"episode": "…", "rubric": "…", "criterion": "…", "verdict": "met"}, and maybe "rater".',
        ) from error


def compare(judgements: Iterable[JudgementRecord], labels: Labels, how: Resampling) -> Comparison:
    """The judge against the labels. Raises RuntimeFault R0985 where none of them is of what was judged."""
    verdicts: dict[Unit, Decision] = {
        Unit(record.key, rubric.name, criterion.name): criterion.verdict
        for record in judgements
        for rubric in record.rubrics
        for criterion in rubric.criteria
    }
    both = [unit for unit in labels if unit in verdicts]
    if not both:
        raise RuntimeFault(
            "R0985",
            "no label is of a criterion that was judged",
            "Keys, rubrics and criteria are those of the run; see --all.",
        )
    criteria: dict[tuple[str, str], list[Unit]] = {}
    for unit in sorted(both):
        criteria.setdefault((unit.rubric, unit.criterion), []).append(unit)
    return Comparison(
        _agreement(sorted(both), verdicts, labels, how),
        {name: _agreement(units, verdicts, labels, how) for name, units in sorted(criteria.items())},
        len(labels) - len(both),
        len({rater for unit in both for rater in labels[unit]}),
    )


def _agreement(units: Sequence[Unit], verdicts: Mapping[Unit, Decision], labels: Labels, how: Resampling) -> Agreement:
    episodes: dict[str, list[Unit]] = {}
    for unit in units:
        episodes.setdefault(unit.key, []).append(unit)
    pairs: list[Table] = []
    everybody: list[Table] = []
    people: list[Table] = []
    ties = 0
    for members in episodes.values():
        leading = [(unit, most) for unit in members if (most := _most(labels[unit].values())) is not None]
        ties += len(members) - len(leading)
        pairs.append(table_of(((_NUMBER[verdicts[u]], _NUMBER[most]) for u, most in leading), len(DECISIONS)))
        said = [[_NUMBER[verdict] for verdict in labels[unit].values()] for unit in members]
        people.append(coincidences(said, len(DECISIONS)))
        judged = [[_NUMBER[verdicts[unit]], *values] for unit, values in zip(members, said)]
        everybody.append(coincidences(judged, len(DECISIONS)))
    several = any(len(labels[unit]) > 1 for unit in units)
    return Agreement(
        len(units),
        len(episodes),
        ties,
        _sum(pairs),
        _measured(pairs, raw_agreement, how),
        _measured(pairs, cohen_kappa, how),
        _measured(pairs, gwet_ac1, how),
        _measured(everybody, krippendorff_alpha, how),
        _measured(people, krippendorff_alpha, how) if several else None,
    )


def _most(verdicts: Iterable[Decision]) -> Decision | None:
    """What most raters say, None if two verdicts have as many."""
    ranked = Counter(verdicts).most_common(2)
    return None if len(ranked) == 2 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def _measured(tables: Sequence[Table], statistic: Callable[[Table], float | None], how: Resampling) -> Measured:
    return Measured(statistic(_sum(tables)), resampled_interval(tables, statistic, how))


def _sum(tables: Sequence[Table]) -> list[list[float]]:
    size = len(DECISIONS)
    return [[sum(table[row][column] for table in tables) for column in range(size)] for row in range(size)]
