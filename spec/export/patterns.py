"""Regular expressions as grammar expressions and back, for the part of their syntax that terminals of the grammar use.

Reading refuses everything else, so that no construct gets another meaning in another engine.
"""

from __future__ import annotations

from clawc.spec.export.model import MAX_CODE, Choice, Expr, OneOf, Ref, Repeat, Sequence, Word, choice, sequence

# `\w` is ASCII here, as in the lexer; some engines would take it for all of Unicode.
WORD_CHARACTERS = ((48, 57), (65, 90), (95, 95), (97, 122))
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_SPECIAL = set("\\.^$|?*+()[]{}/")


def read_pattern(text: str) -> Expr:
    """The expression of a pattern. Raises ValueError for syntax that it does not know."""
    expr, end = _alternatives(text, 0)
    if end != len(text):
        raise ValueError(f"`{text[end]}` at {end} of the pattern `{text}`")
    return expr


def _alternatives(text: str, at: int) -> tuple[Expr, int]:
    found: list[Expr] = []
    while True:
        items: list[Expr] = []
        while at < len(text) and text[at] not in "|)":
            item, at = _repeated(text, at)
            items.append(item)
        found.append(sequence(*_joined(items)))
        if at == len(text) or text[at] == ")":
            return choice(*found), at
        at += 1


def _joined(items: list[Expr]) -> list[Expr]:
    """Neighbouring texts as one."""
    joined: list[Expr] = []
    for item in items:
        last = joined[-1] if joined else None
        if isinstance(item, Word) and isinstance(last, Word):
            joined[-1] = Word(last.text + item.text)
        else:
            joined.append(item)
    return joined


def _repeated(text: str, at: int) -> tuple[Expr, int]:
    item, at = _atom(text, at)
    if at < len(text) and text[at] in "*+?":
        item = Repeat(item, int(text[at] == "+"), text[at] != "?")
        at += 1
    return item, at


def _atom(text: str, at: int) -> tuple[Expr, int]:
    sign = text[at]
    if sign == "(":
        if text.startswith("(?", at):
            raise ValueError(f"`(?` in the pattern `{text}`")
        inner, at = _alternatives(text, at + 1)
        return inner, at + 1
    if sign == "[":
        return _class(text, at + 1)
    if sign == ".":
        return OneOf(((10, 10),), negated=True), at + 1
    if sign == "\\":
        if text[at + 1] == "w":
            return OneOf(WORD_CHARACTERS), at + 2
        return Word(_escaped(text, at + 1)), at + 2
    if sign in _SPECIAL - {"/"}:
        raise ValueError(f"`{sign}` in the pattern `{text}`")
    return Word(sign), at + 1


def _escaped(text: str, at: int) -> str:
    sign = text[at]
    if sign.isalnum() and sign not in _ESCAPES:
        raise ValueError(f"`\\{sign}` in the pattern `{text}`")
    return _ESCAPES.get(sign, sign)


def _class(text: str, at: int) -> tuple[Expr, int]:
    negated = text[at] == "^"
    at += negated
    ranges: list[tuple[int, int]] = []
    while text[at] != "]":
        if text.startswith("\\w", at):
            ranges.extend(WORD_CHARACTERS)
            at += 2
            continue
        first, at = _class_sign(text, at)
        last = first
        if text[at] == "-" and text[at + 1] != "]":
            last, at = _class_sign(text, at + 1)
        ranges.append((ord(first), ord(last)))
    if not negated and len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return Word(chr(ranges[0][0])), at + 1
    return OneOf(tuple(sorted(ranges)), negated), at + 1


def _class_sign(text: str, at: int) -> tuple[str, int]:
    return (_escaped(text, at + 1), at + 2) if text[at] == "\\" else (text[at], at + 1)


def inside(one: OneOf, code: int) -> bool:
    """Does the class hold this code point?"""
    return any(low <= code <= high for low, high in one.ranges) != one.negated


def minus(one: OneOf, signs: str) -> OneOf:
    """A class without these characters. Raises ValueError for a negated class."""
    if one.negated:
        raise ValueError("a negated class cannot be cut")
    ranges: list[tuple[int, int]] = []
    for low, high in one.ranges:
        for code in sorted(c for c in map(ord, signs) if low <= c <= high):
            if low < code:
                ranges.append((low, code - 1))
            low = code + 1
        if low <= high <= MAX_CODE:
            ranges.append((low, high))
    return OneOf(tuple(ranges))


def show_pattern(expr: Expr) -> str:
    """The expression as a regular expression between slashes would have it."""
    if isinstance(expr, Word):
        return "".join(_shown(sign) for sign in expr.text)
    if isinstance(expr, OneOf):
        inner = "".join(_range(low, high) for low, high in expr.ranges)
        return f"[{'^' if expr.negated else ''}{inner}]"
    if isinstance(expr, Sequence):
        return "".join(f"({show_pattern(i)})" if isinstance(i, Choice) else show_pattern(i) for i in expr.items)
    if isinstance(expr, Choice):
        return "|".join(show_pattern(item) for item in expr.items)
    if isinstance(expr, Ref):
        raise ValueError(f"a pattern cannot name `{expr.name}`")
    inner = show_pattern(expr.item)
    single = isinstance(expr.item, OneOf) or (isinstance(expr.item, Word) and len(expr.item.text) == 1)
    mark = ("+" if expr.least else "*") if expr.many else "?"
    return f"{inner if single else f'({inner})'}{mark}"


def _shown(sign: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return named.get(sign, "\\" + sign if sign in _SPECIAL else sign)


def _range(low: int, high: int) -> str:
    named = {10: "\\n", 13: "\\r", 9: "\\t"}

    def one(code: int) -> str:
        return named.get(code, ("\\" if chr(code) in "\\]^-[/" else "") + chr(code))

    return one(low) if low == high else f"{one(low)}-{one(high)}"
