"""Where a broken item ends, by its tokens: operators that take in the next line, lines that begin an item, brackets."""

from __future__ import annotations

from clawc.compiler.passes.lex import Token

ITEM_STARTS = ("NAME", "LET", "DEF", "USE", "EXPECT")
OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSERS = {close: open for open, close in OPENERS.items()}
HANGING = {"PLUS", "MINUS", "STAR", "SLASH", "EQ", "NE", "LE", "GE", "LESSTHAN", "MORETHAN", "AND", "OR", "IN",
           "COALESCE", "EQUAL", "_COMMA", "THEN", "ELSE"}  # fmt: skip


def swallowed_line(tokens: list[Token], at: int, item: Token) -> tuple[int, Token | None]:
    """Index of the first token of this line, when it looks like an item that a hanging operator took in."""
    first = at
    while first > 0 and not tokens[first].lead and tokens[first - 1].kind != "_NL":
        first -= 1
    before = first - 1
    if before >= 0 and tokens[before].kind == "_NL":
        before -= 1
    if at and tokens[at].kind == "_PIPE" and tokens[at - 1].kind == "_COMMA" and "\n" in tokens[at - 1].text:
        return 0, tokens[at - 1]  # a comma at the line's end, and then a stage
    ends = tokens[first].kind in ("RBRACE", "$END") and first == at
    if before < 1 or tokens[before].kind not in HANGING or not (ends or starts_item(tokens, first)):
        return 0, None
    if tokens[first].start <= item.start or (tokens[before].kind == "_COMMA" and "\n" not in tokens[before].text):
        return 0, None
    return first, tokens[before]


def ends_item(tokens: list[Token], index: int) -> bool:
    """Does this line end close an item, or does the next line go on with the expression?"""
    before, following = tokens[max(index - 1, 0)], tokens[min(index + 1, len(tokens) - 1)]
    return before.kind not in HANGING and following.kind in (
        *ITEM_STARTS,
        "RBRACE",
        "SEMICOLON",
        "_NL",
        "$END",
    )


def starts_item(tokens: list[Token], first: int) -> bool:
    kind, following = tokens[first].kind, tokens[min(first + 1, len(tokens) - 1)].kind
    if kind in ("LET", "DEF", "USE", "EXPECT"):
        return True
    return kind == "NAME" and following in ("EQUAL", "LBRACE", "NAME")


def track(open_: list[str], kind: str) -> None:
    if kind in OPENERS:
        open_.append(kind)
    elif kind in CLOSERS and CLOSERS[kind] in open_:
        while open_.pop() != CLOSERS[kind]:
            pass


def declared(tokens: list[Token]) -> tuple[str, ...]:
    """Names that a broken item may declare: the names before its `=` or `{`."""
    names: list[str] = []
    for token in tokens:
        if token.kind in ("EQUAL", "LBRACE", "_NL"):
            break
        if token.kind == "NAME":
            names.append(token.text)
    return tuple(names)
