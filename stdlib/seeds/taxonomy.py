"""What people ask for in each area of work, what each operation is, and what a sealed machine leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from clawc.stdlib.seeds.reading import seed_file


@dataclass(frozen=True, slots=True)
class Scenario:
    """A subcategory of work: what people ask for there, with examples of requests."""

    name: str
    says: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A basic operation and what it is."""

    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Something that people ask for and no sealed machine does, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All scenarios and operations; the mirrored operations are covered by what `mirrored_how` says."""

    scenarios: tuple[Scenario, ...]
    operations: tuple[Operation, ...]
    mirrored: tuple[str, ...]
    mirrored_how: str
    uncovered: tuple[Uncovered, ...]


@cache
def taxonomy() -> Taxonomy:
    """The scenarios, in the order of the file."""
    top = seed_file("taxonomy.yaml").only("categories", "operations", "mirrored", "uncovered")
    scenarios = (entry.only("name", "says", "examples") for entry in top.entries("categories"))
    operations = (entry.only("name", "says") for entry in top.entries("operations"))
    uncovered = (entry.only("name", "why") for entry in top.entries("uncovered"))
    mirrored = top.entry("mirrored").only("operations", "how")
    return Taxonomy(
        scenarios=tuple(Scenario(one.text("name"), one.text("says"), one.texts("examples")) for one in scenarios),
        operations=tuple(Operation(one.text("name"), one.text("says")) for one in operations),
        mirrored=mirrored.texts("operations"),
        mirrored_how=mirrored.text("how"),
        uncovered=tuple(Uncovered(one.text("name"), one.text("why")) for one in uncovered),
    )
