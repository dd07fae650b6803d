"""Trees of values with some of them replaced."""

from __future__ import annotations

from typing import Any, Dict, List

from clawc.stdlib.checks.kinds import list_in, record_in, shown
from clawc.stdlib.checks.numbers import integer
from clawc.stdlib.checks.values import Unmet


def patch(v: Any, changes: Any) -> Any:
    """The value with others at some dotted paths; a number in a path is a place in a list. The last key may be new."""
    record = record_in(changes)
    if record is None:
        raise Unmet("%s is not a record of paths and values" % shown(changes))
    for path, value in record.items():
        v = _patched(v, path.split("."), value, path)
    return v


def _patched(v: Any, keys: List[str], value: Any, path: str) -> Any:
    """The value with another at one path."""
    if not keys:
        return value
    listed_ = list_in(v)
    if listed_ is not None:
        items = list(listed_)
        place = integer(keys[0])
        if place is None or not 0 <= place < len(items):
            raise Unmet("nothing stands at `%s`" % path)
        items[int(place)] = _patched(items[int(place)], keys[1:], value, path)
        return items
    tree = record_in(v)
    if tree is None or (len(keys) > 1 and keys[0] not in tree):
        raise Unmet("nothing stands at `%s`" % path)
    made: Dict[str, Any] = dict(tree)
    made[keys[0]] = _patched(made.get(keys[0]), keys[1:], value, path)
    return made
