"""Values of documents that are being made: JSON text, lists of objects, decimals as numbers and back."""

from __future__ import annotations

import json
from decimal import Decimal
from math import isfinite
from typing import cast

from pydantic import JsonValue

from clawc.runtime.trajectory.records import Document

# Of a number in a stranger's file.
LARGEST = 10**15


def as_json(document: object) -> str:
    """A document on one line."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def documents(values: list[Document]) -> JsonValue:
    """A list of objects as the JSON value that it is; the same list, so what is appended later is in it."""
    return cast(JsonValue, values)


def number_of(decimal: str) -> tuple[float | None, bool]:
    """A decimal as the number that formats want, and whether `decimal_of` gives it back; None if it is no finite number."""
    try:
        number = float(decimal)
    except ValueError:
        return None, False
    return (number, decimal_of(number) == decimal) if isfinite(number) else (None, False)


def decimal_of(number: float) -> str:
    """A number as a decimal without an exponent."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
