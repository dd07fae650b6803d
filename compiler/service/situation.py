"""Where the cursor is, by the tokens before it: what is being written, and in which blocks. Works while nothing parses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

from clawc.compiler.passes.lex import KEYWORDS, Token, lex
from clawc.compiler.service.document import Document, Piece
from clawc.spec import ast

Kind = Literal[
    "item", "value", "stage", "member", "path", "module", "module_name", "label", "argument", "text", "name", "nothing"
]

_WORD = re.compile(r"[A-Za-z_]\w*\Z|\Z", re.ASCII)
_OPENS = {"LBRACE": "{", "LPAR": "(", "LSQB": "["}
_CLOSES = frozenset(("RBRACE", "RPAR", "RSQB"))
_WORDS = frozenset(("NAME", *KEYWORDS.values()))


class Situation(NamedTuple):
    """`word` is the beginning of a word before the cursor and `start` where it begins. `blocks` are the kinds of the blocks around,
    outermost first, `given` the attributes that the innermost has, where
    an item is written.

    `attribute` is the one whose value is written, `call` the function or verb whose arguments are, `object` the word before a dot.
    """

    kind: Kind
    word: str
    start: int
    blocks: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()
    attribute: str = ""
    call: str = ""
    object: str = ""
    source: str = ""  # the module of a `use`
    closers: str = ""  # what would close the brackets and the hole that are open here


class _Frame(NamedTuple):
    """An open bracket: `block` is the kind of block whose body it opens, `call` the function whose arguments."""

    at: int
    open: str
    block: str = ""
    call: str = ""


def situation_at(document: Document, offset: int) -> Situation:
    """The situation at an offset of a file."""
    leaf = document.piece_at(offset).leaf_at(offset)
    made = situation(leaf.text, offset - leaf.start)
    given = made.given
    if not made.blocks and leaf.outer:
        around = next((b for b in _blocks_around(document.piece_at(offset)) if leaf in b.inner), None)
        siblings = around.inner if around is not None else ()
        given = frozenset(i.node.name.text for p in siblings for i in p.items() if isinstance(i.node, ast.Attribute))
    return made._replace(start=made.start + leaf.start, blocks=(*leaf.outer, *made.blocks), given=given)


def _blocks_around(piece: Piece) -> Iterator[Piece]:
    if piece.inner:
        yield piece
        for inner in piece.inner:
            yield from _blocks_around(inner)


def situation(text: str, offset: int) -> Situation:
    """The situation at an offset of a text that begins with an item; never raises on what it holds."""
    before = text[:offset]
    start = _word_start(before)
    word = before[start:]
    tokens, comments = lex(text[:start])
    if (
        comments
        and comments[-1].start + len(comments[-1].text) >= len(text[:start].rstrip("\r"))
        and "\n" not in text[comments[-1].start : start]
    ):
        return Situation("nothing", word, start)
    last = tokens[-2] if len(tokens) > 1 else None
    if last is not None and last.kind == "BAD" and '"' in last.text:  # a text that is not closed yet
        return _in_text(text, offset, tokens[:-2], last.start, last.text)
    closing = _closed_text(text, offset)
    if closing is not None:
        return _in_text(
            text, offset, lex(text[: closing.start]).tokens[:-1], closing.start, text[closing.start : offset]
        )
    made = _among(tokens[:-1], word, start)
    braces = [f.at for f in _frames(tokens[:-1]) if f.block]
    return made._replace(given=_given(text, tokens[braces[-1]].start)) if braces and made.kind == "item" else made


def _word_start(before: str) -> int:
    match = re.search(r"[A-Za-z_][A-Za-z0-9_]*\Z", before)
    return match.start() if match is not None else len(before)


def _closed_text(text: str, offset: int) -> Token | None:
    """The text that is closed behind the cursor, if that is inside of one."""
    for token in lex(text).tokens:
        if token.start >= offset:
            return None
        if token.kind in ("STRING", "TRIPLE", "REGEX") and token.start < offset < token.end:
            return token
        if token.kind == "BAD" and '"' in token.text and token.start < offset <= token.end:
            return token
    return None


def _in_text(text: str, offset: int, tokens: list[Token], start: int, raw: str) -> Situation:
    """In a text: a hole is as an expression; else the text may be the path of a file."""
    said = text[start:offset]
    hole = said.rfind("{{")
    outer = _among(tokens, "", start)
    if hole >= 0 and "}}" not in said[hole:] and not raw.startswith("re"):
        inner = situation(text[start + hole + 2 : offset], offset - start - hole - 2)
        kind: Kind = "value" if inner.kind in ("item", "nothing", "value") else inner.kind
        begin = inner.start + start + hole + 2
        return inner._replace(kind=kind, start=begin, blocks=outer.blocks, attribute="", closers=inner.closers + " }}")
    written = said.lstrip('"')
    if outer.kind == "module":
        return outer._replace(kind="text", word=written, start=offset - len(written), attribute="use")
    return outer._replace(kind="text", word=written, start=offset - len(written))


def _among(tokens: list[Token], word: str, start: int) -> Situation:
    """Between tokens."""
    frames = _frames(tokens)
    blocks = tuple(f.block for f in frames if f.block)
    inner = frames[-1] if frames else None
    last = tokens[-1] if tokens else None
    at_block = inner is None or bool(inner.block)
    head = _line(tokens, frames)
    closers = "".join({"{": "}", "(": ")", "[": "]"}[f.open] for f in reversed(frames) if not f.block)
    made = Situation("value", word, start, blocks, frozenset(), _attribute(tokens, frames), closers=closers)
    if last is None or last.kind in ("_NL", "SEMICOLON", "EDITION") or (last.kind == "LBRACE" and at_block):
        hanging = len(tokens) > 1 and tokens[-2].kind in ("EQUAL", "_COMMA", "_PIPE", "THEN", "ELSE")
        return made if hanging or not at_block else made._replace(kind="item")
    if head and head[0].kind == "USE":
        if any(t.kind == "LPAR" for t in head):
            return made._replace(
                kind="module_name", source="".join(t.text for t in head[1:] if t.kind in ("NAME", "DOT", "STRING"))
            )
        return made._replace(kind="module", source="".join(t.text for t in head[1:]))
    if last.kind == "DOT":
        owner = tokens[-2] if len(tokens) > 1 else last
        lone = owner.kind in _WORDS and not (len(tokens) > 2 and tokens[-3].kind == "DOT")
        if lone and owner.text in ("path", "param"):
            return made._replace(kind="path", object=owner.text)
        return made._replace(kind="member", object=owner.text if lone else "")
    if last.kind == "_PIPE":
        return made._replace(kind="stage")
    if at_block and head and head[0].kind in ("LET", "DEF") and not any(t.kind == "EQUAL" for t in head):
        return made._replace(kind="nothing")
    if at_block and head and head[0].kind == "NAME" and not any(t.kind == "EQUAL" for t in head):
        return made._replace(kind="label", call=head[0].text)
    call = inner.call if inner is not None and inner.open == "(" else _stage(tokens)
    if call and last.kind in ("LPAR", "_COMMA", "NAME", *KEYWORDS.values()):
        return made._replace(kind="argument", call=call)
    return made


def _frames(tokens: list[Token]) -> list[_Frame]:
    """The brackets that are open behind the tokens."""
    frames: list[_Frame] = []
    for number, token in enumerate(tokens):
        if token.kind in _CLOSES:
            if frames:
                frames.pop()
        elif token.kind in _OPENS:
            block = _block(tokens, number) if token.kind == "LBRACE" and (not frames or frames[-1].block) else ""
            before = tokens[number - 1] if number else None
            call = before.text if token.kind == "LPAR" and before is not None and before.kind == "NAME" else ""
            frames.append(_Frame(number, _OPENS[token.kind], block, call))
    return frames


def _block(tokens: list[Token], brace: int) -> str:
    """The kind of the block whose body a brace opens; "" for a record."""
    at = brace - 1
    while at >= 0 and tokens[at].kind in ("NAME", "STRING", "TRIPLE", "ON", "WITHIN") and not tokens[at].lead:
        at -= 1
    first = tokens[at] if at >= 0 else None
    if first is not None and first.kind in ("LBRACE", "SEMICOLON", "_NL"):
        first = tokens[at + 1]
    return first.text if first is not None and first.kind == "NAME" else ""


def _line(tokens: list[Token], frames: list[_Frame]) -> list[Token]:
    """The tokens of the item that is being written, as far as they stand before the cursor."""
    bottom = frames[-1].at + 1 if frames and frames[-1].block else 0
    if frames and not frames[-1].block:
        outer = [f for f in frames if f.block]
        bottom = outer[-1].at + 1 if outer else 0
    at = len(tokens)
    depth = 0
    while at > bottom:
        kind = tokens[at - 1].kind
        depth += (kind in _CLOSES) - (kind in _OPENS)
        if depth <= 0 and kind in ("_NL", "SEMICOLON", "EDITION"):
            hanging = at - 2 >= bottom and tokens[at - 2].kind in (
                "EQUAL",
                "_COMMA",
                "_PIPE",
                "THEN",
                "ELSE",
                "LSQB",
                "LPAR",
                "LBRACE",
            )
            if not hanging:
                break
        at -= 1
    return tokens[at:]


def _attribute(tokens: list[Token], frames: list[_Frame]) -> str:
    """The attribute whose value is being written; "" where none is."""
    head = _line(tokens, frames)
    if len(head) >= 2 and head[0].kind == "NAME" and head[1].kind == "EQUAL":
        return head[0].text
    if head and head[0].kind in ("LET", "DEF", "EXPECT"):
        return head[0].text
    return ""


def _given(text: str, brace: int) -> frozenset[str]:
    """The attributes of the block whose body opens at an offset, before and behind the cursor."""
    found: set[str] = set()
    depth = 0
    before = ""
    tokens = lex(text[brace:]).tokens
    for token, following in pairwise(tokens):
        depth += (token.kind in _OPENS) - (token.kind in _CLOSES)
        if depth < 1:
            break
        if (
            depth == 1
            and token.kind == "NAME"
            and following.kind == "EQUAL"
            and before in ("_NL", "SEMICOLON", "LBRACE")
        ):
            found.add(token.text)
        before = token.kind
    return frozenset(found)


def _stage(tokens: list[Token]) -> str:
    """The verb whose arguments are being written, without brackets."""
    depth = 0
    for number in range(len(tokens) - 1, -1, -1):
        kind = tokens[number].kind
        depth += (kind in _CLOSES) - (kind in _OPENS)
        if depth < 0:
            return ""
        if (
            depth == 0
            and kind in ("_NL", "SEMICOLON", "EQUAL")
            and not (kind == "EQUAL" and number > 1 and tokens[number - 2].kind in ("_COMMA", "NAME"))
        ):
            return ""
        if depth == 0 and kind == "_PIPE":
            return tokens[number + 1].text if number + 1 < len(tokens) else ""
    return ""
