"""The grammar as LALR tables: `tables.json` is what the parser runs on, `claw.lark` is where it comes from.

`python -m clawc.spec.grammar` rebuilds the tables with Lark. The parser itself needs no Lark: states, actions and rules
are plain lists, so a cold start reads one JSON file.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

GRAMMAR = "claw.lark"
TABLES = "tables.json"
_HERE = Path(__file__).parent  # `importlib.resources` takes longer to import than the tables to read


class Rule(NamedTuple):
    """One production: the non-terminal it reduces to, the builder's name, and how many symbols it takes."""

    origin: str
    build: str
    length: int


class Tables(NamedTuple):
    """LALR(1) tables. `actions[state][terminal]` is `n >= 0`: shift to n, or `-1 - r`: reduce by rule r."""

    rules: list[Rule]
    actions: list[dict[str, int]]
    gotos: list[dict[str, int]]
    starts: dict[str, int]
    ends: dict[str, int]


def grammar_text() -> str:
    """The source of the grammar."""
    return (_HERE / GRAMMAR).read_text(encoding="utf-8")


@cache
def tables() -> Tables:
    """The tables as built from the grammar."""
    raw = json.loads((_HERE / TABLES).read_text(encoding="utf-8"))
    return Tables([Rule(*rule) for rule in raw["rules"]], raw["actions"], raw["gotos"], raw["starts"], raw["ends"])
