"""Holds the answer to one call to a grammar: which tokens may come next, so that the whole is a sentence within its bound.

It knows a way to the end at any time. A token after which there is none within the tokens that are left is refused, though the grammar has
it; and when hardly more tokens are left than the way needs, it is followed.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from llguidance import LLMatcher, LLParserLimits
from numpy.typing import NDArray

from clawc.runtime.engine.interface import Constraint, EngineFailure
from clawc.runtime.engine.local.completion import completion, still_ends
from clawc.runtime.engine.local.vocabulary import Vocabulary, byte_tokenizer
from clawc.runtime.engine.untyped import mapping, parsed, shown

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

_MARGIN = 2  # tokens more than the way needs, below which it is followed
_TRIES = 8  # tokens that are refused at one place, after which the way is followed
_FAR = 256  # tokens left: as long as there are more, a token is taken although no way is found after it
_EFFORT = 3000  # states that are looked at
_KEPT = 8  # grammars that stay compiled
_SAID = 300  # characters of what the library says
_COLONS = 10_000  # of a grammar or schema: the library follows rules and references by recursion, for each of which there is one
_SPACING: JsonCompileOptions = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_STACK = 256 << 20  # bytes for that


class Guide:
    """`refused` tokens were drawn at this place that lead too far."""

    def __init__(self, start: _Start, vocabulary: Vocabulary) -> None:
        self._matcher = start.matcher.deep_copy()
        self._bytes = start.spelled.deep_copy()
        self._vocabulary = vocabulary
        self._text = start.way  # that ends the answer from here
        self._way = start.tokens  # the same as tokens
        self._refused: set[int] = set()

    @property
    def refused(self) -> int:
        return len(self._refused)

    def allowed(self, left: int) -> NDArray[np.bool_]:
        """The tokens (bool, all that the model has) of which the next one is to be, the first of `left` that the answer may still have. There
        is one at least. Raises EngineFailure where there is none."""
        found = np.zeros(self._vocabulary.size, dtype=np.bool_)
        if not self._follows(left):
            self._open(found)
        if not found.any() and self._way is not None:
            found[self._way[0] if self._way else list(self._vocabulary.ends)] = True
        if not found.any():
            raise EngineFailure("rejected", "the grammar leaves no token that the model has")
        return found

    def take(self, token: int, left: int) -> bool:
        """Goes on with a token that was `allowed`, after which the answer may have `left` more. False if it was refused: then another one is to
        be drawn. Raises EngineFailure."""
        if token in self._vocabulary.ends:
            return True
        follows = self._follows(left + 1)
        data = self._vocabulary.spelled[token]
        if not self._bytes.consume_tokens(list(data)):
            raise _failure("the grammar cannot be followed", self._bytes)
        if follows and self._way is not None:
            self._text, self._way = (self._text or b"")[len(data) :], self._way[1:]
        else:
            text, way = self._next(left)
            fits = len(way) < left if way is not None else left > _FAR
            if not fits and self._way is not None:
                if not self._bytes.rollback(len(data)):
                    raise _failure("the grammar cannot be followed", self._bytes)
                self._refused.add(token)
                return False
            self._text, self._way = text, way
        if not self._matcher.consume_token(token):
            raise _failure("the grammar cannot be followed", self._matcher)
        self._refused.clear()
        return True

    def _open(self, found: NDArray[np.bool_]) -> None:
        """Fills in what the grammar allows, without what was refused."""
        bits = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
        if self._matcher.is_error():
            raise _failure("the grammar cannot be followed", self._matcher)
        count = min(len(found), len(bits))
        found[:count] = bits[:count]
        found &= self._vocabulary.plain
        found[list(self._refused)] = False
        found[list(self._vocabulary.ends)] = self._matcher.is_accepting()

    def _follows(self, left: int) -> bool:
        return self._way is not None and (left <= len(self._way) + 1 + _MARGIN or self.refused >= _TRIES)

    def _next(self, left: int) -> tuple[bytes | None, list[int] | None]:
        """The way from here; it is sought for longer where it is soon needed."""
        text = still_ends(self._bytes, self._text) if self._text is not None else None
        if text is None:
            text = completion(self._bytes, self._text or b"", _EFFORT if left <= _FAR else _EFFORT // 10)
        return text, self._vocabulary.tokens(text) if text is not None else None


@dataclass(frozen=True, slots=True)
class _Start:
    """A compiled grammar, before the first token."""

    matcher: LLMatcher
    spelled: LLMatcher
    way: bytes | None
    tokens: list[int] | None


class Guides:
    """Compiles grammars for one model."""

    def __init__(self, folder: Path, size: int, ends: Sequence[int]) -> None:
        """See Vocabulary. Raises EngineFailure."""
        self._vocabulary = Vocabulary(folder, size, ends)
        self._bytes = byte_tokenizer()
        self._kept: OrderedDict[Constraint, _Start] = OrderedDict()

    def guide(self, constraint: Constraint, most: int) -> Guide:
        """For an answer of at most `most` tokens, its end with them. Raises EngineFailure for what is no grammar, too large a one, or one whose
        shortest sentence is longer as far as is known."""
        start = self._kept.pop(constraint, None) or self._compiled(constraint)
        self._kept[constraint] = start
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        if start.tokens is not None and len(start.tokens) >= most:
            needed = f"the shortest that is known has {len(start.tokens) + 1} tokens, and it may have {most}"
            raise EngineFailure("rejected", f"no answer of this {constraint.kind} is so short: {needed}")
        return Guide(start, self._vocabulary)

    def _compiled(self, constraint: Constraint) -> _Start:
        text = constraint.text if constraint.kind == "grammar" else _of_schema(constraint.text)
        if text.count(":") > _COLONS:
            raise EngineFailure("rejected", f"the {constraint.kind} has more than {_COLONS} rules or names")
        if constraint.kind == "grammar" and text.lstrip().startswith("{"):  # another notation of the library's
            raise EngineFailure("rejected", "the grammar begins with a bracket")
        matchers: list[LLMatcher] = []
        threading.stack_size(_STACK)
        try:
            compiling = threading.Thread(target=lambda: matchers.extend(self._matchers(text)))
            compiling.start()
        finally:
            threading.stack_size(0)
        compiling.join()
        for matcher in matchers:
            if matcher.is_error():
                raise _failure(f"the {constraint.kind} is refused", matcher)
        matcher, spelled = matchers
        way = completion(spelled, b"", _EFFORT)
        return _Start(matcher, spelled, way, None if way is None else self._vocabulary.tokens(way))

    def _matchers(self, text: str) -> list[LLMatcher]:
        """Over the tokens of the model, and over bytes."""
        limits = LLParserLimits(verbose_errors=False)
        tokenizers = (self._vocabulary.tokenizer, self._bytes)
        return [LLMatcher(tokenizer, text, log_level=0, limits=limits) for tokenizer in tokenizers]


def _of_schema(text: str) -> str:
    """A grammar of JSON on one line, spaced as `json.dumps` has it: a small model would fill its room with blanks."""
    try:
        schema = parsed(text)
    except ValueError as error:
        raise EngineFailure("rejected", f"the schema is no JSON: {shown(str(error))[:_SAID]}") from error
    if mapping(schema) is not schema:
        raise EngineFailure("rejected", "the schema is no JSON object")
    return LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults=_SPACING)


def _failure(what: str, matcher: LLMatcher) -> EngineFailure:
    return EngineFailure("rejected", f"{what}: {shown(matcher.get_error())[:_SAID]}")
