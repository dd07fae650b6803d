"""Arguments of calls, which models write as text, for formats that want them as objects."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NamedTuple, cast

from pydantic import JsonValue

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.trajectory.records import Document
from clawc.runtime.trajectory.strangers import parsed

# Deeper ones stay text: they stand inside of documents, which have a bound of their own.
_DEPTH = 32


class Arguments(NamedTuple):
    """`values` are empty if the text is no JSON object; `exact` says whether `arguments_text` makes the same text of them."""

    values: Document
    sound: bool
    exact: bool


def arguments_of(text: str) -> Arguments:
    """The object that the text of a call's arguments is."""
    try:
        values = parsed(text.encode("utf-8"), "arguments", _DEPTH).fields
    except RuntimeFault:
        return Arguments({}, False, False)
    return Arguments(values, True, arguments_text(values) == text)


def arguments_text(values: JsonValue) -> str:
    """The text of arguments that are known as an object only."""
    return json.dumps(values, ensure_ascii=False)


def as_json(document: object) -> str:
    """A document on one line."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def number_of(decimal: str) -> tuple[float | None, bool]:
    """A decimal as the number that formats want, and whether that says the same; None if it is none."""
    try:
        number = float(decimal)
    except ValueError:
        return None, False
    if number - number != 0:  # not finite
        return None, False
    return number, decimal_of(number) == decimal


def decimal_of(number: float) -> str:
    """A number as a decimal without an exponent."""
    text = format(Decimal(repr(number)), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def documents(values: list[Document]) -> JsonValue:
    """A list of objects as the JSON value that it is."""
    return cast(JsonValue, values)
