"""Which attempts of a run are shown: what an address asks for, and the SQL that finds it. No word of an address gets into the SQL."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, cast, get_args
from urllib.parse import urlencode

from clawc.runtime.records import Outcome
from clawc.runtime.stats.quantile import wilson
from clawc.runtime.view.index import RunIndex

PAGE = 100
_SCORES: Mapping[str, str] = {
    "full": "score >= 1",
    "part": "score > 0 AND score < 1",
    "zero": "score = 0",
    "none": "score IS NULL",
}
SORTS: Mapping[str, str] = {
    "order": "n",
    "task": "task",
    "score": "score",
    "seconds": "seconds",
    "tokens": "tokens",
    "cost": "cost",
}
SCORES = tuple(_SCORES)
_LONGEST = 300
# Values of one query; SQLite has taken 999 of them from its beginning.
_MARKS = 900


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; empty fields ask for everything. `page` counts from 1, `down` sorts the largest first."""

    task: str = ""
    outcome: str = ""
    score: str = ""
    check: str = ""
    text: str = ""
    sort: str = "order"
    down: bool = False
    every: bool = False
    page: int = 1

    def address(self, **changed: object) -> str:
        """The query of an address for this, with fields changed; all but `page` begins again at page 1."""
        other = replace(self, **({"page": 1} | changed))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        fields = {
            "task": other.task, "outcome": other.outcome, "score": other.score, "check": other.check, "q": other.text,
            "sort": "" if other.sort == "order" else other.sort, "down": "1" if other.down else "",
            "all": "1" if other.every else "", "page": "" if other.page == 1 else str(other.page),
        }  # fmt: skip
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"?{query}" if query else "?"

    @property
    def narrowed(self) -> bool:
        return bool(self.task or self.outcome or self.score or self.check or self.text)


class Row(NamedTuple):
    """What a list shows of an attempt; `number` is its place in the journal, from 1."""

    number: int
    key: str
    task: str
    attempt: int
    counts: bool
    outcome: Outcome
    score: float | None
    seconds: float
    tool_calls: int
    model_calls: int
    tokens: int | None
    cost: float | None
    seed: str
    failed: tuple[str, ...]


class TaskRow(NamedTuple):
    """A task of a run: its attempts that count, how many of them were scored and passed, means."""

    task: str
    category: str
    episodes: int
    scored: int
    passed: int
    mean: float | None
    seconds: float
    tokens: int | None
    cost: float | None


class Totals(NamedTuple):
    """A whole run. `low` and `high` bound the share that passed at 95 percent, as if episodes were independent (Wilson 1927); None
    without a scored one."""

    episodes: int
    scored: int
    passed: int
    mean: float | None
    low: float | None
    high: float | None
    seconds: float
    tokens: int | None
    cost: float | None
    tries: int
    outcomes: tuple[tuple[str, int], ...]
    tasks: int


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """What an address asks for. What it does not know, or cannot be, counts as not given."""
    page = query.get("page", "1")
    sort, outcome, score = query.get("sort", "order"), query.get("outcome", ""), query.get("score", "")
    return Wanted(
        task=query.get("task", "")[:_LONGEST],
        outcome=outcome if outcome in get_args(Outcome) else "",
        score=score if score in _SCORES else "",
        check=query.get("check", "")[:_LONGEST],
        text=" ".join(query.get("q", "").split())[:_LONGEST],
        sort=sort if sort in SORTS else "order",
        down=query.get("down") == "1",
        every=query.get("all") == "1",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 8 and int(page) > 0 else 1,
    )


def numbers_of(index: RunIndex, wanted: Wanted) -> array[int]:
    """The numbers of all attempts that are asked for, in their order. Kept, since each page of them is a part of it."""
    whole = replace(wanted, page=1)
    return index.kept(whole, lambda: _numbers(index, whole))


def count_of(index: RunIndex, wanted: Wanted) -> int:
    """How many attempts are asked for."""
    return len(numbers_of(index, wanted))


