"""An archetype: what people ask for in one breath, as a path of slots that are filled by parts, with openings of its own.

`draft_of` draws one task of it. Which parts fill a slot, and whether an optional one is filled, is drawn by inverse frequency,
so the same archetype gives thousands of structures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clawc.stdlib.archetypes.brief import Step
from clawc.stdlib.archetypes.draft import Draft, any_period, article
from clawc.stdlib.archetypes.draw import Balance, Draw
from clawc.stdlib.archetypes.layout import instruction
from clawc.stdlib.archetypes.parts import PARTS, Part, Unfit
from clawc.stdlib.archetypes.people import described
from clawc.stdlib.archetypes.state import State
from clawc.stdlib.seeds.domains import Domain
from clawc.stdlib.seeds.personas import Persona

Make = Callable[[Draft], None]


@dataclass(frozen=True, slots=True)
class Archetype:
    """`categories` of the taxonomy it may stand for; `openings` have the slots {purpose}, {many}, {scene}, {role}, {one}, {group}."""

    name: str
    categories: tuple[str, ...]
    openings: tuple[str, ...]
    make: Make = field(repr=False)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A task that was drawn: its source, and what is known of it without compiling."""

    name: str
    source: str
    archetype: str
    category: str
    operations: tuple[str, ...]
    formats: tuple[str, ...]
    shape: tuple[str, ...]
    domain: str
    persona: str
    brief: tuple[Step, ...]
    instruction: str
    picks: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]


def draft_of(
    archetype: Archetype, domain: Domain, persona: Persona, category: str, draw: Draw, balance: Balance, name: str
) -> Proposal:
    """Draws one task. Raises `Unfit` where the domain or the draw cannot serve the archetype."""
    draft = Draft(draw, balance, domain, persona, category, archetype.name, any_period(draw))
    archetype.make(draft)
    slots = {
        "purpose": draw.pick(domain.purposes), "many": domain.many, "one": domain.one, "scene": domain.scene, "role": persona.role,
        "group": domain.group.say, "groups": domain.group.many, "person": domain.person.say, "people": domain.person.many,
    }  # fmt: skip
    slots |= draft.words
    opening = draft.phrase(f"open {archetype.name}", archetype.openings, **slots)
    if draw.chance(18) and domain.scene not in opening:
        opening = _introduced(draft, opening)
    draft.title = draft.phrase("title", (archetype.title or "{Many}: " + archetype.name.replace("_", " "),), **slots)
    text = instruction(draft, opening)
    return Proposal(
        name, draft.source(name, text), archetype.name, category, tuple(draft.operations), (*draft.formats_in, ">", *draft.formats_out),
        tuple(draft.shape), domain.name, described(persona), tuple(draft.brief), text, tuple(balance.picks), tuple(draft.parts),
    )  # fmt: skip


def _introduced(draft: Draft, opening: str) -> str:
    """With who asks at its beginning."""
    draft.introduced = True
    who = article(draft.persona.role)
    # Each begins in another way: whose first words many instructions have is not taken.
    first = draft.phrase("who", (
        "I am {who}, and this is for {scene}.", "This is for {scene}, where I am {who}.", "Writing as {who}, for {scene}.", "I ask as {who}, on behalf of {scene}.", "Here writes {who}, for {scene}.",
        "Hello from {scene}, where I work as {who}.", "At work I am {who}, and this concerns {scene}.", "In my work as {who} I act for {scene}.", "You are helping {scene}, where I am {who}.", "My job is that of {who}, for {scene}.",
        "Some help for {scene}, please; I am {who} there.", "Once more for {scene}, where I am {who}.", "A request from {who} of {scene}.",
    ), who=who, scene=draft.domain.scene)  # fmt: skip
    return f"{first} {opening}"


_LEFT = 6  # rows that about stay, so that nearly every draw comes to something


def take(draft: Draft, state: State, slot: str, names: Sequence[str] = (), spent: set[str] | None = None) -> State:
    """One part of a slot, of those whose needs hold. Raises Unfit if there is none."""
    done = spent if spent is not None else set[str]()
    fitting = [
        p
        for p in PARTS.values()
        if p.slot == slot
        and (not names or p.name in names)
        and p.family not in done
        and p.needs(state)
        and state.rows * p.keeps >= 100 * _LEFT
    ]
    if not fitting:
        raise Unfit(f"no part for {slot}")
    chosen: Part = draft.balance.pick(draft.draw, f"part {slot}", fitting, {p: p.name for p in fitting})
    done.add(chosen.family)
    draft.parts.append(chosen.name)
    return chosen.apply(draft, state)


def maybe(
    draft: Draft,
    state: State,
    slot: str,
    percent: int,
    most: int = 1,
    names: Sequence[str] = (),
    spent: set[str] | None = None,
) -> State:
    """Up to so many parts of a slot, each with this chance; the state as it is where none fits."""
    done = spent if spent is not None else set[str]()
    for _ in range(most):
        if draft.draw.chance(percent):
            try:
                state = take(draft, state, slot, names, done)
            except Unfit:
                break
    return state
