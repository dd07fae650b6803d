"""Arguments of calls, which models write as text, for formats that want them as objects."""

from __future__ import annotations

import json
from typing import NamedTuple

from pydantic import JsonValue

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.trajectory.records import Document
from clawc.runtime.trajectory.strangers import parsed

# Deeper ones stay text: they stand inside of documents, which have a bound of their own.
_DEPTH = 32


class Arguments(NamedTuple):
    """`values` are empty if the text is no JSON object, which `sound` says; `exact` says whether `arguments_text` makes the same text
    of them."""

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
