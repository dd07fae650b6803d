"""The report as JSON: everything under the names of `document`, in their order, ASCII only. Fields may be added under
one `format_version`, never changed or removed."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import cast

from clawc.runtime.report.document import FORMAT_VERSION, Report

_PLACES = 6


def as_json(report: Report) -> str:
    """The document; numbers are rounded to six places, unknown ones are null."""
    document = {"format_version": FORMAT_VERSION, **cast("dict[str, object]", data_of(report))}
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def data_of(value: object) -> object:
    """Dataclasses and tuples as what JSON has; numbers rounded."""
    if isinstance(value, float):
        return round(value, _PLACES) + 0.0
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: data_of(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        parts = cast("tuple[object, ...]", value)
        names = cast("tuple[str, ...]", getattr(parts, "_fields", ()))
        return dict(zip(names, map(data_of, parts))) if names else [data_of(part) for part in parts]
    return value
