"""All archetypes."""

from __future__ import annotations

from clawc.stdlib.archetypes import (
    audits,
    calendars,
    code,
    config,
    documents,
    folders,
    messages,
    pages,
    reconcile,
    reports,
    science,
)
from clawc.stdlib.archetypes.archetype import Archetype

ARCHETYPES: tuple[Archetype, ...] = (
    *reports.ARCHETYPES, *reconcile.ARCHETYPES, *audits.ARCHETYPES, *messages.ARCHETYPES, *documents.ARCHETYPES, *calendars.ARCHETYPES,
    *pages.ARCHETYPES, *config.ARCHETYPES, *code.ARCHETYPES, *folders.ARCHETYPES, *science.ARCHETYPES,
)  # fmt: skip
