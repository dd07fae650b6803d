"""Graphs of skills and the chains that are drawn in them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.synth.skills.graph import Annotated, SkillGraph
from clawc.runtime.synth.skills.rules import by_rule
from clawc.runtime.synth.skills.sampling import PathCounts, sample_path
from clawc.runtime.synth.skills.states import HOLDS, FileState, satisfies
from clawc.stdlib.archetypes.draw import Draw
from tests.synth.skills.making import annotated, real_skills, state

CSV, JSON, TEXT = state("csv", "rows"), state("json", "record"), state("text", "prose")


def ring(count: int) -> SkillGraph:
    """Skills of which any can follow any other one."""
    return SkillGraph.of([annotated(f"skill-{number:02}", (CSV,), (CSV,)) for number in range(count)])


def test_edges_lead_from_what_is_left_to_what_is_needed() -> None:
    graph = SkillGraph.of(
        [
            annotated("to-json", (CSV,), (JSON,)),
            annotated("clean", (CSV,), (CSV,)),
            annotated("write", (), (TEXT,)),
            annotated("count", (state("text", "any"),), (JSON,)),
            annotated("off", (CSV,), (CSV,), usable=False),
        ]
    )
    assert list(graph.nodes) == ["clean", "count", "to-json", "write"]
    assert list(graph.edges()) == [("clean", "count"), ("clean", "to-json"), ("to-json", "count"), ("write", "count")]
    assert graph.successors("count") == ()  # it would follow itself
    dumped = json.loads(graph.dump())
    assert [node["name"] for node in dumped["nodes"]] == list(graph.nodes)
    assert dumped["edges"] == [list(edge) for edge in graph.edges()]
    assert dumped["nodes"][0]["digest"] == graph.nodes["clean"].skill.digest


def test_two_skills_of_one_name() -> None:
    with pytest.raises(ValueError, match="two skills are called `a`"):
        SkillGraph.of([annotated("a", (), (CSV,)), annotated("a", (), (JSON,))])


STATES = st.builds(
    FileState, format=st.sampled_from(("csv", "json", "text", "xlsx", "any")), holds=st.sampled_from(HOLDS)
)
SOME = st.lists(STATES, max_size=3, unique=True).map(tuple)


@given(st.lists(st.tuples(SOME, SOME), min_size=1, max_size=9), st.integers(0, 99), st.integers(1, 6))
@settings(max_examples=200, deadline=None)
def test_edges_are_those_of_the_definition_and_paths_follow_them(
    given_: list[tuple[tuple[FileState, ...], tuple[FileState, ...]]], seed: int, longest: int
) -> None:
    all_ = [annotated(f"n{number}", pre, post) for number, (pre, post) in enumerate(given_)]
    graph = SkillGraph.of(all_)
    expected = {
        (a.skill.name, b.skill.name)
        for a in all_
        for b in all_
        if a is not b and any(satisfies(post, pre) for post in a.annotation.post for pre in b.annotation.pre)
    }
    assert set(graph.edges()) == expected
    counts = PathCounts()
    for number in range(20):
        path = sample_path(graph, Draw("path", seed, number), counts, longest)
        assert 1 <= len(path) <= longest and len(set(path)) == len(path)
        assert set(pairwise(path)) <= expected
        counts.count(path)


def test_every_skill_is_taken_as_often() -> None:
    graph, counts = ring(12), PathCounts()
    lengths: Counter[int] = Counter()
    for number in range(2_000):
        path = sample_path(graph, Draw("path", 7, number), counts)
        counts.count(path)
        lengths[len(path)] += 1
    assert len(counts.nodes) == 12 and max(counts.nodes.values()) <= 2 * min(counts.nodes.values())
    assert max(counts.nodes.values()) <= 1.2 * min(counts.nodes.values())
    assert len(counts.edges) == 132 and max(counts.edges.values()) <= 3 * min(counts.edges.values())
    assert set(lengths) == {1, 2, 3, 4} and all(count >= 200 for count in lengths.values())


@pytest.mark.parametrize("seed", range(4))
def test_skills_that_are_reached_alike_are_taken_as_often(seed: int) -> None:
    """Four make tables, four turn tables into records, four read records: within a layer nobody is preferred."""
    layers = ((), (CSV,)), ((CSV,), (JSON,)), ((JSON,), (TEXT,))
    graph = SkillGraph.of([annotated(f"l{n}-{i}", pre, post) for n, (pre, post) in enumerate(layers) for i in range(4)])
    counts = PathCounts()
    for number in range(2_000):
        counts.count(sample_path(graph, Draw("layers", seed, number), counts))
    for layer in ("l0", "l1", "l2"):
        taken = [count for name, count in counts.nodes.items() if name.startswith(layer)]
        assert len(taken) == 4 and max(taken) <= 2 * min(taken)
    assert max(counts.nodes.values()) <= 2 * min(counts.nodes.values())


def test_what_was_taken_often_comes_seldom() -> None:
    graph, counts = ring(3), PathCounts()
    for _ in range(1_000):
        counts.count(("skill-00",))
    first = Counter(sample_path(graph, Draw("first", number), counts, 1)[0] for number in range(300))
    assert first["skill-00"] <= 5 and min(first["skill-01"], first["skill-02"]) > 100
    for _ in range(10**4):
        counts.count(("skill-01", "skill-02"))
    counts.nodes.update({"skill-01": 1 << 60})
    assert sample_path(graph, Draw("still"), counts)


def test_drawing_again_is_the_same_here_and_in_another_process() -> None:
    graph = SkillGraph.of([Annotated(skill, by_rule(skill)) for skill in real_skills().values()])
    paths = [sample_path(graph, Draw("again", number), PathCounts()) for number in range(6)]
    assert paths == [sample_path(graph, Draw("again", number), PathCounts()) for number in range(6)]
    program = (
        "from clawc.runtime.synth.skills.rules import by_rule\n"
        "from clawc.runtime.synth.skills.graph import Annotated, SkillGraph\n"
        "from clawc.runtime.synth.skills.sampling import PathCounts, sample_path\n"
        "from clawc.stdlib.archetypes.draw import Draw\n"
        "from tests.synth.skills.making import real_skills\n"
        "graph = SkillGraph.of([Annotated(s, by_rule(s)) for s in reversed(real_skills().values())])\n"
        "print([sample_path(graph, Draw('again', n), PathCounts()) for n in range(6)])\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(paths)


def test_counts_are_stored_and_read_again() -> None:
    graph, counts = ring(5), PathCounts()
    for number in range(50):
        counts.count(sample_path(graph, Draw("store", number), counts))
    again = PathCounts.of(json.loads(json.dumps(counts.stored())))
    assert again == counts and json.dumps(again.stored()) == json.dumps(counts.stored())
    assert PathCounts.of(PathCounts().stored()) == PathCounts()


@pytest.mark.parametrize(
    "stored",
    [None, [], {}, {"format_version": 2, "nodes": {}, "edges": []}, {"format_version": 1, "nodes": {"a": -1}, "edges": []},
     {"format_version": 1, "nodes": {"a": True}, "edges": []}, {"format_version": 1, "nodes": {"": 1}, "edges": []},
     {"format_version": 1, "nodes": {}, "edges": [["a", 1]]}, {"format_version": 1, "nodes": {}, "edges": [[1, "a", 1]]},
     {"format_version": 1, "nodes": {"a": 1 << 50}, "edges": []}],
)  # fmt: skip
def test_what_are_no_counts(stored: object) -> None:
    with pytest.raises(ValueError):
        PathCounts.of(stored)


def test_nothing_to_draw_from() -> None:
    with pytest.raises(ValueError, match="no skill is usable"):
        sample_path(SkillGraph.of([]), Draw("none"), PathCounts())
    with pytest.raises(ValueError, match="no path has 0 skills"):
        sample_path(ring(2), Draw("none"), PathCounts(), 0)
