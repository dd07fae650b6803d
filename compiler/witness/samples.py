"""A text that a regex matches, for conditions that ask for a match."""

from __future__ import annotations

import importlib
import re
from typing import Any


def sample(pattern: re.Pattern[str]) -> str:
    """The simplest text in which the pattern occurs, or "" where none can be made (lookaround, references)."""
    parser: Any = importlib.import_module("re._parser")
    try:
        made = _sequence(parser.parse(pattern.pattern, pattern.flags))
    except (LookupError, re.error):
        return ""
    return made if pattern.search(made) else ""


def _sequence(nodes: Any) -> str:
    return "".join(_one(str(op), argument) for op, argument in nodes)


def _one(op: str, argument: Any) -> str:
    """A text for one node; raises LookupError for what has none."""
    if op == "LITERAL":
        return chr(argument)
    if op == "NOT_LITERAL":
        return "x" if chr(argument) != "x" else "y"
    if op == "ANY":
        return "x"
    if op == "AT":
        return ""
    if op == "IN":
        return _member(argument)
    if op == "BRANCH":
        return _sequence(argument[1][0])
    if op == "SUBPATTERN":
        return _sequence(argument[-1])
    if op in ("MAX_REPEAT", "MIN_REPEAT"):
        low, high, body = argument
        return _sequence(body) * max(int(low), 1 if int(high) else 0)
    raise LookupError(op)


_CATEGORIES = {
    "CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "x",
    "CATEGORY_NOT_DIGIT": "x", "CATEGORY_NOT_SPACE": "x", "CATEGORY_NOT_WORD": "-",
}  # fmt: skip


def _member(nodes: Any) -> str:
    """A character of a class."""
    if str(nodes[0][0]) == "NEGATE":
        wanted = re.compile("[^" + "".join(_spelled(op, a) for op, a in nodes[1:]) + "]")
        return next(c for c in "xyz019 -_." if wanted.match(c))
    op, argument = str(nodes[0][0]), nodes[0][1]
    if op == "RANGE":
        return chr(argument[0])
    if op == "CATEGORY":
        return _CATEGORIES[str(argument)]
    return chr(argument)


def _spelled(op: Any, argument: Any) -> str:
    if str(op) == "RANGE":
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    if str(op) == "CATEGORY":
        spelled = {
            "DIGIT": "\\d",
            "SPACE": "\\s",
            "WORD": "\\w",
            "NOT_DIGIT": "\\D",
            "NOT_SPACE": "\\S",
            "NOT_WORD": "\\W",
        }
        return spelled[str(argument).removeprefix("CATEGORY_")]
    return re.escape(chr(argument))
