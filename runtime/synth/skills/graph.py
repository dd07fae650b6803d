"""Which skill can follow which: what one leaves is what another one needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clawc.runtime.synth.skills.annotation import Annotation
from clawc.runtime.synth.skills.skill import Skill
from clawc.runtime.synth.skills.states import FileState, satisfies

GRAPH_FORMAT_VERSION = 1


class Annotated(NamedTuple):
    """A skill and what is said of it."""

    skill: Skill
    annotation: Annotation


@dataclass(frozen=True, slots=True)
class SkillGraph:
    """Usable skills by name, in order of their names; an edge leads to each other skill that can follow. Edges are found by the states
    that a skill leaves, which many have in common, so thousands of skills are no millions of stored edges."""

    nodes: Mapping[str, Annotated]
    following: Mapping[frozenset[FileState], tuple[str, ...]]

    @staticmethod
    def of(annotated: Sequence[Annotated]) -> SkillGraph:
        """The graph of the usable ones. Raises ValueError for two of one name."""
        nodes: dict[str, Annotated] = {}
        for each in sorted(annotated, key=lambda each: each.skill.name):
            if each.annotation.usable:
                if each.skill.name in nodes:
                    raise ValueError(f"two skills are called `{each.skill.name}`")
                nodes[each.skill.name] = each
        needing: dict[FileState, set[str]] = {}
        for name, each in nodes.items():
            for pre in each.annotation.pre:
                needing.setdefault(pre, set()).add(name)
        following: dict[frozenset[FileState], tuple[str, ...]] = {}
        for each in nodes.values():
            left = frozenset(each.annotation.post)
            if left not in following:
                served = (pre for pre in needing if any(satisfies(post, pre) for post in left))
                following[left] = tuple(sorted({name for pre in served for name in needing[pre]}))
        return SkillGraph(nodes, following)

    def successors(self, name: str) -> tuple[str, ...]:
        """The skills that can follow one, in order of their names; it does not follow itself."""
        left = frozenset(self.nodes[name].annotation.post)
        return tuple(other for other in self.following[left] if other != name)

    def edges(self) -> Iterator[tuple[str, str]]:
        """All edges, in order."""
        return ((name, other) for name in self.nodes for other in self.successors(name))

    def dump(self) -> str:
        """The graph as JSON: skills with their digests and annotations, and edges. Equal graphs give equal texts."""
        nodes = [
            {"name": name, "digest": each.skill.digest, **each.annotation.model_dump(mode="json")}
            for name, each in self.nodes.items()
        ]
        value = {"format_version": GRAPH_FORMAT_VERSION, "nodes": nodes, "edges": list(self.edges())}
        return json.dumps(value, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
