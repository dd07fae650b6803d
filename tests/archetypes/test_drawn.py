"""Tasks that are drawn: each compiles without a word, its facts are what its text says, and a solver that knows these alone is right."""

from __future__ import annotations

import subprocess
import sys
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import mean, variance

import pytest

from clawc.compiler.pipeline import Compiled, check
from clawc.runtime.synth.structure import structure
from clawc.spec.taxonomy import CATEGORIES, OPERATIONS, dotted
from clawc.stdlib.archetypes.archetype import Proposal
from clawc.stdlib.archetypes.brief import unsaid
from clawc.stdlib.archetypes.catalogue import ARCHETYPES
from clawc.stdlib.archetypes.draw import Balance, Draw
from clawc.stdlib.archetypes.propose import propose
from clawc.stdlib.archetypes.reports import ARCHETYPES as TABLES
from clawc.stdlib.archetypes.solvers import Unsolvable, solve

DRAWN = 40
# What stands in messages of checks that wait for a sandbox.
UNRUN = ("programs are not run at compile time", "is judged only after")
PINNED, SHUFFLED = [68, 863, 736, 718, 213, 658], ["c", "e", "a", "f", "b", "d"]


def drawn(seed: int, count: int) -> Iterator[Proposal]:
    balance = Balance()
    for number in range(count):
        one = propose(seed, number, balance)
        balance.count(one.picks)
        yield one


@pytest.fixture(scope="module")
def compiled() -> list[tuple[Proposal, Compiled]]:
    """Most draws compile without a word; the gate of `clawc synth` keeps the others out."""
    found: list[tuple[Proposal, Compiled]] = []
    for one in drawn(11, DRAWN):
        checked = check(f"{one.name}.claw", one.source, None, 1)
        if not checked.diagnostics:
            found.append((one, checked.tasks[0]))
    assert len(found) >= DRAWN * 0.9
    return found


def test_facts_are_said(compiled: list[tuple[Proposal, Compiled]]) -> None:
    for one, task in compiled:
        assert unsaid(one.brief, task.task.told, task.trial.pristine) == [], one.name


def test_reference_solutions_are_right(compiled: list[tuple[Proposal, Compiled]]) -> None:
    """What a solver does not know it says, and it knows what tables are asked for. Programs that it writes are run elsewhere."""
    tables = {archetype.name for archetype in TABLES}
    for one, task in compiled:
        try:
            history = {item.file.path: item.data for item in task.task.placed}
            made = solve(one.brief, {**task.trial.pristine, **history})
        except Unsolvable:
            assert one.archetype not in tables, one.name
            continue
        failed = [found for found in task.trial.judge(made, [])["checks"] if not found["passed"]]
        assert [found for found in failed if not any(words in found["message"] for words in UNRUN)] == [], one.name


@pytest.mark.nightly
def test_a_month_has_all_its_days() -> None:
    """In a leap year the 29th of February counts."""
    seen: set[str] = set()
    totals, balance = [archetype for archetype in TABLES if archetype.name == "totals_report"], Balance()
    for number in range(4000):
        one = propose(5, number, balance, totals)
        for step in one.brief:
            if step["do"] == "keep" and step["compare"] == "month":
                month = datetime.strptime(str(step["value"]), "%B %Y").replace(tzinfo=UTC)
                last = month.replace(day=monthrange(month.year, month.month)[1])
                column = step["column"]
                assert f"{column} >= @{month:%Y-%m-%d} and {column} <= @{last:%Y-%m-%d}" in one.source, one.name
                seen.add(f"{last:%m-%d}")
    assert {"02-28", "02-29", "04-30"} <= seen


def test_structures_differ(compiled: list[tuple[Proposal, Compiled]]) -> None:
    assert len({structure(task) for _, task in compiled}) > 0.9 * len(compiled)


def test_names_are_of_the_taxonomy() -> None:
    for archetype in ARCHETYPES:
        assert set(archetype.categories) <= set(dotted(CATEGORIES)), archetype.name
        assert len(set(archetype.openings)) == len(archetype.openings) >= 8, archetype.name
    for one in drawn(3, 20):
        assert set(one.operations) <= set(dotted(OPERATIONS))
    assert len({archetype.name for archetype in ARCHETYPES}) == len(ARCHETYPES)


def test_what_is_rare_comes_first() -> None:
    categories = Counter(one.category for one in drawn(5, 300))
    served = {name for archetype in ARCHETYPES for name in archetype.categories}
    assert set(categories) == served
    # Chance alone gives counts whose variance is their mean.
    assert variance(categories.values()) < mean(categories.values()) * 0.7


def test_the_same_everywhere() -> None:
    """Another process with another seed of hashes draws the same."""
    program = "import hashlib\nfrom tests.archetypes.test_drawn import drawn\nprint(hashlib.sha256(''.join(p.source for p in drawn(7, 6)).encode()).hexdigest())"
    found = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
def test_choices_are_even(n: int) -> None:
    draw = Draw("even", n)
    counts = Counter(draw.below(n) for _ in range(200 * min(n, 10)))
    assert set(counts) <= set(range(n))
    if n <= 10:
        assert min(counts.values()) > 100


def test_draws_are_pinned() -> None:
    """Sets that are published must come out the same in later versions."""
    draw = Draw("pinned", 1)
    assert [draw.below(1000) for _ in range(6)] == PINNED
    assert draw.shuffled("abcdef") == SHUFFLED
