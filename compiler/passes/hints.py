"""Help and edits for tokens that do not fit, from what stands around them and from the habits of other languages."""

from __future__ import annotations

from typing import NamedTuple

from clawc.compiler.passes.habits import CHARACTERS, METHODS, PAIRS, STATEMENTS, UNITS, WORDS
from clawc.compiler.passes.lex import KEYWORDS, Token
from clawc.compiler.source import Fix
from clawc.spec.ast import Span
from clawc.spec.functions import BY_NAME, VERB_NAMES


class Hint(NamedTuple):
    """One line of help, and the edit where one is sure."""

    help: str
    fix: Fix | None = None


UNITS_ARE = "units are `ms s min h d w`, `KiB MiB GiB` and `%`, without a blank"
# What a path or name may be written of, without blanks.
WRITTEN = frozenset(("NAME", "NUMBER", "MINUS", "DOT", "SLASH", "STAR", "IN", "ON", "NOT", "USE", "DEF", "LET"))
ACTIONS = ("write", "replace", "edit", "delete")
VALUES = frozenset(("NUMBER", "STRING", "NAME", "DATE"))
OPENERS = ("LPAR", "LSQB", "LBRACE")
COMPARISONS = frozenset(("EQ", "NE", "LE", "GE", "LESSTHAN", "MORETHAN"))


def hint(tokens: list[Token], at: int, expected: list[str]) -> Hint | None:
    """Help for the token that does not fit; None where nothing is known about it."""
    token = tokens[at]
    before = tokens[at - 1] if at else None
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.kind == "NAME" and token.text.lower() in KEYWORDS:
        word = token.text.lower()
        return Hint(f"write `{word}`", Fix(token.span, word, f"write `{word}`"))
    if token.kind == "NAME" and token.text in WORDS:
        return Hint(WORDS[token.text])
    if token.kind in ("RPAR", "RSQB") and _opened(tokens, at) != {"RPAR": "LPAR", "RSQB": "LSQB"}[token.kind]:
        return Hint(f"this `{token.text}` closes nothing", Fix(token.span, "", "remove it"))
    first = _line_start(tokens, at)
    if first is not None and tokens[first].text in STATEMENTS and first < at:
        word = STATEMENTS[tokens[first].text]
        return Hint(f"write `{word}`", Fix(tokens[first].span, word, f"write `{word}`"))
    if first is not None and "`{`" in expected:
        found = _label(tokens, at, token)
        if found is not None:
            return found
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
        return _unit(before, token)
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
    if token.kind == "LPAR" and before.kind == "NAME" and _follows_dot(tokens, at):
        known = f"x | {before.text} …" if before.text in VERB_NAMES else f"{before.text}(x)"
        return Hint(f"there are no methods: write `{METHODS.get(before.text, known)}`")
    if (
        token.kind in ("_COMMA", "EQUAL")
        and _opened(tokens, at) == "LPAR"
        and (verb := _verb_of_parenthesis(tokens, at))
    ):
        return Hint(f"a stage takes its arguments without parentheses: `{verb} a, b`")
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


def _unit(before: Token, token: Token) -> Hint:
    """A number with a word behind it."""
    unit = UNITS.get(token.text)
    if unit is None:
        return Hint(UNITS_ARE)
    return Hint(
        f"write `{before.text}{unit}`; {UNITS_ARE}",
        Fix(Span(before.end, token.end), unit, f"write `{before.text}{unit}`"),
    )


def _label(tokens: list[Token], at: int, token: Token) -> Hint | None:
    """What cannot stand in the head of a block: a path without quotes, a name with `-`, a colon before the brace."""
    if token.kind == "COLON":
        return Hint("a block has no `:` before its `{`", Fix(token.span, "", "remove it"))
    if token.kind not in ("SLASH", "DOT", "MINUS"):
        return None
    first, last = at, at
    while first > 0 and tokens[first - 1].end == tokens[first].start and tokens[first - 1].kind in WRITTEN:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].start == tokens[last].end and tokens[last + 1].kind in WRITTEN:
        last += 1
    span = Span(tokens[first].start, tokens[last].end)
    text = "".join(t.text for t in tokens[first : last + 1])
    verb = tokens[first - 1].text if first else ""
    if verb in ACTIONS and text.startswith("path."):
        name = text.removeprefix("path.")
        return Hint(f"a deliverable is written by its name: `{verb} {name}`", Fix(span, name, f"write `{name}`"))
    if all(t.kind in ("NAME", "MINUS", "NUMBER") for t in tokens[first : last + 1]):
        name = text.replace("-", "_")
        return Hint(f"names have no `-`: write `{name}`", Fix(span, name, f"write `{name}`"))
    return Hint(f'paths stand in quotes: write `"{text}"`', Fix(span, f'"{text}"', "put it in quotes"))


def _verb_of_parenthesis(tokens: list[Token], at: int) -> str:
    """The verb of a stage whose parenthesis is open here, else ""."""
    depth = 0
    for index in range(at - 1, 1, -1):
        kind = tokens[index].kind
        if kind == "RPAR":
            depth += 1
        elif kind == "LPAR":
            if depth == 0:
                verb = tokens[index - 1]
                return verb.text if verb.text in VERB_NAMES and tokens[index - 2].kind == "_PIPE" else ""
            depth -= 1
    return ""


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
