"""What primitives gave, remembered from one judged workspace to the next: mutants differ from each other in one file.

Values are never changed, so a container is known by its identity as long as it is kept here.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from clawc.stdlib.checks.compare import Margin, OneOf, Percent
from clawc.stdlib.checks.values import Cell, File, Range, Table, Unmet, Unordered, Unsorted

MAX_RESULTS = 100_000
_PLAIN = (str, int, Decimal, bool, type(None), datetime.date, datetime.datetime, datetime.timedelta, Cell, bytes)
_PARTS = (list, dict, tuple, Table, Range, Percent, Margin, OneOf, Unordered, Unsorted, re.Pattern)
_KINDS: dict[type, int] = {**dict.fromkeys(_PLAIN, 1), **dict.fromkeys(_PARTS, 2), File: 3}


class Remembered:
    """Results of calls by function and arguments; of one task."""

    def __init__(self) -> None:
        self._results: dict[Any, Any] = {}
        self._kept: dict[int, Any] = {}

    def call(self, name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The result of a call, or what it raised (Unmet)."""
        parts: list[Any] = [name]
        for value in (*args, *kwargs.items()) if kwargs else args:
            part = self._part(value)
            if part is None:
                return function(*args, **kwargs)
            parts.append(part)
        return self._known(tuple(parts), lambda: function(*args, **kwargs))

    def thunk(self, key: object, condition: Callable[[], Any]) -> Callable[[], Any]:
        """A condition whose outcome is remembered under a key that names all that it depends on."""

        def known() -> Any:
            return self._known(key, condition)

        return known

    def _known(self, key: object, compute: Callable[[], Any]) -> Any:
        found = self._results.get(key, self)
        if found is self:
            try:
                found = compute()
            except Unmet as problem:
                found = _Raised(problem)
            if len(self._results) < MAX_RESULTS:
                self._results[key] = found
        if type(found) is _Raised:
            raise found.problem
        return found

    def _part(self, value: Any) -> Any:
        """What stands for an argument; None where it cannot be known again."""
        kind = _KINDS.get(type(value))  # pyright: ignore[reportUnknownArgumentType]
        if kind == 1:
            return type(value), value
        if kind == 2:
            if type(value) is tuple:  # pyright: ignore[reportUnknownArgumentType]
                inner = [self._part(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
                return None if None in inner else tuple(inner)
            self._kept[id(value)] = value
            return id(value)
        if kind == 3:
            return value.name, value.path, value.kind, value.data, value.problem
        return None


class _Raised:
    """A result that was none."""

    def __init__(self, problem: Unmet) -> None:
        self.problem = problem


def remembered_form(form: Callable[[File], Any]) -> Callable[[File], Any]:
    """The same requirement on a file; one that was looked at is not looked at again."""
    known: dict[Any, Unmet | None] = {}

    def required(file: File) -> None:
        key = file.path, file.data, file.problem
        if key not in known:
            try:
                form(file)
                problem = None
            except Unmet as unmet:
                problem = unmet
            if len(known) >= MAX_RESULTS:
                known.clear()
            known[key] = problem
        found = known[key]
        if found is not None:
            raise found

    return required
