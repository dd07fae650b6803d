"""Builds the LALR tables from the grammar with Lark. Its private structures are touched here and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clawc.spec.grammar import GRAMMAR, TABLES

STARTS = ["start", "pipe"]
# Lark numbers operators that it cannot name; our tables call them by these.
OPERATORS = {"??": "COALESCE", "==": "EQ", "!=": "NE", "<=": "LE", ">=": "GE", "..": "DOTDOT"}


def build(text: str) -> str:
    """The tables of a grammar as JSON text, in a stable order."""
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    lark = Lark(text, parser="lalr", lexer="contextual", start=STARTS, maybe_placeholders=False)
    inner: Any = lark.parser
    table: Any = inner.parser._parse_table
    numbered = {rule: number for number, rule in enumerate(lark.rules)}
    # Rules that Lark adds for the start symbols never reduce in our driver.
    rules = [[str(r.origin.name), str(r.alias or r.origin.name), len(r.expansion)] for r in lark.rules]
    terminals = {t.name for t in lark.terminals} | {"$END"}
    order = _walk(table, terminals)
    named = {t.name: OPERATORS.get(t.pattern.value, t.name) for t in lark.terminals} | {"$END": "$END"}
    number_of = {state: number for number, state in enumerate(order)}
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for state in order:
        row: dict[str, int] = {}
        goto: dict[str, int] = {}
        for symbol, (action, argument) in sorted(table.states[state].items()):
            if symbol not in terminals:
                goto[symbol] = number_of[argument]
            elif action is Shift:
                row[named[symbol]] = number_of[argument]
            else:
                row[named[symbol]] = -1 - numbered[argument]
        actions.append(row)
        gotos.append(goto)
    document = {
        "rules": rules,
        "actions": actions,
        "gotos": gotos,
        "starts": {name: number_of[table.start_states[name]] for name in STARTS},
        "ends": {name: number_of[table.end_states[name]] for name in STARTS},
    }
    return json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n"


def _walk(table: Any, terminals: set[str]) -> list[Any]:
    """States in an order that does not depend on hashing: breadth first from the start states by symbol name."""
    order: list[Any] = []
    seen: set[Any] = set()
    queue = [table.start_states[name] for name in STARTS]
    while queue:
        state = queue.pop(0)
        if state in seen:
            continue
        seen.add(state)
        order.append(state)
        for symbol, (action, argument) in sorted(table.states[state].items()):
            if symbol not in terminals or action.name == "Shift":
                queue.append(argument)
    return order


def main() -> None:
    """Rewrites tables.json beside the grammar."""
    here = Path(__file__).resolve().parent
    (here / TABLES).write_text(build((here / GRAMMAR).read_text(encoding="utf-8")), encoding="utf-8")
