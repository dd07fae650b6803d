"""The marks of Markdown inside a line: code ticks, links, emphasis, escapes, tags and entities.

One pass for each kind of mark, each linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import Dict, List, Set, Tuple

_TICKS = re.compile(r"`+|\\[!-/:-@\[-`{-~]")
_HELD = re.compile("\0([0-9]+)\0")
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()\n]*\)|\[[^\[\]\n]*\])")
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]+|[^<>\s@]+@[^<>\s@]+)>")
_BREAK_TAG = re.compile(r"<br[ \t]*/?>", re.IGNORECASE)
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|code|del|details|div|em|i|img|ins|kbd|mark|p|s|small|span|strong|sub|summary|sup|u)"
    r"(?:[ \t\n][^<>]*)?/?>",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"\*+|_+|~~+")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")


def plain_inline(text: str) -> str:
    """Text without inline markup. The content of code ticks and escaped characters stay as they are."""
    if not any(mark in text for mark in "`\\[<*_~&"):
        return text
    masked, held = _hold_literals(text.replace("\0", ""))
    # Twice, for an image inside a link.
    masked = _LINK.sub(r"\1", _LINK.sub(r"\1", masked))
    masked = _INLINE_TAG.sub("", _BREAK_TAG.sub(" ", _AUTOLINK.sub(r"\1", masked)))
    bare = _ENTITY.sub(lambda found: unescape(found.group()), _without_emphasis(masked))
    return _HELD.sub(lambda found: held[int(found.group(1))], bare)


def _hold_literals(text: str) -> Tuple[str, List[str]]:
    """The text with a placeholder for each code span and escaped character, and what these stand for."""
    marks = list(_TICKS.finditer(text))
    following: Dict[int, int] = {}  # index of a run of ticks to that of the next one of the same length
    latest: Dict[int, int] = {}
    for index in range(len(marks) - 1, -1, -1):
        run = marks[index].group()
        if run[0] == "`":
            if len(run) in latest:
                following[index] = latest[len(run)]
            latest[len(run)] = index
    held: List[str] = []
    parts: List[str] = []
    position, index = 0, 0
    while index < len(marks):
        mark = marks[index]
        literal, end = mark.group()[1:], mark.end()
        if index in following:
            index = following[index]
            literal, end = text[mark.end() : marks[index].start()], marks[index].end()
        elif mark.group()[0] == "`":
            literal = mark.group()
        parts.append(f"{text[position : mark.start()]}\0{len(held)}\0")
        held.append(literal)
        position = end
        index += 1
    return "".join(parts) + text[position:], held


def _is_punctuation(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "PS"


def _without_emphasis(text: str) -> str:
    """Text without the stars, underscores and tildes of emphasis; others, as in `2 * 3`, stay."""
    runs = list(_EMPHASIS.finditer(text))
    open_runs: Dict[Tuple[str, int], List[int]] = {}
    dropped: Set[int] = set()
    for index, run in enumerate(runs):
        sign, size = run.group()[0], len(run.group())
        before = text[run.start() - 1] if run.start() else " "
        after = text[run.end()] if run.end() < len(text) else " "
        # Left-flanking and right-flanking as CommonMark defines them.
        opens = not after.isspace() and (not _is_punctuation(after) or not before.isalnum())
        closes = not before.isspace() and (not _is_punctuation(before) or not after.isalnum())
        if size > 3 or (before.isalnum() and after.isalnum()):
            continue
        if closes and open_runs.get((sign, size)):
            dropped.update((index, open_runs[sign, size].pop()))
        elif closes and size == 3 and open_runs.get((sign, 1)) and open_runs.get((sign, 2)):
            dropped.update((index, open_runs[sign, 1].pop(), open_runs[sign, 2].pop()))
        elif opens:
            open_runs.setdefault((sign, size), []).append(index)
    parts: List[str] = []
    position = 0
    for index in sorted(dropped):
        parts.append(text[position : runs[index].start()])
        position = runs[index].end()
    return "".join(parts) + text[position:]
