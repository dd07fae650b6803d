"""What people bring from other languages, and how it is written here: help and edits for unexpected tokens."""

from __future__ import annotations

from typing import NamedTuple

from clawc.compiler.passes.lex import Token
from clawc.compiler.source import Fix
from clawc.spec.ast import Span
from clawc.spec.functions import BY_NAME, VERB_NAMES


class Hint(NamedTuple):
    """One line of help, and the edit where one is sure."""

    help: str
    fix: Fix | None = None


# Characters that begin no token.
CHARACTERS: dict[str, tuple[str, str]] = {
    "&&": ("write `and`", "and"),
    "&": ("write `and`", "and"),
    "!": ("write `not`", "not "),
    "~": ("to look for a regex write `matches(text, re\"…\")`", ""),
    "%": ("percentages are written without a blank, `5%`; there is no remainder", ""),
    "^": ("there are no powers; write `x * x`", ""),
    "?": ("write `if … then … else …`", ""),
    "$": ("names stand as they are, and holes in texts are `{{ name }}`", ""),
    "\\": ("lines go on behind an operator or comma, or with a leading `|`", ""),
    "`": ("a name in back quotes ends on its line with another one", ""),
    "'": ("texts stand in double quotes", ""),
    "\u201c": ("texts stand in straight double quotes", '"'),
    "\u201d": ("texts stand in straight double quotes", '"'),
    "\u2018": ("texts stand in straight double quotes", ""),
    "\u2019": ("texts stand in straight double quotes", ""),
    "\u2013": ("minus is `-`", "-"),
    "\u2014": ("minus is `-`", "-"),
    "\u2264": ("write `<=`", "<="),
    "\u2265": ("write `>=`", ">="),
    "\u2260": ("write `!=`", "!="),
    "\u00d7": ("write `*`", "*"),
    "\u2026": ("a range is `1..5`", ".."),
    "@": ("dates are written `@2026-01-31` or `@2026-01-31T09:30`", ""),
}  # fmt: skip

# Two operators in a row that are one elsewhere.
PAIRS: dict[tuple[str, str], tuple[str, str]] = {
    ("LESSTHAN", "MORETHAN"): ("write `!=`", "!="),
    ("EQ", "EQUAL"): ("write `==`", "=="),
    ("EQUAL", "LESSTHAN"): ("write `<=`", "<="),
    ("EQUAL", "MORETHAN"): ("to compare write `>=`; there are no functions without a name", ""),
    ("MORETHAN", "EQUAL"): ("write `>=`", ">="),
    ("LESSTHAN", "EQUAL"): ("write `<=`", "<="),
    ("NE", "EQUAL"): ("write `!=`", "!="),
    ("SLASH", "SLASH"): ("comments begin with `#`", "#"),
    ("SLASH", "STAR"): ("comments begin with `#`", ""),
    ("STAR", "STAR"): ("there are no powers; write `x * x`", ""),
    ("_PIPE", "_PIPE"): ("write `or`", ""),
    ("_PIPE", "MORETHAN"): ("a stage begins with `|` alone", "|"),
    ("PLUS", "PLUS"): ("values do not change; name another one with `let`", ""),
    ("PLUS", "EQUAL"): ("values do not change; name another one with `let`", ""),
    ("MINUS", "EQUAL"): ("values do not change; name another one with `let`", ""),
    ("MINUS", "MORETHAN"): ("names stand left of `=`: `rename new = old`", ""),
    ("LPAR", "STAR"): ("to count rows write `count()`", ""),
    ("DOTDOT", "DOT"): ("a range is `1..5`, and includes both ends", ""),
    ("DOTDOT", "EQUAL"): ("a range is `1..5`, and includes both ends", ""),
    ("COLON", "EQUAL"): ("write `=`", "="),
    ("COLON", "COLON"): ("types are told by functions, such as `number(x)`", ""),
}  # fmt: skip

