"""Proposals of checks in our language beside a program that is kept, where what it asks for is recognisable."""

from __future__ import annotations

from clawc.compiler.importers.model import ImportedTask


def suggest(task: ImportedTask) -> None:
    """Adds proposals to the task, as a file beside its source."""
