"""The prompts of authoring: jinja2 files beside this one, filled with facts of an idea and with what a model said before.

What comes from a model, a skill or a task is only ever a value, never a template.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined

NAMES = ("blueprint", "write", "repair", "judge", "rubric", "complaint")
_PLACE = "prompts"


def rendered(name: str, /, **values: object) -> str:
    """The text of a prompt. Every value that it names must be given."""
    return _environment().from_string(_text(name)).render(values).strip() + "\n"


def prompt_hash(name: str) -> str:
    """Which prompt that is, for provenance: the digest of its file, 16 hexadecimal digits."""
    return hashlib.sha256(_text(name).encode()).hexdigest()[:16]


def mark_for(*texts: str) -> str:
    """A line that stands in none of these texts, and that nobody can foretell who has not seen all of them."""
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:24]
    return f"=====[{digest}]====="


@cache
def _text(name: str) -> str:
    return (resources.files("clawc.runtime.synth.authoring") / _PLACE / f"{name}.j2").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    # Prompts are no HTML, and all templates are ours.
    return Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)
