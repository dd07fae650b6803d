"""The words of the language by what they are, for programs that colour it: taken from the grammar and the tables, never written twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from clawc.spec import blocks, functions, taxonomy
from clawc.spec.grammar import grammar_text

# What the compiler knows in every expression without a declaration; a test compares with it.
LANGUAGE_NAMES = ("path", "param", "workspace", "solution", "inputs", "transcript", "final_message")

_RULE = re.compile(r"^[?!]?([a-z_]+):(.*(?:\n\s+\|.*)*)", re.M)
_TERMINAL = re.compile(r"^([A-Z_]+): /(.*)/$", re.M)
_WORD = re.compile(r'"([a-z]+)"')


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every tuple is in the order of its table. `soft` keywords are names where the grammar cannot use them as keywords; they stand in
    `operators` too. `raw` are attributes whose texts have no holes. `patterns`: the terminals of the grammar as regular expressions."""

    declarations: tuple[str, ...]
    controls: tuple[str, ...]
    operators: tuple[str, ...]
    constants: tuple[str, ...]
    soft: tuple[str, ...]
    kinds: tuple[str, ...]
    actions: tuple[str, ...]
    attributes: tuple[str, ...]
    raw: tuple[str, ...]
    functions: tuple[str, ...]
    verbs: tuple[str, ...]
    formats: tuple[str, ...]
    subjects: tuple[str, ...]
    patterns: dict[str, str]

    @property
    def keywords(self) -> tuple[str, ...]:
        """Words that the grammar spells out."""
        return (*self.declarations, *self.controls, *self.operators, *self.constants)

    @property
    def reserved(self) -> tuple[str, ...]:
        """Keywords that are never names."""
        return tuple(word for word in self.keywords if word not in self.soft)


@cache
def vocabulary() -> Vocabulary:
    """The words of this version."""
    text = grammar_text()
    words = {name: tuple(_WORD.findall(body)) for name, body in _RULE.findall(text)}
    declarations = _once(word for name, found in words.items() if name.endswith("_item") for word in found)
    soft = _once(word for name, found in words.items() if name.endswith("_clause") for word in found)
    constants, controls = words["literal"], words["if_else"]
    known = {*declarations, *constants, *controls}
    kinds = [row for row in blocks.TABLE if not row.later]
    attributes = [(name, a) for row in kinds for name, a in (row.attributes or {}).items() if not a.later]
    rows = (*functions.TABLE, *functions.AGGREGATES, *functions.PROVIDERS)
    return Vocabulary(
        declarations=declarations,
        controls=controls,
        operators=_once(word for found in words.values() for word in found if word not in known),
        constants=constants,
        soft=soft,
        kinds=tuple(row.kind for row in kinds),
        actions=_once(s for row in kinds for s in row.statements if s not in declarations),
        attributes=_once(name for name, _ in attributes),
        raw=_once(name for name, a in attributes if a.type == "raw"),
        functions=_once(row.name for row in rows),
        verbs=_once(row.name for row in functions.VERBS),
        formats=blocks.FORMATS,
        subjects=_once([*taxonomy.dotted(taxonomy.CATEGORIES), *taxonomy.dotted(taxonomy.OPERATIONS)]),
        patterns=dict(_TERMINAL.findall(text)),
    )


def _once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
