"""Text of a model taken apart into content and calls of tools, as it comes.

Every character counts: what is not the whole of a call stays content, and `error` says why. Taken apart in pieces or at once,
a text gives the same. Only white space next to a call is left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import NamedTuple, NoReturn

from clawc.runtime.engine.interface import Piece, ToolCallPiece
from clawc.runtime.engine.local.detokenise import beginning
from clawc.runtime.engine.local.shapes import as_object
from clawc.runtime.engine.local.template import CALL, CALL_END

_MOST_CALLS = 128  # in one answer; a text that is all calls is no answer
_STRING_PART = re.compile(r'\\.|"', re.DOTALL)


class _Call(NamedTuple):
    name: str
    arguments: str


class Hermes:
    """`seed` gives the calls of one answer their ids. With `calls` False nothing is taken for a call."""

    def __init__(self, seed: str, *, calls: bool = True) -> None:
        self._seed = seed
        self._calls = calls
        self._text = ""  # not yet taken apart; begins with the tag while `_inside`
        self._inside = False
        self._searched = 0  # up to here there is no end of the call
        self._scanned, self._quoted = 0, False  # up to here quotes are counted, and is this within two of them?
        self._space = ""  # white space that is content unless a call is next to it
        self._after_call = False
        self.count = 0
        self.error = ""

    def feed(self, text: str) -> list[Piece]:
        """What is certain by now."""
        if not self._calls:
            return [Piece(content=text)] if text else []
        self._text += text
        pieces: list[Piece] = []
        while self._step(pieces):
            pass
        return _joined(pieces)

    def end(self) -> list[Piece]:
        """The rest."""
        pieces: list[Piece] = []
        while self._inside:  # what begins like a call has no end: other calls may lie behind it
            self._fail("has no end")
            self._give_up(self._text.find(CALL_END, len(CALL)), pieces)
            while self._step(pieces):
                pass
        self._content(self._text, pieces)
        if self._space and not self._after_call:
            pieces.append(Piece(content=self._space))
        self._text = self._space = ""
        return _joined(pieces)

    def _step(self, pieces: list[Piece]) -> bool:
        """Takes one part out of the text; False if more text is needed."""
        return self._step_inside(pieces) if self._inside else self._step_outside(pieces)

    def _step_outside(self, pieces: list[Piece]) -> bool:
        at = self._text.find(CALL)
        if at >= 0:
            self._content(self._text[:at], pieces)
            self._text = self._text[at:]
            self._inside, self._quoted = True, False
            self._searched = self._scanned = len(CALL)
            return True
        sure = len(self._text) - beginning(self._text, CALL)
        self._content(self._text[:sure], pieces)
        self._text = self._text[sure:]
        return False

    def _step_inside(self, pieces: list[Piece]) -> bool:
        at = self._text.find(CALL_END, self._searched)
        if at < 0:
            self._searched = max(len(CALL), len(self._text) - len(CALL_END) + 1)
            return False
        self._quoted ^= _odd_quotes(self._text[self._scanned : at])
        self._scanned = at
        if self._quoted:  # the tag is part of an argument
            self._searched = at + len(CALL_END)
            return True
        call = _call(self._text[len(CALL) : at]) if self.count < _MOST_CALLS else f"is one of more than {_MOST_CALLS}"
        if isinstance(call, str):
            self._fail(call)
            self._give_up(at, pieces)
            return True
        pieces.append(Piece(tool_calls=(ToolCallPiece(self.count, self._id(), call.name, call.arguments),)))
        self.count += 1
        self._text, self._space = self._text[at + len(CALL_END) :], ""
        self._inside, self._after_call = False, True
        return True

    def _give_up(self, end: int, pieces: list[Piece]) -> None:
        """What begins like a call is content, up to the first end of one."""
        cut = len(self._text) if end < 0 else end + len(CALL_END)
        self._content(self._text[:cut], pieces)
        self._text, self._inside = self._text[cut:], False

    def _content(self, text: str, pieces: list[Piece]) -> None:
        kept = text.rstrip()
        if kept:
            said = self._space + kept
            pieces.append(Piece(content=said.lstrip() if self._after_call else said))
            self._space, self._after_call = "", False
        self._space += text[len(kept) :]

    def _fail(self, why: str) -> None:
        self.error = self.error or f"what begins like call {self.count + 1} {why}"

    def _id(self) -> str:
        return "call" + hashlib.sha256(f"{self._seed} {self.count}".encode()).hexdigest()[:12]


def _odd_quotes(text: str) -> bool:
    return sum(part.group() == '"' for part in _STRING_PART.finditer(text)) % 2 == 1


def _call(body: str) -> _Call | str:
    """The call, or what is wrong with it."""
    try:
        value = as_object(json.loads(body, parse_constant=_refuse))
        name, arguments = value.get("name"), value.get("arguments", {})
        if not isinstance(name, str) or not name or not _sound(name):
            return "is not an object with a `name`"
        if not isinstance(arguments, dict):
            return "has `arguments` that are not an object"
        text = json.dumps(arguments, ensure_ascii=False, allow_nan=False)
        # JSON can spell halves of a pair of surrogates, which text cannot have.
        return _Call(name, text if _sound(text) else json.dumps(arguments, allow_nan=False))
    except json.JSONDecodeError as error:
        return f"is not JSON: {error.msg} at character {error.pos}"
    except (ValueError, RecursionError):
        return "is JSON with a number or a depth out of all bounds"


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _sound(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Content next to content made one."""
    joined: list[Piece] = []
    for piece in pieces:
        if piece.content and joined and joined[-1].content:
            joined[-1] = Piece(content=joined[-1].content + piece.content)
        else:
            joined.append(piece)
    return joined
