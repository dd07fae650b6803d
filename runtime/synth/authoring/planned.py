"""What a batch would ask, without asking: the first idea and prompt of each route, and the calls and tokens of a whole batch."""

from __future__ import annotations

from collections.abc import Mapping

from clawc.runtime.synth.authoring.blueprint import Blueprint
from clawc.runtime.synth.authoring.examples import nearest
from clawc.runtime.synth.authoring.ideas import ROUTES, Idea, idea_of
from clawc.runtime.synth.authoring.pipeline import Skills
from clawc.runtime.synth.authoring.prompts import rendered
from clawc.runtime.synth.authoring.replies import schema_of
from clawc.runtime.synth.authoring.stages import SkillBrief, told_of
from clawc.spec.export.card import card
from clawc.stdlib.archetypes.draw import Balance

_IDEAS = 5
# Of English, JSON and source; a rough measure that says so.
_CHARACTERS_A_TOKEN = 3.6
# Tokens that an answer has about, and calls of a draft besides those for its file.
_PLAN, _FILE, _VOTE, _RUBRIC, _OTHER_CALLS = 700, 1_400, 250, 250, 4


def planned(counts: Mapping[str, int], seed: int, rounds: int, skills: Skills | None) -> str:
    """The text of a dry run."""
    parts: list[str] = []
    for route in ROUTES:
        if route not in counts:
            continue
        balance = Balance()
        ideas: list[tuple[Idea, tuple[SkillBrief, ...]]] = []
        for number in range(_IDEAS):
            path = skills.path(seed, number) if route == "skills" and skills is not None else ()
            grounds = skills.grounds(path) if skills is not None and path else None
            ideas.append((idea_of(seed, route, number, balance, grounds), path))
            balance.count(ideas[-1][0].picks)
        idea, path = ideas[0]
        prompt = rendered("blueprint", name=idea.name, idea=idea, skills=path, schema=schema_of(Blueprint))
        shown = sum(map(len, nearest(seed, idea)))
        plan, file = len(prompt) / _CHARACTERS_A_TOKEN, (len(card()) + shown + 3_000) / _CHARACTERS_A_TOKEN
        votes = (len(prompt) + 9_000) / _CHARACTERS_A_TOKEN
        at_least = plan + file + 2 * votes + votes
        at_most = plan + file * (rounds + 1) + _FILE * rounds + 3 * votes + votes
        said = (_PLAN + _FILE + 2 * _VOTE + _RUBRIC, _PLAN + _FILE * (rounds + 1) + 3 * _VOTE + _RUBRIC)
        parts += [
            f"{route}: {counts[route]} tasks, seed {seed}",
            f"a draft takes 1 plan, 1 to {rounds + 1} files, 2 or 3 votes, 1 rubric: {1 + _OTHER_CALLS} to {rounds + 2 + _OTHER_CALLS} calls,",
            f"about {at_least:,.0f} to {at_most:,.0f} tokens of prompts and {said[0]:,} to {said[1]:,} of answers (by {_CHARACTERS_A_TOKEN} characters a token);",
            "a task takes as many drafts as the yield says, which the batch shows.",
            "the first ideas:",
            *(f"  {told_of(each)}" for each, _ in ideas),
            f"the first prompt, for {idea.name}:",
            *(f"  | {line}" for line in prompt.splitlines()),
            "",
        ]
    return "\n".join(parts)
