"""Tables that code looks up: what must hold of any right one, found in the answers."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import pytest

from clawc.compiler.pipeline import Compiled, check
from clawc.stdlib.archetypes.archetype import Proposal
from clawc.stdlib.archetypes.brief import unsaid
from clawc.stdlib.archetypes.draw import Balance
from clawc.stdlib.archetypes.lookups import ARCHETYPES
from clawc.stdlib.archetypes.propose import propose

DRAWN = 60
Drawn = list[tuple[Proposal, Compiled]]


@pytest.fixture(scope="module")
def compiled() -> Drawn:
    found: Drawn = []
    balance = Balance()
    for number in range(DRAWN):
        one = propose(23, number, balance, ARCHETYPES)
        balance.count(one.picks)
        checked = check(f"{one.name}.claw", one.source, None, 1)
        if not checked.diagnostics:  # a number of the text may be an answer by chance
            found.append((one, checked.tasks[0]))
    assert len(found) >= DRAWN - 3
    return found


def answers(compiled: Drawn, how: str) -> Iterator[tuple[dict[str, object], list[list[str]]]]:
    """The fact of the rule and the rows of each answer that is a table of text."""
    some = False
    for one, task in compiled:
        fact = next((step for step in one.brief if step.get("how") == how), None)
        data = next((d for p, d in task.witness.written.items() if p.endswith((".csv", ".tsv")) and d), None)
        if fact is not None and data is not None:
            some = True
            lines = data.decode("utf-8")
            yield dict(fact), list(csv.reader(io.StringIO(lines), delimiter="\t" if "\t" in lines else ","))[1:]
    assert some, how


def texts(fact: dict[str, object], key: str) -> list[str]:
    return [str(value) for value in cast("list[object]", fact[key])]


def test_facts_are_said(compiled: Drawn) -> None:
    for one, task in compiled:
        assert unsaid(one.brief, task.task.told, task.trial.pristine) == [], one.name


def test_remainders(compiled: Drawn) -> None:
    for fact, rows in answers(compiled, "remainder"):
        assert all(
            int(into) == int(key) % int(str(fact["divisor"])) + int(str(fact.get("first", 0))) for key, into in rows
        )


def test_turns_come_round(compiled: Drawn) -> None:
    for fact, rows in answers(compiled, "turns"):
        values = texts(fact, "values")
        order = [*values, *values[::-1]] if fact["kind"] == "there and back" else values
        taken = [into for _, into in sorted(rows, key=lambda row: int(row[0]))]
        assert taken == [order[n % len(order)] for n in range(len(taken))]
        assert max(Counter(taken).values()) - min(Counter(taken).values()) <= 2


def test_fields_leave_no_room_between_them(compiled: Drawn) -> None:
    for fact, rows in answers(compiled, "layout"):
        spans = sorted((int(start), int(end)) for _, start, end in rows)
        beyond = int(fact["kind"] == "inclusive") + int(str(fact.get("gap", 0)))
        assert spans[0][0] == fact["first"]
        assert all(after[0] == before[1] + beyond for before, after in pairwise(spans))


def test_waits_grow_up_to_the_cap(compiled: Drawn) -> None:
    for fact, rows in answers(compiled, "retries"):
        waits: dict[str, list[int]] = {}
        for service, number, wait in sorted(rows, key=lambda row: (row[0], int(row[1]))):
            waits.setdefault(service, []).append(int(wait))
            assert len(waits[service]) == int(number)
        factor = int(str(fact["factor"]))
        for found in waits.values():
            assert len(found) == fact["count"]
            assert all(after == before * factor or after == max(found) for before, after in pairwise(found))


def test_every_role_meets_every_action(compiled: Drawn) -> None:
    for fact, rows in answers(compiled, "rights"):
        roles, actions = {row[0] for row in rows}, {row[1] for row in rows}
        assert len({(row[0], row[1]) for row in rows}) == len(rows) == len(roles) * len(actions)
        assert {row[2] for row in rows} == set(texts(fact, "values")), fact
