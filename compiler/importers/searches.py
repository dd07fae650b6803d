"""Regexes of Python, and values of JSON, as the language writes them."""

from __future__ import annotations

import re
import warnings
from decimal import Decimal
from typing import Any, NamedTuple

from clawc.compiler.elaborate.literals import regex_problem
from clawc.compiler.importers.claw_text import number, quoted
from clawc.compiler.importers.json_text import fields, items

MAX_PATTERN = 20_000
MAX_DEPTH = 40
_FLAGS = re.compile(r"\(\?([aimsux]+)\)")
_REFERS = re.compile(r"\\[1-9]|\(\?P=|\(\?\(")


class Search(NamedTuple):
    """A condition that a regex occurs in a text; `why` says why there is none. `broken`: it is no regex for Python, either."""

    condition: str
    why: str = ""
    broken: bool = False


def search(subject: str, pattern: str, flags: str = "") -> Search:
    """The condition that `pattern` occurs in the text `subject`, an expression; `flags` are letters such as "im"."""
    problem = _problem(pattern)
    if problem:
        return Search("", problem, broken=True)
    given, rest = flags, pattern
    while match := _FLAGS.match(rest):  # those of its own, which may stand at the beginning alone
        given, rest = given + match[1], rest[match.end() :]
    if "x" in given:
        return Search("", "its blanks and comments are not part of it")
    own = "".join(sorted(set(given) - {"u"}))
    prefix = f"(?{own})" if own else ""
    parts = [rest]
    if regex_problem(prefix + rest) and not _REFERS.search(rest):
        parts = alternatives(rest)
    conditions: list[str] = []
    for part in parts:
        whole = prefix + part
        if why := regex_problem(whole):
            return Search("", why)
        conditions.append(f"matches({subject}, {literal(whole)})")
    return Search(" or ".join(conditions))


def finds_nothing(pattern: str, flags: str = "") -> bool:
    """Does the regex occur in the empty text?"""
    if _problem(pattern):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kinds = re.NOFLAG
            for flag in flags:
                kinds |= re.RegexFlag[flag.upper()]
            return re.search(pattern, "", kinds) is not None
    except (re.error, RecursionError, OverflowError):
        return False


def _problem(pattern: str) -> str:
    if len(pattern) > MAX_PATTERN:
        return f"it is longer than {MAX_PATTERN:,} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, MemoryError) as error:
        return str(error)
    return ""


def alternatives(pattern: str) -> list[str]:
    """The parts between the bars that stand in no group."""
    parts, start, depth, at, inside, first = list[str](), 0, 0, 0, False, 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 1
        elif inside:
            inside = sign != "]" or at == first
        elif sign == "[":
            inside = True
            first = at + 1 + pattern.startswith("^", at + 1)  # a bracket that stands there is a sign like others
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            parts.append(pattern[start:at])
            start = at + 1
        at += 1
    return [*parts, pattern[start:]]


def literal(pattern: str) -> str:
    """A regex in the source."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\" and at + 1 < len(pattern):
            at += 1
            following = pattern[at]
            out.append("\\" + following if following.isprintable() else _escape(following))
        elif sign == '"':
            out.append('\\"')
        else:
            out.append(sign if sign.isprintable() or sign == " " else _escape(sign))
        at += 1
    return 're"' + "".join(out) + '"'


def _escape(sign: str) -> str:
    code = ord(sign)
    if sign in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[sign]
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65_536 else f"\\U{code:08x}"


def contains_one(subject: str, parts: list[str]) -> str:
    """The condition that one of the texts is in the text `subject`."""
    once = list(dict.fromkeys(parts))
    if len(once) == 1:
        return f"contains({subject}, {quoted(once[0])})"
    return f"{listed_texts(once)} | any contains({subject}, value)"


def listed_texts(texts: list[str]) -> str:
    """A list of texts, over several lines if it is long."""
    shown = [quoted(text) for text in texts]
    if sum(map(len, shown)) < 100:
        return "[" + ", ".join(shown) + "]"
    return "[\n" + ",\n".join(shown) + "\n]"


def value(of: Any, depth: int = 0) -> str | None:
    """A value of JSON as an expression; None where the language has none."""
    if of is None:
        return "null"
    if isinstance(of, bool):
        return "true" if of else "false"
    if isinstance(of, str):
        return quoted(of)
    if isinstance(of, (int, float)):
        number_of = Decimal(repr(of)) if of == of and abs(of) < 1e50 else None
        return None if number_of is None or len(number(number_of)) > 50 else number(number_of)
    if depth > MAX_DEPTH:
        return None
    if isinstance(of, list):
        parts = [value(item, depth + 1) for item in items(of)]
        return None if None in parts else "[" + ", ".join(part or "" for part in parts) + "]"
    if isinstance(of, dict):
        pairs = [(key, value(item, depth + 1)) for key, item in fields(of)]
        shown = [f"{quoted(key)}: {part}" for key, part in pairs if part is not None]
        return "{" + ", ".join(shown) + "}" if len(shown) == len(pairs) else None
    return None
