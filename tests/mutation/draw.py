"""Draws mutants, lets the tests at them, and says how each ended."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.mutation.equivalent import Equivalent
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.pool import played
from tests.mutation.reach import Reach, tests_for
from tests.mutation.trial import Mutated, killed_by, trial

# A test that took longer may have failed because the machine is busy: it is run again without the mutant.
QUICK_SECONDS = 0.5


class Fate(NamedTuple):
    """How a mutant ended: `killed_by` is a test, or the limit that it broke; nothing for a survivor."""

    mutant: Mutant
    killed_by: str
    tests: int
    seconds: float

    @property
    def survived(self) -> bool:
        return not self.killed_by


def drawn(names: Sequence[str], sample: int, seed: int, without: Sequence[Equivalent]) -> list[Mutant]:
    """So many of all mutants of these modules, each as likely as any other; those listed as equivalent are passed over."""
    every = [mutant for name in names for mutant in mutants_of(name)]
    random.Random(seed).shuffle(every)
    known = {(e.module, e.scope, e.diff) for e in without}
    scopes = {(e.module, e.scope) for e in without}
    found: list[Mutant] = []
    for mutant in every:
        if len(found) == sample:
            break
        place = (mutant.module, mutant.scope)
        if mutant.compiles() and (place not in scopes or (*place, mutant.diff) not in known):
            found.append(mutant)
    return found


def sound(reach: Reach, mutants: Sequence[Mutant]) -> Reach:
    """Without the tests that fail where nothing is mutated: what they would kill is not killed."""
    chosen = sorted({c for mutant in mutants for c in tests_for(mutant, reach)})
    failed: set[str] = set()
    for ended in played([trial("nothing mutated", None, chosen, first_only=False)] if chosen else [], 1):
        if ended.result is None:
            raise SystemExit(f"the tests do not run without a mutant: {ended.why}")
        failed.update(ended.result)
    return {name: found for name, found in reach.items() if name not in failed}


def fates(mutants: Sequence[Mutant], reach: Reach, width: int) -> Iterator[Fate]:
    """The end of each mutant, as they come."""
    chosen = {str(n): tests_for(mutant, reach) for n, mutant in enumerate(mutants)}
    jobs = (trial(str(n), Mutated(m.module, m.source), chosen[str(n)]) for n, m in enumerate(mutants) if chosen[str(n)])
    for ended in played(jobs, width):
        tests = chosen[ended.name]
        killer = killed_by(ended)
        if any(c.test == killer and c.seconds > QUICK_SECONDS for c in tests):
            alone = [c for c in tests if c.test == killer]
            again = next(played([trial("nothing mutated", None, alone)], 1))
            killer = "" if killed_by(again) else killer
        yield Fate(mutants[int(ended.name)], killer, len(tests), ended.seconds)
    for n, mutant in enumerate(mutants):
        if not chosen[str(n)]:
            yield Fate(mutant, "", 0, 0.0)