def page_of(index: RunIndex, wanted: Wanted, size: int = PAGE) -> list[Row]:
    """The attempts of the page that is asked for."""
    at = (wanted.page - 1) * size
    part = numbers_of(index, wanted)[at : at + size]
    found: dict[int, tuple[object, ...]] = {}
    for begin in range(0, len(part), _MARKS):
        some = part[begin : begin + _MARKS]
        rows = index.rows(f"SELECT {_ROW} FROM attempts WHERE n IN ({', '.join('?' * len(some))})", some)
        found |= {_int(row[0]): row for row in rows}
    return _rows(index, [found[number] for number in part if number in found])


def _numbers(index: RunIndex, wanted: Wanted) -> array[int]:
    where, values = _where(wanted)
    column, way = SORTS[wanted.sort], "DESC" if wanted.down else "ASC"
    # Texts stand in no index: reading them in the order in which they lie is what is fast.
    head = f"SELECT n FROM attempts{' NOT INDEXED' if wanted.text else ''} WHERE {where}"
    # What is not known comes last, as it does by itself where the largest is first.
    last = wanted.sort in ("score", "tokens", "cost") and not wanted.down
    queries = [f"{head}{f' AND {column} IS NOT NULL' if last else ''} ORDER BY {column} {way}, n {way}"]
    if last:
        queries.append(f"{head} AND {column} IS NULL ORDER BY n")
    return array("q", (_int(n) for query in queries for (n,) in index.rows(query, values)))


def row_of(index: RunIndex, key: str) -> Row | None:
    """What a list shows of one attempt."""
    return next(iter(_rows(index, index.rows(f"SELECT {_ROW} FROM attempts WHERE key = ?", (key,)))), None)


def neighbours(index: RunIndex, wanted: Wanted, row: Row) -> tuple[str, str]:
    """The keys before and after an attempt among those that are asked for, in their order; empty at the ends, and where it is not
    among them."""
    among = numbers_of(index, wanted)
    try:
        at = among.index(row.number)
    except ValueError:
        return "", ""
    beside = [among[each] if 0 <= each < len(among) else 0 for each in (at - 1, at + 1)]
    keys = {_int(n): str(key) for n, key in index.rows("SELECT n, key FROM attempts WHERE n IN (?, ?)", beside)}
    return keys.get(beside[0], ""), keys.get(beside[1], "")


def attempts_of(index: RunIndex, key: str) -> list[Row]:
    """All attempts at the episode of this one, the first first."""
    query = f"SELECT {_ROW} FROM attempts WHERE episode = (SELECT episode FROM attempts WHERE key = ?) ORDER BY attempt LIMIT 50"
    return _rows(index, index.rows(query, (key,)))


class _Sums(NamedTuple):
    """Of the attempts of a task that count: how many there are, how many have each figure, and its sum."""

    task: str
    category: str
    episodes: int
    scored: int
    passed: int
    score: float
    seconds: float
    tokens: int
    with_tokens: int
    cost: float
    with_cost: int


def tasks_of(index: RunIndex) -> list[TaskRow]:
    """The tasks of a run, by name."""
    return [
        TaskRow(each.task, each.category, each.episodes, each.scored, each.passed, each.score / each.scored if each.scored else None,
                each.seconds / each.episodes, round(each.tokens / each.with_tokens) if each.with_tokens else None,
                each.cost if each.with_cost else None)
        for each in _sums_of(index)
    ]  # fmt: skip


def totals_of(index: RunIndex) -> Totals:
    """Sums and means of the attempts that count."""
    return index.kept("totals", lambda: _totals(index))


def failures_of(index: RunIndex, most: int = 200) -> list[tuple[str, int]]:
    """The checks that did not pass, with in how many attempts that count; the most frequent first."""

    def made() -> list[tuple[str, int]]:
        query = (
            "SELECT name, count(*) FROM failures WHERE counts = 1 GROUP BY name ORDER BY count(*) DESC, name LIMIT ?"
        )
        return [(str(name), _int(count)) for name, count in index.rows(query, (most,))]

    return index.kept(("failures", most), made)


