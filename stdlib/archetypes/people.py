"""Who asks: a persona sampled for a domain, and the sentence that describes one."""

from __future__ import annotations

from clawc.stdlib.archetypes.draw import Draw
from clawc.stdlib.seeds.domains import Domain
from clawc.stdlib.seeds.personas import Persona, persona_parts


def any_persona(draw: Draw, domain: Domain) -> Persona:
    """One of the jobs of the domain, with place, constraint, habit of files and tone."""
    parts = persona_parts()
    return Persona(
        draw.pick(domain.roles), domain, draw.pick(parts.places), draw.pick(parts.constraints), draw.pick(parts.habits), draw.pick(parts.tones)
    )  # fmt: skip


def described(persona: Persona) -> str:
    """Role, place of work, town, constraint, habit and tone in one sentence."""
    role = persona.role[:1].upper() + persona.role[1:]
    return f"{role}, {persona.domain.scene}, {persona.place.town} ({persona.place.country}). {_sentence(persona.constraint)} {_sentence(persona.habit)} Writes {persona.tone.name}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
