"""Tasks for skills: what a model says of a skill, paths through them, and skills that stand in the source of a task."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from clawc.compiler.pipeline import check
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.synth.authoring.grounded import GroundedSkills, annotated_by_rule
from clawc.runtime.synth.skills.importer import read_skills
from tests.synth.authoring.author_world import Writer
from tests.synth.authoring.test_author_pipeline import names, play

DATA = Path(__file__).parents[1] / "skills" / "data"
SKILLS = read_skills([DATA]).skills


def annotation(**other: object) -> str:
    said: dict[str, object] = {
        "why": "it cleans tables", "pre": [{"format": "csv", "holds": "rows"}], "post": [{"format": "csv", "holds": "rows"}],
        "operations": ["data.clean"], "category": "office.records", "needs": ["nothing"], "usable": True, **other,
    }  # fmt: skip
    return json.dumps(said)


def test_tasks_for_skills(tmp_path: Path) -> None:
    """The skills of a task stand in its source, word for word, and a task says which they are."""
    found, _ = play(tmp_path / "work", Writer(), count=3, skills=SKILLS)
    bodies = {skill.name: skill.body for skill in SKILLS}
    for row in found.rows:
        assert row.provenance is not None and row.provenance.skills and row.provenance.provider == "skills"
        files = {file.path: file.bytes for file in row.files}
        for name in row.provenance.skills:
            path = f"skills/{name.replace('-', '_')}/SKILL.md"
            assert bodies[name].encode() in files[path], row.id
        assert not check("again.claw", row.source).diagnostics
    writer = Writer()
    again, log = play(tmp_path / "work", writer, count=3, skills=SKILLS)
    assert again.rows == found.rows and log.made == 0


@pytest.mark.nightly
def test_a_model_annotates(tmp_path: Path) -> None:
    """What it says of each skill is asked for once; what says nothing leaves the skill out; rules have the last word."""
    said: dict[tuple[str, str], list[object]] = {(skill.name, "annotate"): [annotation()] for skill in SKILLS}
    out = SKILLS[0].name
    said[out, "annotate"] = ["a fine skill"]
    said[SKILLS[1].name, "annotate"] = [annotation(needs=["network"])]
    writer = Writer(said)  # type: ignore[arg-type]
    found, _ = play(tmp_path / "work", writer, count=2, skills=SKILLS, by_model=True)
    used = Counter(name for row in found.rows if row.provenance for name in row.provenance.skills)
    assert used and out not in used and SKILLS[1].name not in used
    assert writer.asked[out, "annotate"] == 2 and writer.asked[SKILLS[2].name, "annotate"] == 1
    assert len(names(found)) == 2


def test_skills_are_taken_in_turns() -> None:
    skills = GroundedSkills(annotated_by_rule(SKILLS))
    seen: Counter[str] = Counter()
    for number in range(200):
        path = [each.name for each in skills.path(1, number)]
        assert path and len(path) <= 4 and len(set(path)) == len(path)
        skills.count(path)
        seen.update(path)
    assert len(seen) == len(skills.graph.nodes) and max(seen.values()) < 4 * min(seen.values())


def test_no_skill_that_can_be_used() -> None:
    with pytest.raises(RuntimeFault, match="no skill can be used") as fault:
        GroundedSkills([])
    assert fault.value.code == "R1008"
