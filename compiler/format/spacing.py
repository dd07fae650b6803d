"""Blanks between the tokens of an item when it stands on one line, and how wide every range of its tokens then is."""

from __future__ import annotations

from clawc.compiler.format.stream import Stream
from clawc.compiler.format.width import columns

NEVER = 100_000  # the width of what cannot stand on one line

_TIGHT_BEFORE = frozenset(("RPAR", "RSQB", "RBRACE", "_COMMA", "DOT", "DOTDOT", "COLON"))
_OPERANDS = frozenset(("QUOTED", "STRING", "TRIPLE", "REGEX", "NUMBER", "DATE", "TRUE", "FALSE", "NULL"))
_OPENERS = frozenset(("LPAR", "LSQB", "LBRACE"))
_CLOSERS = frozenset(("RPAR", "RSQB", "RBRACE"))
_SOFT = ("within", "on")


class Spacing:
    """Filled item by item. Ranges of tokens are half open, and lie within one item."""

    __slots__ = ("_after", "_before", "_hard", "_total", "_turns", "pieces", "stream")

    def __init__(self, stream: Stream) -> None:
        size = len(stream.kinds)
        self.stream = stream
        self.pieces = [""] * size  # each token, behind a blank where one belongs
        self._before = [0] * size  # columns of all pieces before it
        self._after = [0] * size
        self._hard = [0] * size  # gaps up to the one before it that must be broken
        self._total = self._turns = 0

    def space(self, first: int, end: int) -> None:
        """Works out the item of these tokens."""
        if self.pieces[first]:
            return
        kinds, texts, lines, gaps = self.stream.kinds, self.stream.texts, self.stream.lines, self.stream.gaps
        pieces, before, after, hard = self.pieces, self._before, self._after, self._hard
        total, turns = self._total, self._turns
        operand, tight, previous = False, True, ""
        is_use = kinds[first] == "USE"
        piped = [False]  # for every open bracket: has it had a `|`?
        for k in range(first, end):
            kind, text = kinds[k], texts[k]
            if tight or kind in _TIGHT_BEFORE or (operand and (kind == "LPAR" or kind == "LSQB") and not is_use):
                piece = text
            else:
                piece = " " + text
            if k in gaps and k > first:
                turns += 1
            tight = False
            if kind == "NAME":
                operand = previous != "_PIPE" and not (operand and text in _SOFT)
            elif kind in _OPERANDS:
                operand = True
            elif kind in _OPENERS:
                operand, tight = False, True
                piped.append(False)
            elif kind in _CLOSERS:
                operand = True
                if len(piped) > 1:
                    piped.pop()
                if previous == "_COMMA" and pieces[k - 1]:
                    pieces[k - 1] = ""
                    after[k - 1] -= 1
                    total -= 1
            else:
                if kind == "DOT" or kind == "DOTDOT" or (kind == "MINUS" and not operand):
                    tight = True
                elif kind == "_PIPE":
                    if lines[k] and not piped[-1] and k not in gaps:
                        turns += 1
                    piped[-1] = True
                operand = False
            previous = kind
            before[k] = total
            if not piece.isascii():
                total += NEVER if "\n" in piece else columns(piece)
            elif kind == "TRIPLE" and "\n" in piece:
                total += NEVER
            else:
                total += len(piece)
            after[k] = total
            pieces[k] = piece
            hard[k] = turns
        self._total, self._turns = total, turns

    def width(self, first: int, end: int) -> int:
        """Columns of the range on one line, with the blank before it; at least NEVER where it cannot be on one line."""
        if self._hard[end - 1] > self._hard[first]:
            return NEVER
        return self._after[end - 1] - self._before[first]

    def flat(self, first: int, end: int) -> str:
        """The range on one line, without a blank before it."""
        return self.stream.texts[first] + "".join(self.pieces[first + 1 : end])
