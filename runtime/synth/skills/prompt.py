"""What a model is asked about one skill. The text of the skill stands in a fence that it cannot end, and shows all that is in it."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import jinja2

from clawc.runtime.judge.visible import visible
from clawc.runtime.synth.skills.annotation import NEEDS, schema_text
from clawc.runtime.synth.skills.skill import Skill
from clawc.runtime.synth.skills.states import HOLDS, STATE_FORMATS
from clawc.stdlib.seeds.taxonomy import taxonomy

MAX_SHOWN = 24_000  # characters of a body
_TICKS = re.compile("`+")
_LEFT_OUT = "\n[the rest is left out]"


def annotate_prompt(skill: Skill) -> str:
    """The prompt that asks for the annotation of a skill."""
    body = visible(skill.body)
    text = (
        f"description: {visible(skill.description)}\n\n{body[:MAX_SHOWN]}{_LEFT_OUT if len(body) > MAX_SHOWN else ''}"
    )
    known = taxonomy()
    return _template().render(
        name=skill.name, text=text.rstrip("\n"), fence=fence(text), schema=schema_text().rstrip("\n"), formats=STATE_FORMATS,
        contents=HOLDS, needs=NEEDS, operations=known.operations, scenarios=known.scenarios,
    )  # fmt: skip


def fence(text: str) -> str:
    """Back quotes that stand nowhere in a text, three at least."""
    return "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))


@cache
def _template() -> jinja2.Template:
    source = (resources.files("clawc.runtime.synth.skills") / "prompts" / "annotate.j2").read_text(encoding="utf-8")
    # What is inserted is plain text to a model; markup is nothing that could escape.
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        autoescape=False,
    )  # fmt: skip
    return environment.from_string(source)
