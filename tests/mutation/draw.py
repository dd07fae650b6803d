"""Draws mutants, lets the tests at them, and says how each ended."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.mutation.equivalent import Equivalent
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.pool import played
from tests.mutation.reach import Reach, tests_for
from tests.mutation.trial import Chosen, Mutated, killed_by, trial


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


def again(told: Sequence[Mapping[str, object]]) -> list[Mutant]:
    """The survivors of an earlier run, as far as their lines still stand there."""
    left = {(str(m["module"]), str(m["scope"]), str(m["diff"])) for m in told if not m["killed_by"]}
    lines = {line[2:] for _, _, diff in left for line in diff.splitlines() if line.startswith("- ")}
    places = {(module, scope) for module, scope, _ in left}
    found: list[Mutant] = []
    for module in sorted({module for module, _, _ in left}):
        for m in mutants_of(module):
            if (module, m.scope) in places and m.text.strip() in lines and (module, m.scope, str(m.diff)) in left:
                found.append(m)
    return found


def failing(names: Sequence[str], reach: Reach) -> set[str]:
    """Which of these tests fail where nothing is mutated."""
    chosen = [Chosen(name, reach[name].seconds) for name in names]
    for ended in played([trial("nothing mutated", None, chosen, first_only=False)] if chosen else [], 1):
        if ended.result is None:
            raise SystemExit(f"the tests do not run without a mutant: {ended.why}")
        return set(ended.result)
    return set()


def fates(mutants: Sequence[Mutant], reach: Reach, width: int) -> Iterator[Fate]:
    """The end of each mutant, as they come. A test that fails without a mutant, too, kills none: those that it seemed to
    have killed are tried again without it."""
    left = list(mutants)
    sound: Reach = reach
    while left:
        doubtful: list[Fate] = []
        for fate in _once(left, sound, width):
            if fate.killed_by in sound:
                doubtful.append(fate)
            else:
                yield fate
        unsound = failing(sorted({fate.killed_by for fate in doubtful}), sound)
        yield from (fate for fate in doubtful if fate.killed_by not in unsound)
        left = [fate.mutant for fate in doubtful if fate.killed_by in unsound]
        sound = _without(unsound, sound)


def _without(tests: set[str], reach: Reach) -> Reach:
    return {name: found for name, found in reach.items() if name not in tests}


def _once(mutants: Sequence[Mutant], reach: Reach, width: int) -> Iterator[Fate]:
    chosen = [tests_for(mutant, reach) for mutant in mutants]
    jobs = (trial(str(n), Mutated(m.module, m.source), chosen[n]) for n, m in enumerate(mutants) if chosen[n])
    for ended in played(jobs, width):
        n = int(ended.name)
        yield Fate(mutants[n], killed_by(ended), len(chosen[n]), ended.seconds)
    yield from (Fate(mutant, "", 0, 0.0) for mutant, tests in zip(mutants, chosen, strict=True) if not tests)
