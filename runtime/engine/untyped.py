"""JSON that may be anything, as the type that it should have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast


def mapping(found: object) -> Mapping[str, object]:
    """The object, or an empty one for what is none."""
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def listing(found: object) -> list[object]:
    """The list, or an empty one for what is none."""
    return cast("list[object]", found) if isinstance(found, list) else []
