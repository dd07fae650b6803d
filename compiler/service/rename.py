"""All uses of a name, and another name for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from clawc.compiler.passes.bind import RESERVED
from clawc.compiler.passes.lex import KEYWORDS
from clawc.compiler.service.names import Declaration, Names, Reference

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FIXED = ("imported",)


class Refused(Exception):
    """Why a name cannot become another one."""


class Edits(NamedTuple):
    """References to one declaration, and the text that each of them gets."""

    places: list[Reference]
    text: str


def same(one: Declaration, other: Declaration) -> bool:
    """Do two files speak of the same thing?"""
    return one is other or (one.path == other.path and one.span == other.span and one.name == other.name)


def references(to: Declaration, files: Iterable[Names]) -> list[Reference]:
    """All uses in some files, and where it is declared itself, in the order of the files."""
    found = [Reference(to.path, to.span, to, to.scope)]
    for names in files:
        found += [r for r in names.references if same(r.to, to)]
    unique: dict[tuple[str, int, int], Reference] = {}
    for reference in found:
        unique.setdefault((reference.path, reference.span.start, reference.span.end), reference)
    return list(unique.values())


def renamed(to: Declaration, name: str, files: Sequence[Names]) -> Edits:
    """The edits that give a declaration another name. Raises Refused where the language does not take it or where something else
    would be meant."""
    if to.kind in _FIXED:
        raise Refused(f"`{to.name}` is declared in another file, which is not open to changes here")
    if to.path.startswith("std/"):
        raise Refused(f"`{to.name}` belongs to the standard library")
    if to.kind == "column":
        raise Refused("columns of generated data are named in other places, too, which are not known here")
    if not _NAME.match(name):
        raise Refused(
            f"`{name}` is no name: letters, digits and `_`, a letter first" if name.isprintable() else "this is no name"
        )
    if name in KEYWORDS or name in RESERVED:
        raise Refused(f"`{name}` is a word of the language")
    places = references(to, files)
    for place in places:
        found = (
            place.scope.find_in("checks", name) if to.kind == "check"
            else place.scope.find_in("params", name) if to.kind == "param"
            else place.scope.find(name)
        )  # fmt: skip
        if found is not None and not same(found, to):
            raise Refused(f"`{name}` is the name of something else there: {found.kind} `{found.name}`")
    return Edits(places, name)