def _totals(index: RunIndex) -> Totals:
    tasks = _sums_of(index)
    outcomes = index.rows(
        "SELECT outcome, count(*) FROM attempts WHERE counts = 1 GROUP BY outcome ORDER BY count(*) DESC, outcome"
    )
    episodes, n, won = (
        (sum(column) for column in zip(*((t.episodes, t.scored, t.passed) for t in tasks))) if tasks else (0, 0, 0)
    )
    bounds = wilson(won / n, n) if n else None
    return Totals(
        episodes, n, won, sum(t.score for t in tasks) / n if n else None, bounds.low if bounds else None, bounds.high if bounds else None,
        sum(t.seconds for t in tasks) / episodes if episodes else 0.0,
        sum(t.tokens for t in tasks) if any(t.with_tokens for t in tasks) else None,
        sum(t.cost for t in tasks) if any(t.with_cost for t in tasks) else None,
        _int(index.rows("SELECT count(*) FROM attempts")[0][0]), tuple((str(name), _int(count)) for name, count in outcomes), len(tasks),
    )  # fmt: skip


def _sums_of(index: RunIndex) -> tuple[_Sums, ...]:
    def made() -> tuple[_Sums, ...]:
        found = index.rows(
            "SELECT task, min(category), count(*), count(score), sum(score >= 1), total(score), total(seconds), total(tokens), count(tokens),"
            " total(cost), count(cost) FROM attempts WHERE counts = 1 GROUP BY task ORDER BY task"
        )
        return tuple(
            _Sums(str(task), str(category), _int(episodes), _int(scored), _int(passed), _real(score) or 0.0, _real(seconds) or 0.0,
                  _int(tokens), _int(with_tokens), _real(cost) or 0.0, _int(with_cost))
            for task, category, episodes, scored, passed, score, seconds, tokens, with_tokens, cost, with_cost in found
        )  # fmt: skip

    return index.kept("sums", made)


_ROW = "n, key, task, attempt, counts, outcome, score, seconds, tool_calls, model_calls, tokens, cost, seed"


def _rows(index: RunIndex, found: list[tuple[object, ...]]) -> list[Row]:
    if not found:
        return []
    failed: dict[int, list[str]] = {}
    for begin in range(0, len(found), _MARKS):
        some = [each[0] for each in found[begin : begin + _MARKS]]
        query = f"SELECT n, name FROM failures WHERE n IN ({', '.join('?' * len(some))}) ORDER BY rowid"
        for n, name in index.rows(query, some):
            failed.setdefault(_int(n), []).append(str(name))
    return [
        Row(_int(n), str(key), str(task), _int(attempt), bool(counts), cast("Outcome", outcome), _real(score), _real(seconds) or 0.0, _int(tool_calls),
            _int(model_calls), None if tokens is None else _int(tokens), _real(cost), str(seed), tuple(failed.get(_int(n), ())))
        for n, key, task, attempt, counts, outcome, score, seconds, tool_calls, model_calls, tokens, cost, seed in found
    ]  # fmt: skip  # pyright: ignore[reportArgumentType]


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    parts, values = [] if wanted.every else ["counts = 1"], list[object]()
    for column, value in (("task", wanted.task), ("outcome", wanted.outcome)):
        if value:
            parts.append(f"{column} = ?")
            values.append(value)
    if wanted.score:
        parts.append(_SCORES[wanted.score])
    if wanted.check:
        parts.append("n IN (SELECT n FROM failures WHERE name = ?)")
        values.append(wanted.check)
    for word in wanted.text.lower().split(" ") if wanted.text else ():
        parts.append("instr(said, ?)")
        values.append(word)
    return " AND ".join(parts) or "1", values


def _int(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
