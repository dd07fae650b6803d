"""All archetypes."""

from __future__ import annotations

from clawc.stdlib.archetypes import (
    audits,
    calendars,
    code,
    config,
    crashes,
    delivery,
    documents,
    folders,
    incidents,
    letters,
    lookups,
    messages,
    notes,
    pages,
    planning,
    programs,
    reconcile,
    reports,
    reviews,
    science,
    testing,
    wording,
)  # fmt: skip
from clawc.stdlib.archetypes.archetype import Archetype

_THEMES = (
    reports,
    reconcile,
    audits,
    reviews,
    messages,
    letters,
    documents,
    wording,
    calendars,
    planning,
    pages,
    config,
    delivery,
    incidents,
    code,
    crashes,
    programs,
    lookups,
    folders,
    notes,
    science,
    testing,
)
ARCHETYPES: tuple[Archetype, ...] = tuple(archetype for theme in _THEMES for archetype in theme.ARCHETYPES)
