"""Proposals by number: which archetype, domain and persona the next task has, and its source."""

from __future__ import annotations

from collections.abc import Sequence

from clawc.spec.taxonomy import CATEGORIES, dotted
from clawc.stdlib.archetypes.archetype import Archetype, Proposal, draft_of
from clawc.stdlib.archetypes.catalogue import ARCHETYPES
from clawc.stdlib.archetypes.draw import Balance, Draw
from clawc.stdlib.archetypes.parts import Unfit
from clawc.stdlib.archetypes.people import any_persona
from clawc.stdlib.seeds.domains import domains

_TRIES, _ALIKE = 40, 10


def propose(seed: int, number: int, balance: Balance, archetypes: Sequence[Archetype] = ARCHETYPES) -> Proposal:
    """The proposal of a number: the same for the same seed, number and counts of the balance.

    Categories that have few tasks come first, then archetypes and domains that have few. Raises Unfit where no draw in many
    comes to a task, which a catalogue of archetypes that fit each other never brings about.
    """
    served = [name for name in dotted(CATEGORIES) if any(name in archetype.categories for archetype in archetypes)]
    for attempt in range(_TRIES):
        draw = Draw("synth", seed, number, attempt)
        balance.begin()
        # A draw that fails is repeated for the same category, or what fits seldom would stay rare.
        category = balance.pick(Draw("category", seed, number, attempt // _ALIKE), "category", served)
        fitting = [archetype for archetype in archetypes if category in archetype.categories]
        archetype = balance.pick(draw, "archetype", fitting, {a: a.name for a in fitting})
        known = domains()
        near = [domain for domain in known if category in domain.categories]
        choice = near if near and draw.chance(60) else known
        domain = balance.pick(draw, f"domain {archetype.name}", choice, {d: d.name for d in choice})
        try:
            return draft_of(
                archetype, domain, any_persona(draw, domain), category, draw, balance, f"{archetype.name}_{number:05}"
            )
        except Unfit:
            continue
    raise Unfit(f"no draw of number {number} comes to a task")
