"""Personas: who asks, from where, under which circumstances, with which habits and in which tone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from clawc.stdlib.seeds.domains import Domain
from clawc.stdlib.seeds.reading import seed_file


@dataclass(frozen=True, slots=True)
class Tone:
    """A way of speaking and one line about it."""

    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Place:
    """A town and its country."""

    town: str
    country: str


@dataclass(frozen=True, slots=True)
class PersonaParts:
    """The tables from which personas are sampled; constraints and habits follow a subject: "reads everything …"."""

    constraints: tuple[str, ...]
    habits: tuple[str, ...]
    tones: tuple[Tone, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """One who asks: a role of the domain with a place, a constraint, a habit and a tone."""

    role: str
    domain: Domain
    place: Place
    constraint: str
    habit: str
    tone: Tone


@cache
def persona_parts() -> PersonaParts:
    """All parts, in the order of the file."""
    top = seed_file("personas.yaml").only("constraints", "habits", "tones", "places")
    tones = (entry.only("name", "says") for entry in top.entries("tones"))
    places = (entry.only("town", "country") for entry in top.entries("places"))
    return PersonaParts(
        constraints=top.texts("constraints"),
        habits=top.texts("habits"),
        tones=tuple(Tone(entry.text("name"), entry.text("says")) for entry in tones),
        places=tuple(Place(entry.text("town"), entry.text("country")) for entry in places),
    )
