"""Parts of JSON data taken for what they should be, or for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from clawc.runtime.engine.interface import Object


def as_object(value: object) -> Object:
    """The object, or an empty one."""
    return cast(Object, value) if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[object]:
    """The list, or an empty one."""
    return list(cast("list[object] | tuple[object, ...]", value)) if isinstance(value, (list, tuple)) else []
