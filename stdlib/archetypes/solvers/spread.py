"""How numbers of a group are spread: mean, median, quantiles, standard deviation; each rounded half up as the text asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.compare import COMPARISONS
from clawc.stdlib.archetypes.solvers.values import Row, Unsolvable, Value, number, rounded
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell

_PLACES = {
    "first quartile": Decimal("0.25"),
    "third quartile": Decimal("0.75"),
    "90th percentile": Decimal("0.9"),
    "10th percentile": Decimal("0.1"),
}


def median(numbers: Sequence[Decimal]) -> Decimal | None:
    return quantile(numbers, Decimal("0.5")) if numbers else None


def quantile(numbers: Sequence[Decimal], place: Decimal) -> Decimal:
    """Linear between neighbours."""
    ordered = sorted(numbers)
    at = place * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _mean(numbers: Sequence[Decimal], asked: Asked) -> Decimal:
    return sum(numbers, Decimal(0)) / len(numbers)


def _middle(numbers: Sequence[Decimal], asked: Asked) -> Decimal:
    return quantile(numbers, Decimal("0.5"))


def _quantile(numbers: Sequence[Decimal], asked: Asked) -> Decimal:
    place = asked.text("p")
    if place not in _PLACES:
        raise Unsolvable(f"describe: which quantile is the {place!r}?")
    return quantile(numbers, _PLACES[place])


def _deviation(numbers: Sequence[Decimal], asked: Asked) -> Decimal:
    """Of the population: divided by the number of rows."""
    mean = _mean(numbers, asked)
    return _mean([(number - mean) ** 2 for number in numbers], asked).sqrt()


_FIGURES: Mapping[str, Callable[[Sequence[Decimal], Asked], Decimal]] = {
    "mean": _mean,
    "median": _middle,
    "quantile": _quantile,
    "stddev_pop": _deviation,
}


def describe(work: Work, asked: Asked) -> None:
    by, column, decimals = asked.text("by"), asked.text("column"), asked.decimals()
    groups: dict[Value, list[Row]] = {}
    for row in work.rows:
        groups.setdefault(cell(row, by), []).append(row)
    work.checked = work.rows
    work.counts["count"] = Decimal(len(work.rows))
    made: list[Row] = []
    for key, rows in groups.items():
        numbers = [number(cell(row, column), column) for row in rows]
        new: dict[str, Value] = {by: key}
        for result in asked.parts("results"):
            how = result.text("how")
            if how not in _FIGURES:
                raise Unsolvable(f"describe: unknown figure {how!r}")
            new[result.text("into")] = rounded(_FIGURES[how](numbers, result), decimals)
        if asked.has("count"):
            new[asked.text("count")] = Decimal(len(rows))
        made.append(new)
    work.rows = made


def keep_groups(work: Work, asked: Asked) -> None:
    column, compare = asked.text("column"), asked.text("compare")
    if compare not in COMPARISONS:
        raise Unsolvable(f"keep groups: unknown comparison {compare!r}")
    fits = COMPARISONS[compare](asked)
    work.rows = [row for row in work.rows if fits(cell(row, column))]
