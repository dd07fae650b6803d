"""What a set takes no second time: found before a task is proved, by its text, and after, by its structure and data."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from clawc.runtime.synth.lexical import Lexical, words
from clawc.runtime.synth.semantic import Encoder, Semantic

OPENING_SHARE, STRUCTURE_SHARE = 0.015, 0.009
_LEAST = 3


class Screen:
    """Remembers what was let through. The same texts in the same order give the same answers."""

    def __init__(self, count: int, encode: Encoder | None) -> None:
        self._most_openings = max(_LEAST, int(count * OPENING_SHARE))
        self._most_structures = max(_LEAST, int(count * STRUCTURE_SHARE))
        self._sources: set[bytes] = set()
        self._openings: Counter[tuple[str, ...]] = Counter()
        self._lexical = Lexical()
        self._semantic = Semantic(encode=encode) if encode is not None else None
        self._structures: Counter[str] = Counter()
        self._data: set[tuple[str, str]] = set()

    def text(self, name: str, category: str, source: str, instruction: str) -> str:
        """Why a task is not worth proving, or nothing; then it is remembered."""
        mark = blake2b(source.replace(name, "").encode(), digest_size=16).digest()
        if mark in self._sources:
            return "exact duplicate"
        opening = tuple(words(instruction)[:3])
        if self._openings[opening] >= self._most_openings:
            return "opening used too often"
        if self._lexical.add(name, instruction) is not None:
            return "near-duplicate by 3-grams"
        if self._semantic is not None and self._semantic.add(name, instruction, category) is not None:
            return "near-duplicate by meaning"
        self._sources.add(mark)
        self._openings[opening] += 1
        return ""

    def structure(self, structure: str, data: str) -> str:
        """Why a proved task is not taken, or nothing; then it is remembered."""
        if (structure, data) in self._data:
            return "same structure and data"
        if self._structures[structure] >= self._most_structures:
            return "structure used too often"
        self._structures[structure] += 1
        self._data.add((structure, data))
        return ""
