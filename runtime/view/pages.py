"""Runs, episodes and comparisons as pages: what was read, through templates. Nothing is read here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple, get_args

import jinja2

from clawc.runtime.records import Outcome
from clawc.runtime.view.compare import Comparison, EpisodePair
from clawc.runtime.view.links import Links
from clawc.runtime.view.query import PAGE, Row, TaskRow, Totals, Wanted
from clawc.runtime.view.shelf import Attempt, Volume
from clawc.runtime.web.shell import environment

PACKAGE = "clawc.runtime.view"
SORTS = (
    ("name", "name"),
    ("worst", "lowest score"),
    ("best", "highest score"),
    ("slow", "most seconds"),
    ("dear", "highest cost"),
)


class Side(NamedTuple):
    """One of two attempts that stand side by side."""

    run: int
    volume: Volume
    attempt: Attempt


class Pages:
    """Pages with these addresses; `depth` as `shell.environment` takes it."""

    def __init__(self, links: Links, depth: int | None = None) -> None:
        self.links = links
        self._templates: jinja2.Environment = environment(PACKAGE, depth=depth)
        known: dict[str, object] = self._templates.globals  # pyright: ignore[reportAssignmentType]
        known.update(links=links, money=money, changed=_changed, nothing=Wanted(), percent=_percent)
        self._templates.filters["capitalize_first"] = _capitalized

    def runs(self, shelf: Sequence[Volume]) -> str:
        return self._made("runs", shelf=[(volume, volume.totals()) for volume in shelf])

    def run(self, run: int, volume: Volume, failures: Sequence[tuple[str, int]], listed: TaskList) -> str:
        return self._made(
            "run", run=run, volume=volume, total=volume.totals(), failures=failures, tasks=listed.tasks, text=listed.text, by=listed.by,
            sorts=SORTS, at=listed.page, last=listed.last, task_page=listed.address,
        )  # fmt: skip

    def episodes(self, run: int, volume: Volume, wanted: Wanted, rows: Sequence[Row], count: int, failures: Sequence[tuple[str, int]],
                 size: int = PAGE) -> str:  # fmt: skip
        def at_page(number: int) -> str:
            return self.links.episodes(run, replace(wanted, page=number))

        return self._made(
            "episodes", run=run, volume=volume, wanted=wanted, listed=rows, count=count, failures=failures,
            names={name for name, _ in failures}, outcomes=get_args(Outcome), last=max(1, ceil(count / size)),
            at_page=at_page,
        )  # fmt: skip

    def episode(
        self, run: int, volume: Volume, attempt: Attempt, tries: Sequence[Row], around: tuple[str, str], wanted: Wanted
    ) -> str:
        """`around` are the addresses of the episodes before and after, empty where there are none."""
        return self._made(
            "episode",
            run=run,
            volume=volume,
            attempt=attempt,
            tries=tries,
            before=around[0],
            after=around[1],
            wanted=wanted,
        )

    def compare(self, shelf: Sequence[Volume], pair: tuple[int, int], comparison: Comparison, page: int,
                at_task: Callable[[str], str], at_page: Callable[[int], str], size: int = PAGE) -> str:  # fmt: skip
        first, second = shelf[pair[0]], shelf[pair[1]]
        last = max(1, ceil(len(comparison.tasks) / size))
        at = min(page, last)
        return self._made(
            "compare", first=first, second=second, comparison=comparison, totals=(first.totals(), second.totals()),
            suites=(_suite(first), _suite(second)), differing=_differing(first, second), listed=comparison.tasks[(at - 1) * size : at * size],
            at=at, last=last, at_task=at_task, at_page=at_page,
        )  # fmt: skip

    def compare_task(
        self, shelf: Sequence[Volume], pair: tuple[int, int], task: str, pairs: Iterable[EpisodePair], cut: bool
    ) -> str:
        a, b = pair
        return self._made(
            "compare_task", first=shelf[a], second=shelf[b], a=a, b=b, task=task, pairs=list(pairs), cut=cut
        )

    def pair(self, sides: tuple[Side, Side]) -> str:
        return self._made("pair", sides=sides)

    def _made(self, name: str, **values: object) -> str:
        return self._templates.get_template(f"{name}.html.j2").render(**values)


class TaskList(NamedTuple):
    """A page of tasks, with what was asked for; `address` gives that of another page."""

    tasks: Sequence[TaskRow]
    text: str
    by: str
    page: int
    last: int
    address: Callable[[int], str]


def task_list(
    tasks: Sequence[TaskRow], text: str, by: str, page: int, address: Callable[[int], str], size: int = PAGE
) -> TaskList:
    """The tasks whose name or category has these words, sorted by one of `SORTS`, from page `page` as far as there is one."""
    words = text.lower().split()
    found = [task for task in tasks if all(word in f"{task.task} {task.category}".lower() for word in words)]
    by = by if by in dict(SORTS) else "name"
    if by != "name":
        found.sort(key=_ORDERS[by])
    last = max(1, ceil(len(found) / size))
    at = min(page, last)
    return TaskList(found[(at - 1) * size : at * size], text, by, at, last, address)


def money(cost: float | None) -> str:
    """US dollars, to the hundredth of a cent where there is little."""
    if cost is None:
        return "–"
    return f"${cost:,.2f}" if cost >= 1 else f"${cost:.4f}"


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _mean(task: TaskRow) -> float:
    return -1.0 if task.mean is None else task.mean


_ORDERS: Mapping[str, Callable[[TaskRow], float]] = {
    "worst": _mean,
    "best": lambda task: -_mean(task),
    "slow": lambda task: -task.seconds,
    "dear": lambda task: -(task.cost or 0.0),
}


def _changed(wanted: Wanted, **fields: object) -> Wanted:
    return replace(wanted, **({"page": 1} | fields))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def _percent(total: Totals) -> str:
    return f"{100 * total.passed / total.scored:.1f} %" if total.scored else "–"


def _suite(volume: Volume) -> str:
    suite = volume.index.info.suite
    return f"{suite.name} {suite.version}" if suite else ""


def _differing(first: Volume, second: Volume) -> int:
    """How many tasks of one name are other bundles."""
    one = {task.task: task.bundle_id for task in first.index.info.tasks}
    return sum(one.get(task.task, task.bundle_id) != task.bundle_id for task in second.index.info.tasks)
