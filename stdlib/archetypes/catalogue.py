"""All archetypes."""

from __future__ import annotations

from clawc.stdlib.archetypes.archetype import Archetype
from clawc.stdlib.archetypes.reports import ARCHETYPES as REPORTS

ARCHETYPES: tuple[Archetype, ...] = (*REPORTS,)
