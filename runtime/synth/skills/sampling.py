"""Chains of skills, drawn so that what was taken seldom comes next. Only integers are computed with: every machine draws the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from clawc.runtime.engine.untyped import listing, mapping
from clawc.runtime.synth.skills.graph import SkillGraph
from clawc.stdlib.archetypes.draw import Draw

COUNTS_FORMAT_VERSION = 1
STOP = 35  # percent: the chance that a chain ends although another skill could follow
_ONE = 1 << 40
_LONG = 200  # characters of a name


@dataclass(slots=True)
class PathCounts:
    """How often each skill, and each skill behind another one, was taken so far."""

    nodes: Counter[str] = field(default_factory=Counter[str])
    edges: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def count(self, path: Sequence[str]) -> None:
        """One more of this path was taken."""
        self.nodes.update(path)
        self.edges.update(pairwise(path))

    def stored(self) -> dict[str, object]:
        """The counts as JSON has them, in order."""
        return {
            "format_version": COUNTS_FORMAT_VERSION,
            "nodes": dict(sorted(self.nodes.items())),
            "edges": [[*edge, count] for edge, count in sorted(self.edges.items())],
        }

    @staticmethod
    def of(stored: object) -> PathCounts:
        """The counts that were stored. Raises ValueError for what is none."""
        value = mapping(stored)
        if set(value) != {"format_version", "nodes", "edges"} or value["format_version"] != COUNTS_FORMAT_VERSION:
            raise ValueError("these are no counts of paths, or those of another version")
        found = PathCounts()
        for name, count in mapping(value["nodes"]).items():
            found.nodes[_name(name)] = _count(count)
        for edge in listing(value["edges"]):
            parts = listing(edge)
            if len(parts) != 3:
                raise ValueError("an edge is two names and a count")
            found.edges[_name(parts[0]), _name(parts[1])] = _count(parts[2])
        return found


def sample_path(graph: SkillGraph, draw: Draw, counts: PathCounts, longest: int = 4) -> tuple[str, ...]:
    """The names of one to `longest` skills of which each can follow the one before. Nothing is counted: the caller counts what it takes.

    The first is drawn by 1 / (1 + its count), each next one among those that can follow and are not in the path by that times
    1 / (1 + the count of the edge); the chain ends by chance (STOP) or where nothing follows. Raises ValueError for a graph without
    skills, or a `longest` below 1.
    """
    if not graph.nodes or longest < 1:
        raise ValueError("no skill is usable" if not graph.nodes else f"no path has {longest} skills")
    names = list(graph.nodes)
    path = [draw.weighted(names, [_weight(counts.nodes[name]) for name in names])]
    while len(path) < longest:
        last = path[-1]
        open_ = [name for name in graph.successors(last) if name not in path]
        if not open_ or draw.chance(STOP):
            break
        weights = [_weight(counts.nodes[name], counts.edges[last, name]) for name in open_]
        path.append(draw.weighted(open_, weights))
    return tuple(path)


def _weight(*taken: int) -> int:
    """One part in (1 + count) of each, and never nothing."""
    of = 1
    for count in taken:
        of *= 1 + count
    return max(1, _ONE // of)


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONG:
        raise ValueError("a name of a skill is a text")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _ONE:
        raise ValueError("a count is a whole number")
    return value
