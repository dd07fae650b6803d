"""What could stand in a cell of a column beside the values that are there: of its type, its precision and its sign."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clawc.compiler.adequacy.lineage import Origin
from clawc.compiler.adequacy.mutant import Hint
from clawc.compiler.adequacy.sources import Column, Input, decimals
from clawc.stdlib.checks.kinds import plain
from clawc.stdlib.checks.numbers import WIDE_NUMBERS

MAX_OTHERS = 4
_NUMBERED = re.compile(r"(.*?)(\d{1,15})(\D*)", re.S)


def fitted(value: Any, column: Column, form: str, hint: Hint) -> tuple[Any] | None:
    """The value as one that a column could hold; None where it could not."""
    if value is None:
        return (None,) if hint.empty and not (column.kind == "text" and form in ("csv", "tsv", "markdown")) else None
    number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    if column.kind == "number":
        if (
            not number
            or (value < 0 and not (column.negative or hint.signed))
            or decimals(_shortest(value)) > column.places
        ):
            return None
        return (
            int(value)
            if not column.places
            else Decimal(value).quantize(Decimal(1).scaleb(-column.places), context=WIDE_NUMBERS),
        )
    if column.kind == "text":
        text = plain(value) if number else value.isoformat() if isinstance(value, date) else value
        return (text,) if isinstance(text, str) and "\n" not in text and "\0" not in text else None
    if column.kind == "date":
        dated = isinstance(column.values[0], datetime)
        return (value,) if isinstance(value, date) and isinstance(value, datetime) == dated else None
    if column.kind == "bool":
        return (value,) if isinstance(value, bool) else None
    return (value,) if number or isinstance(value, str) else None


def _shortest(value: Any) -> Any:
    """A number without zeros at its end."""
    return Decimal(plain(value)) if isinstance(value, Decimal) else value


def extremes(column: Column) -> tuple[Any, Any]:
    """A number far above all of a column, and one below."""
    lowest = min(column.values)
    return 2 * max(column.values) + 1, 2 * lowest - 1 if column.negative else 0


def others(origin: Origin, base: dict[str, Any]) -> Iterator[Any]:
    """Values that a column has elsewhere, those beside its own, and one that it does not have yet."""
    column = origin.input.columns[origin.column]
    own = base.get(origin.column)
    if column.key:
        yield from (fresh_key(column, 1), fresh_key(column, -1))
        return
    seen: list[Any] = []
    for value in column.values:
        if value not in seen and value != own:
            seen.append(value)
    yield from seen[:MAX_OTHERS]
    if column.kind == "text" and len(seen) > MAX_OTHERS:
        yield from (min(seen), max(seen))
    if column.kind == "number":
        step = Decimal(1).scaleb(-column.places) if column.places else 1
        numbers = [v for v in column.values if not isinstance(v, bool)]
        at = own if isinstance(own, (int, Decimal)) else numbers[0]
        yield from (at + step, at - step, max(numbers) + 1, min(numbers) - 1, 0)
    elif column.kind == "date":
        moment = own if isinstance(own, date) else column.values[0]
        for days in (1, -1, 40):
            try:
                yield moment + timedelta(days=days)
            except OverflowError:
                continue
    elif column.kind == "text":
        yield from ("other", fresh_key(column, -1))
    elif column.kind == "bool":
        yield not own


def with_own_keys(input: Input, row: dict[str, Any], but: str, number: int = 0) -> dict[str, Any]:
    """The row with keys of its own, where the column `but` is left as it is."""
    made = dict(row)
    for name, column in input.columns.items():
        if column.key and name != but:
            made[name] = fresh_key(column, number + 1)
    return made


def fresh_key(column: Column, number: int) -> Any:
    """A key behind all others, or for a negative number before them."""
    values = column.values
    if column.kind == "number":
        return max(values) + number if number > 0 else min(values) + number
    texts = [v for v in values if isinstance(v, str)]
    text = max(texts, key=lambda t: (len(t), t)) if number > 0 else min(texts, key=lambda t: (len(t), t))
    match = _NUMBERED.fullmatch(text)
    if match is not None and int(match[2]) + number >= 0:
        return f"{match[1]}{int(match[2]) + number:0{len(match[2])}d}{match[3]}"
    return f"{text}{number + 1}" if number > 0 else f"A{text}"
