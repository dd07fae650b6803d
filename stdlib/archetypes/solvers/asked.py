"""The particulars of one step, with their types checked: what is missing or of another type is said by name, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from clawc.stdlib.archetypes.brief import Fact, Step
from clawc.stdlib.archetypes.solvers.values import Unsolvable

# Instructions write the number of decimals as a word.
_WORDS = {"no": 0, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4}


class Asked:
    def __init__(self, step: Step) -> None:
        self._step = step

    @property
    def do(self) -> str:
        return self.text("do")

    def has(self, key: str) -> bool:
        return self._step.get(key) is not None

    def yes(self, key: str) -> bool:
        return self._step.get(key) is True

    def text(self, key: str) -> str:
        fact = self._step.get(key)
        if not isinstance(fact, str):
            raise self._wrong(key, "a text")
        return fact

    def texts(self, key: str) -> list[str]:
        """A list of texts; a single text counts as a list of one."""
        fact = self._step.get(key)
        if isinstance(fact, str):
            return [fact]
        return [self._text_in(key, part) for part in self._list(key)]

    def lists(self, key: str) -> list[list[str]]:
        """A list of lists of texts."""
        lists: list[list[str]] = []
        for part in self._list(key):
            if not isinstance(part, Sequence) or isinstance(part, str):
                raise self._wrong(key, "a list of lists")
            lists.append([self._text_in(key, text) for text in part])
        return lists

    def whole(self, key: str) -> int:
        fact = self._step.get(key)
        if not isinstance(fact, int) or isinstance(fact, bool):
            raise self._wrong(key, "a whole number")
        return fact

    def value(self, key: str) -> str | Decimal:
        return self._value_in(key, self._step.get(key))

    def values(self, key: str) -> list[str | Decimal]:
        return [self._value_in(key, part) for part in self._list(key)]

    def numbers(self, key: str) -> list[Decimal]:
        numbers = [value for value in self.values(key) if isinstance(value, Decimal)]
        if len(numbers) != len(self._list(key)):
            raise self._wrong(key, "a list of numbers")
        return numbers

    def parts(self, key: str) -> list[Asked]:
        parts: list[Asked] = []
        for part in self._list(key):
            if not isinstance(part, Mapping):
                raise self._wrong(key, "a list of mappings")
            parts.append(Asked(part))
        return parts

    def decimals(self, key: str = "decimals", otherwise: int | None = None) -> int:
        fact = self._step.get(key)
        if fact is None and otherwise is not None:
            return otherwise
        if isinstance(fact, int) and not isinstance(fact, bool):
            return fact
        if isinstance(fact, str) and fact in _WORDS:
            return _WORDS[fact]
        raise self._wrong(key, "a number of decimals")

    def _list(self, key: str) -> Sequence[Fact]:
        fact = self._step.get(key)
        if not isinstance(fact, Sequence) or isinstance(fact, str):
            raise self._wrong(key, "a list")
        return fact

    def _text_in(self, key: str, fact: Fact) -> str:
        if not isinstance(fact, str):
            raise self._wrong(key, "a list of texts")
        return fact

    def _value_in(self, key: str, fact: Fact) -> str | Decimal:
        if isinstance(fact, str):
            return fact
        if isinstance(fact, (int, float)) and not isinstance(fact, bool):
            return Decimal(str(fact))
        raise self._wrong(key, "a text or a number")

    def _wrong(self, key: str, wanted: str) -> Unsolvable:
        return Unsolvable(f"{self._step.get('do', 'a part')}: {key} is not {wanted}: {self._step.get(key)!r}")
