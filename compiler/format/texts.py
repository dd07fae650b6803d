"""Block texts move with their item: all their lines by as many blanks, so that the value stays the same."""

from __future__ import annotations

from clawc.compiler.elaborate.literals import raw_text
from clawc.spec import ast

QUOTES = '"""'


def value(raw: str) -> str:
    """The characters of a block text without its indentation, escapes and holes as written."""
    return raw_text(ast.Text(raw, ast.Span(0, len(raw))))


def moved(raw: str, indent: int) -> str:
    """A block text whose lines begin at this column; as it was where its value would be another one."""
    raw = raw.replace("\r\n", "\n")
    lines = raw[3:-3].split("\n")
    if len(lines) < 2 or lines[0]:
        return raw  # the first line counts for the indentation, and it cannot move
    *body, last = lines[1:]
    if last.strip():
        body.append(last)
    if any("\t" in line[: len(line) - len(line.lstrip())] for line in body if line.strip(" \t")):
        return raw
    cut = min((len(line) - len(line.lstrip(" ")) for line in body if line.strip(" \t")), default=0)
    pad = " " * indent
    shifted = [pad + line[cut:] if line.strip(" \t") else "" for line in body]
    if not last.strip():
        shifted.append(pad)
    new = QUOTES + "\n" + "\n".join(shifted) + QUOTES
    return new if value(_as_written(new)) == value(_as_written(raw)) else raw


def _as_written(raw: str) -> str:
    """Line ends are a line feed by now: a carriage return before one is part of the text, which a reader must see."""
    return raw.replace("\r\n", "\r\r\n") if "\r" in raw else raw