# Words of other languages where an operator or the end is expected.
WORDS: dict[str, str] = {
    "is": "compare with `== null` or `!= null`",
    "like": "write `contains(text, part)` or `matches(text, re\"…\")`",
    "using": "write `on` and the keys",
    "as": "the name stands in front: `name = value`",
    "between": "write `x in low..high`",
    "elif": "write `else if … then …`",
    "elsif": "write `else if … then …`",
    "for": "there are no loops; stages such as `where` and `derive` work on whole tables",
    "while": "there are no loops; stages such as `where` and `derive` work on whole tables",
    "mod": "there is no remainder",
    "xor": "write `a != b`",
    "return": "a definition is its value: `def f(x) = …`",
    "equals": "write `==`",
    "contains": "write `contains(text, part)`, or `part in list`",
    "asc": "`sort` ascends unless a key has a `-`",
    "ascending": "`sort` ascends unless a key has a `-`",
}  # fmt: skip
UNITS = "units are `ms s min h d w`, `KiB MiB GiB` and `%`, without a blank"
VALUES = frozenset(("NUMBER", "STRING", "NAME", "DATE"))
OPENERS = ("LPAR", "LSQB", "LBRACE")
COMPARISONS = frozenset(("EQ", "NE", "LE", "GE", "LESSTHAN", "MORETHAN"))


def hint(tokens: list[Token], at: int, expected: list[str]) -> Hint | None:
    """Help for the token that does not fit; None where nothing is known about it."""
    token = tokens[at]
    before = tokens[at - 1] if at else None
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.kind == "NAME" and token.text in WORDS:
        return Hint(WORDS[token.text])
    first = _line_start(tokens, at)
    if first is not None and tokens[first].text in VERB_NAMES and first < at:
        start = tokens[first].start
        return Hint(
            f"a stage begins with `|`: write `| {tokens[first].text}`", Fix(Span(start, start), "| ", "begin a stage")
        )
    if before is not None:
        found = _pair(before, token) or (_pair(token, following) if following is not None else None)
        if found is not None:
            return found
        found = _behind(tokens, at, before, token, expected)
        if found is not None:
            return found
    if token.kind == "DOT" and following is not None and following.kind == "NUMBER" and following.start == token.end:
        return Hint(f"write `0.{following.text}`", Fix(token.span, "0.", "write the zero"))
    if token.kind == "STAR" and before is not None and before.text == "select":
        return Hint("without `select` all columns stay")
    return None


def _pair(first: Token, second: Token) -> Hint | None:
    if first.end != second.start and (first.kind, second.kind) not in (("MORETHAN", "EQUAL"), ("LESSTHAN", "EQUAL")):
        return None
    row = PAIRS.get((first.kind, second.kind))
    if row is None or first.text.strip(" \t") != first.text:
        return None
    help, text = row
    return Hint(help, Fix(Span(first.start, second.end), text, help) if text else None)


