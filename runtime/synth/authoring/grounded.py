"""Skills as tasks are made for them: what a model, or a rule, says of each; a path through those that can follow each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from clawc.runtime.engine.interface import Constraint
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.synth.authoring.calls import Question
from clawc.runtime.synth.authoring.ideas import Grounds
from clawc.runtime.synth.authoring.stages import Models, SkillBrief
from clawc.runtime.synth.skills.annotation import Annotation, Refused, barred, read_annotation, schema_text
from clawc.runtime.synth.skills.graph import Annotated, SkillGraph
from clawc.runtime.synth.skills.placed import label_of
from clawc.runtime.synth.skills.prompt import annotate_prompt
from clawc.runtime.synth.skills.rules import by_rule
from clawc.runtime.synth.skills.sampling import PathCounts, sample_path
from clawc.runtime.synth.skills.skill import Skill
from clawc.runtime.synth.skills.states import FileState
from clawc.stdlib.archetypes.draw import Draw

_SAYS = 300
_TRIES = 2


class GroundedSkills:
    """Raises RuntimeFault R1008 where no skill can be used."""

    def __init__(self, annotated: Sequence[Annotated]) -> None:
        self.graph = SkillGraph.of(annotated)
        self.counts = PathCounts()
        if not self.graph.nodes:
            why = "; ".join(dict.fromkeys(f"{each.skill.name}: {each.annotation.why}" for each in list(annotated)[:3]))
            raise RuntimeFault(
                "R1008", "no skill can be used" + (f" ({why[:300]})" if why else ""),
                "A skill is used if it works over files alone: without a network, accounts, programs and files beside its text.",
            )  # fmt: skip

    def path(self, seed: int, number: int) -> tuple[SkillBrief, ...]:
        """The skills of the draft of a number: those that were taken seldom come first."""
        names = sample_path(self.graph, Draw("skills", seed, number), self.counts)
        return tuple(_brief(self.graph.nodes[name]) for name in names)

    def grounds(self, path: Sequence[SkillBrief]) -> Grounds:
        """What these are for: operations in their order, and the areas of work of all."""
        said = [self.graph.nodes[each.name].annotation for each in path]
        operations = dict.fromkeys(name for each in said for name in each.operations)
        return Grounds(
            tuple(each.name for each in path), tuple(operations), tuple(dict.fromkeys(each.category for each in said))
        )

    def whole(self, names: Sequence[str]) -> tuple[Skill, ...]:
        """All of these."""
        return tuple(self.graph.nodes[name].skill for name in names)

    def count(self, names: Sequence[str]) -> None:
        """One more task was taken that uses these, in this order."""
        if names:
            self.counts.count(names)


async def annotated(skills: Sequence[Skill], models: Models) -> list[Annotated]:
    """What the model says of each skill; rules have the last word. One of which it says nothing that counts is not used."""
    done = await asyncio.gather(*(_annotated(skill, models) for skill in skills), return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            raise each
    return [Annotated(skill, each) for skill, each in zip(skills, done, strict=True) if isinstance(each, Annotation)]


def annotated_by_rule(skills: Sequence[Skill]) -> list[Annotated]:
    """The same without a model."""
    return [Annotated(skill, by_rule(skill)) for skill in skills]


async def _annotated(skill: Skill, models: Models) -> Annotation:
    if barred(skill):
        return by_rule(skill)  # no model's word would change that
    constraint = Constraint("schema", schema_text()) if models.schemas else None
    messages = ({"role": "user", "content": annotate_prompt(skill)},)
    why = ""
    for attempt in range(_TRIES):
        sampling = models.sampling("annotate", skill.digest, attempt)
        said = await models.writer.ask(Question(label_of(skill.name), "annotate", messages, sampling, constraint))
        found = Refused(said.refused) if said.refused else read_annotation(said.text, skill)
        if isinstance(found, Annotation):
            return found
        why = found.why
    return by_rule(skill).model_copy(update={"usable": False, "why": f"the model's words do not count: {why}"[:200]})


def _brief(each: Annotated) -> SkillBrief:
    says = " ".join(each.skill.description.split())[:_SAYS]
    return SkillBrief(each.skill.name, says, _told(each.annotation.pre), _told(each.annotation.post))


def _told(states: Sequence[FileState]) -> str:
    return ", ".join(f"{state.format} with {state.holds}" for state in states)
