"""What a file is before or after a skill: its format, and what it holds. Whether one state serves as another one is decided here alone."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import AfterValidator, ConfigDict, WithJsonSchema

from clawc.compiler.paths import kind_of
from clawc.spec.blocks import FORMATS
from clawc.spec.bundle import Strict

ANY = "any"
STATE_FORMATS = (ANY, *FORMATS)
Holds: TypeAlias = Literal[
    "rows", "record", "prose", "code", "messages", "calendar", "log", "config", "page", "tree", "any",
]  # fmt: skip
HOLDS: tuple[Holds, ...] = get_args(Holds)

# Formats whose files are no text.
_BINARY = frozenset(("sqlite", "xlsx", "zip"))
# What a content is besides itself: whoever takes the wider one takes this one, too.
_WIDER: dict[str, tuple[str, ...]] = {
    "page": ("prose",),
    "messages": ("prose",),
    "config": ("record",),
}


def _known(name: str) -> str:
    if name not in STATE_FORMATS:
        raise ValueError("it is no format that is known")
    return name


Format: TypeAlias = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(STATE_FORMATS)})
]


class FileState(Strict):
    """A file, or a folder where it `holds` a tree; `format` is one of those of deliverables (spec/blocks.py), or any."""

    format: Format
    holds: Holds

    model_config = ConfigDict(strict=True)


def satisfies(post: FileState, pre: FileState) -> bool:
    """Does a file of the state `post` serve where one of the state `pre` is needed? Both its format and what it holds have to.

    A format serves as itself, as `any`, and, if its files are text, as `text`. A content serves as itself, as `any`, and as what it
    is besides: a page and messages are prose, a config is a record. `any` in `post` promises nothing: it serves as `any` alone.
    """
    return _format_serves(post.format, pre.format) and _content_serves(post.holds, pre.holds)


def format_of(word: str) -> str:
    """The format that a word names: a name of the table, or the ending of a file (`md`, `.eml`); "" for another word."""
    name = word.lower().removeprefix(".")
    if name in FORMATS:
        return name
    if name == "txt":
        return "text"
    found = kind_of(f"a.{name}")
    return found if found != "text" else ""


def _format_serves(post: str, pre: str) -> bool:
    if pre in (post, ANY):
        return True
    return pre == "text" and post != ANY and post not in _BINARY


def _content_serves(post: str, pre: str) -> bool:
    return pre in (post, ANY) or pre in _WIDER.get(post, ())
