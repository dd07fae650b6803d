"""The examples that a model is shown: tasks of archetypes that are near to an idea, drawn anew for each."""

from __future__ import annotations

from clawc.runtime.synth.authoring.ideas import Idea
from clawc.stdlib.archetypes.archetype import Proposal
from clawc.stdlib.archetypes.catalogue import ARCHETYPES
from clawc.stdlib.archetypes.draw import Balance
from clawc.stdlib.archetypes.parts import Unfit
from clawc.stdlib.archetypes.propose import propose

SHOWN = 2
_DRAWN = 24
_LONGEST = 5_000  # characters of a source


def nearest(seed: int, idea: Idea) -> tuple[str, ...]:
    """The sources of `SHOWN` tasks of different archetypes: those that share most of the idea's operations, formats and category.
    Programs that checks run are not shown."""
    group = idea.scenario.partition(".")[0]
    fitting = [each for each in ARCHETYPES if any(name.startswith(f"{group}.") for name in each.categories)]
    balance, found = Balance(), list[Proposal]()
    for number in range(_DRAWN):
        try:
            one = propose(seed, idea.number * _DRAWN + number, balance, fitting or ARCHETYPES)
        except Unfit:
            continue
        balance.count(one.picks)
        if len(one.source) <= _LONGEST and " = run(" not in one.source:
            found.append(one)
    chosen: list[Proposal] = []
    for one in sorted(found, key=lambda each: (-_alike(each, idea), each.name)):
        if all(one.archetype != each.archetype for each in chosen):
            chosen.append(one)
    return tuple(one.source for one in chosen[:SHOWN])


def _alike(one: Proposal, idea: Idea) -> float:
    wanted = {*(name for name, _ in idea.operations), *idea.formats, idea.scenario}
    has = {*one.operations, *one.formats, one.category}
    return len(wanted & has) / len(wanted | has)
