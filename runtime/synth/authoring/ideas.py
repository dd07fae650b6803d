"""What a task starts from before any model is asked: who wants something, in which scenario, with which operations, formats and skills.

An idea follows from the seed, its number and the counts of what was taken before; nothing else is random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clawc.spec.taxonomy import CATEGORIES, dotted
from clawc.stdlib.archetypes.draw import Balance, Draw
from clawc.stdlib.archetypes.people import any_persona, described
from clawc.stdlib.seeds.domains import domains
from clawc.stdlib.seeds.taxonomy import taxonomy

Route = Literal["persona", "skills"]
ROUTES: tuple[Route, ...] = ("persona", "skills")
_OPERATIONS, _LEAST_OPERATIONS, _FORMATS = 3, 2, 2
# What people keep, and what a workspace may hold without further settings.
FORMATS = (
    "csv",
    "tsv",
    "json",
    "jsonl",
    "yaml",
    "toml",
    "ini",
    "markdown",
    "xml",
    "html",
    "email",
    "ics",
    "xlsx",
    "text",
)
# No program runs while a task is planned or solved by its query, so code is left to archetypes that test it.
_NO_OPERATIONS = ("code.run", "code.test")


@dataclass(frozen=True, slots=True)
class Idea:
    """`operations` are names of the taxonomy with what they are; `skills` are names, in the order in which they are used; `picks` are
    what counts as taken once the task is."""

    name: str
    route: Route
    number: int
    persona: str
    domain: str
    scenario: str
    scenario_says: str
    example: str
    operations: tuple[tuple[str, str], ...]
    formats: tuple[str, ...]
    skills: tuple[str, ...]
    picks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grounds:
    """A path through the graph of skills: their names, the operations that they are for, and where such work is done."""

    skills: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()


def idea_of(seed: int, route: Route, number: int, balance: Balance, grounds: Grounds | None = None) -> Idea:
    """The idea of a number: the same for the same seed, number and counts. What skills are for says what the work is."""
    grounds = Grounds() if grounds is None else grounds
    draw, known = Draw("idea", seed, route, number), taxonomy()
    balance.begin()
    known_scenarios = dotted(CATEGORIES)
    scenario = balance.pick(
        draw, "category", [name for name in grounds.scenarios if name in known_scenarios] or known_scenarios
    )
    says = next((each for each in known.scenarios if each.name == scenario), None)
    near = [domain for domain in domains() if scenario in domain.categories]
    choice = near if near and draw.chance(60) else list(domains())
    domain = balance.pick(draw, "domain", choice, {each: each.name for each in choice})
    left = {each.name: each.says for each in known.operations if each.name not in (*known.mirrored, *_NO_OPERATIONS)}
    operations = [name for name in dict.fromkeys(grounds.operations) if name in left][:_OPERATIONS]
    while len(operations) < (_LEAST_OPERATIONS if grounds.operations else _OPERATIONS):
        operations.append(balance.pick(draw, "operation", [name for name in left if name not in operations]))
    formats: list[str] = []
    while len(formats) < _FORMATS:
        formats.append(balance.pick(draw, "format", [name for name in FORMATS if name not in formats]))
    return Idea(
        name=f"{route}_{number:05}", route=route, number=number, persona=described(any_persona(draw, domain)), domain=domain.name,
        scenario=scenario, scenario_says=says.says if says else "", example=draw.pick(says.examples) if says and says.examples else "",
        operations=tuple((name, left[name]) for name in operations), formats=tuple(formats), skills=grounds.skills, picks=tuple(balance.picks),
    )  # fmt: skip