def _behind(tokens: list[Token], at: int, before: Token, token: Token, expected: list[str]) -> Hint | None:
    """By what stands in front of the token."""
    near = before.end == token.start
    if token.kind == "STRING" and before.kind == "NAME" and near:
        if before.text in ("f", "F", "s", "t"):
            return Hint('texts have holes without a mark: `"… {{ name }} …"`', Fix(before.span, "", "remove it"))
        if before.text in ("r", "R", "b", "u"):
            return Hint('regexes are `re"…"`, and texts `"…"`')
    if before.kind == "NUMBER" and token.kind == "NAME":
        if near and token.text[:1] in "eE" and token.text[1:].isdigit():
            return Hint("numbers have no exponent: write all digits")
        if near and token.text.startswith("_"):
            return Hint("digits are not grouped", Fix(token.span, token.text.replace("_", ""), "remove the `_`"))
        if near and before.text == "0" and token.text[:1] in "xXbBoO":
            return Hint("numbers are decimal")
        return Hint(UNITS)
    if before.kind == "DATE" and token.kind == "NUMBER":
        return Hint("the time stands behind a `T`: `@2026-01-31T09:30`")
    if before.kind == "NUMBER" and token.kind == "_COMMA" and "end of line" in expected and _thousands(tokens, at):
        return Hint("digits are not grouped", Fix(token.span, "", "remove the comma"))
    if token.kind in COMPARISONS and _compared(tokens, at):
        return Hint("comparisons do not chain: write `low < x and x < high`, or `x in low..high`")
    if (
        token.kind == "NAME"
        and token.text in VERB_NAMES
        and before.kind not in ("_NL", "LBRACE", "SEMICOLON", "EDITION", "_PIPE")
    ):
        return Hint(
            f"a stage begins with `|`: write `| {token.text}`",
            Fix(Span(token.start, token.start), "| ", "begin a stage"),
        )
    if token.kind == "LPAR" and before.kind == "NAME" and before.text in BY_NAME and _follows_dot(tokens, at):
        shape = f"x | {before.text} …" if before.text in VERB_NAMES else f"{before.text}(x)"
        return Hint(f"there are no methods: write `{shape}`")
    if token.kind == "LBRACE" and "`then`" in expected:
        return Hint("write `if … then … else …`")
    if token.kind == "EQUAL" and expected == ["`:`"]:
        return Hint("in a record write `key: value`", Fix(Span(before.end, token.end), ":", "write `:`"))
    if token.kind == "SEMICOLON" and "`,`" in expected and "`}`" in expected:
        return Hint("entries of a record are separated by commas", Fix(token.span, ",", "write a comma"))
    if token.kind == "COLON" and before.kind == "NAME" and "`,`" in expected:
        return Hint(f"a name is given by `=`: write `{before.text} = …`", Fix(token.span, " =", "write `=`"))
    if token.kind in VALUES and "`,`" in expected and _opened(tokens, at) in ("LSQB", "LBRACE"):
        return Hint("elements are separated by commas", Fix(Span(before.end, before.end), ",", "add the comma"))
    if token.kind == "_PIPE" and _opened(tokens, at) in OPENERS:
        return Hint("a pipeline that is a part of something stands in parentheses")
    if token.kind == "_PIPE" and before.kind == "_PIPE":
        return Hint("a stage begins with one `|`", Fix(Span(before.end, token.end), "", "remove it"))
    if before.kind == "NAME" and before.text == "lambda":
        return Hint("there are no functions without a name; where a condition is wanted, columns are names in it")
    if before.kind == "NAME" and before.text in BY_NAME and token.kind in VALUES and not near:
        if before.text not in VERB_NAMES or at < 2 or tokens[at - 2].kind != "_PIPE":
            return Hint(f"arguments stand in parentheses: `{before.text}(…)`")
    if token.kind == "LPAR" and before.text == "on":
        return Hint("the keys of `on` stand without parentheses")
    if (
        before.kind == "NAME"
        and before.text == "by"
        and at > 1
        and tokens[at - 2].text in ("sort", "group", "distinct", "order")
    ):
        return Hint(
            f"write `{tokens[at - 2].text} {token.text}`", Fix(Span(before.start, token.start), "", "remove `by`")
        )
    return None


def _line_start(tokens: list[Token], at: int) -> int | None:
    """The name that begins the item, when the token stands on the first line of it."""
    while at > 0 and tokens[at - 1].kind not in ("_NL", "SEMICOLON", "LBRACE"):
        at -= 1
    return at if tokens[at].kind == "NAME" else None


def _thousands(tokens: list[Token], at: int) -> bool:
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    return following is not None and following.kind == "NUMBER" and len(following.text) == 3


def _compared(tokens: list[Token], at: int) -> bool:
    """Does a comparison stand before this one in the same expression?"""
    depth = 0
    for token in reversed(tokens[max(0, at - 40) : at]):
        if token.kind in ("RPAR", "RSQB"):
            depth += 1
        elif token.kind in ("LPAR", "LSQB"):
            depth -= 1
            if depth < 0:
                return False
        elif depth == 0 and token.kind in (
            "AND",
            "OR",
            "NOT",
            "_PIPE",
            "_COMMA",
            "_NL",
            "EQUAL",
            "EXPECT",
            "IF",
            "THEN",
            "ELSE",
        ):
            return False
        elif depth == 0 and token.kind in (*COMPARISONS, "IN"):
            return True
    return False


def _opened(tokens: list[Token], at: int) -> str:
    """The kind of the innermost bracket that is open before a token; braces of blocks are none."""
    depth = 0
    for index in range(at - 1, max(-1, at - 400), -1):
        kind = tokens[index].kind
        if kind in ("RPAR", "RSQB", "RBRACE"):
            depth += 1
        elif kind in ("LPAR", "LSQB", "LBRACE"):
            if depth:
                depth -= 1
            elif kind == "LBRACE" and index and tokens[index - 1].kind in ("NAME", "STRING", "TRIPLE"):
                return ""
            else:
                return kind
    return ""


def _follows_dot(tokens: list[Token], at: int) -> bool:
    return at > 1 and tokens[at - 2].kind == "DOT"


def character_hint(token: Token) -> Hint:
    """Help for characters that begin no token."""
    help, text = CHARACTERS.get(token.text) or CHARACTERS.get(token.text[:1]) or ("", "")
    sure = text and token.text in CHARACTERS
    return Hint(help, Fix(token.span, text, help) if sure else None)
