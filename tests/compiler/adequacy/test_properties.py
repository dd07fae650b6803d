"""What the graph of nodes says of a change is what comes of writing the change into the source."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawc.compiler.adequacy import QueryMutant, answers, query_mutants
from clawc.compiler.pipeline import Compiled, check
from clawc.compiler.witness.derive import events_of
from tests.compiler.adequacy.queries import task_of

QUERIES = (
    "csv(t) | where price >= {n} and kind == \"x\" | select item, price | sort -price, item",
    "csv(t) | where price in {n}..{m} or size > 1.5 | select item, size | sort size, -item",
    "csv(t) | group kind, total = sum(price), least = min(size), n = count() | where n > 1 | sort -total, kind",
    "csv(t) | derive cost = price * size + {n} | sort cost, item | take 3 | select item, cost",
    "csv(t) | where not (kind in [\"x\", \"z\"]) | select item, half = round(price / 2, 0) | sort item",
    "csv(t) | distinct kind, price | select kind, price, big = if price > {n} then \"yes\" else \"no\" | sort kind, price",
    "csv(t) | where lower(kind) == \"x\" | left_join csv(u) on price | select item, rate = rate ?? 0 | sort item",
    "csv(t) | window before = running_sum(price) on kind | join csv(u) on price | select item, before, rate | sort item, rate",
)  # fmt: skip
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["0.5", "1.0", "1.5", "2.0"]), st.sampled_from(["x", "y", "z", "X"])),
    min_size=2,
    max_size=6,
)
RATES = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=4, unique_by=lambda r: r[0])
# Their `after` is what an author would write in the place of `before`.
WRITTEN = {"comparison", "bound", "range_end", "listed_value", "negation", "branch", "count", "kind_of_join", "aggregate",
           "default", "spelling", "window_key", "sort_key", "distinct", "term", "filter", "arithmetic"}  # fmt: skip


def changed_source(source: str, mutant: QueryMutant) -> str | None:
    """The source with the change written into it; None where it is not sure how."""
    text = mutant.source.slice(mutant.span)
    if mutant.operator == "term":
        left, right = f"{text} and ", f" and {text}"
        for part in (left, right, f" or {text}", f"{text} or "):
            if part in source:
                return source.replace(part, "")
        return None
    if source.count(mutant.before) != 1:
        return None
    if mutant.after:
        return source.replace(mutant.before, mutant.after)
    return source.replace(f"| {mutant.before} ", "") if f"| {mutant.before} |" in source else None


def accepts(task: Compiled, answer: Compiled) -> bool:
    """Do the checks of one task take the right answer of the other?"""
    verdict = task.trial.judge(answer.witness.written, events_of(answer.witness.steps))
    return all(c["passed"] for c in verdict["checks"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(query=st.sampled_from(QUERIES), rows=ROWS, rates=RATES, n=st.integers(0, 5), more=st.integers(0, 3))
def test_a_change_is_seen_if_its_answer_is_refused(
    query: str, rows: list[tuple[int, str, str]], rates: list[tuple[int, int]], n: int, more: int
) -> None:
    lines = [f"{chr(97 + place)},{price},{size},{kind}" for place, (price, size, kind) in enumerate(rows)]
    files = {
        "t.csv": "\n".join(["item,price,size,kind", *lines]),
        "u.csv": "\n".join(["price,rate", *(f"{p},{r}" for p, r in rates)]),
    }
    if "csv(u)" not in query:
        del files["u.csv"]
    source = task_of(query.format(n=n, m=n + more), files)
    checked = check("small.claw", source)
    if not checked.tasks:
        return
    task = checked.tasks[0]
    for mutant in query_mutants(task.task, task.sealer):
        answer = answers(task, mutant)
        if answer is not None:
            verdict = task.trial.judge(answer, [{"event": "final", "text": ""}])
            assert all(not c["passed"] for c in verdict["checks"] if c["name"] in mutant.checks), mutant
        written = (
            changed_source(source, mutant)
            if mutant.operator in WRITTEN and not mutant.reason.startswith("the")
            else None
        )
        other = check("small.claw", written) if written is not None else None
        if other is None or not other.tasks:
            continue
        if mutant.status == "changed":
            assert not accepts(task, other.tasks[0]), (mutant, written)
        elif mutant.status in ("same", "not_applicable"):
            assert accepts(task, other.tasks[0]), (mutant, written)
