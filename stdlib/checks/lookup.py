"""Parts of values: columns, rows, keys and elements. What is not there is missing, or Unmet where a table
lacks it."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from clawc.stdlib.checks.kinds import counted, list_in, record_in, shown
from clawc.stdlib.checks.numbers import integer
from clawc.stdlib.checks.tables import in_order_of, like_list, require_column, table
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import MISSING, Table, Unmet, Unordered


def column(t: Any, name: Any) -> List[Any]:
    """The values of a column; their order counts as far as that of the rows does."""
    source = table(t)
    if source.columns or source.rows:
        require_column(source, name)
    values = [row.get(name, MISSING) for row in source.rows]
    return in_order_of(source, values)


def record_key(value: Any) -> Any:
    """A single value as a key of a record; raises Unmet for a list, record, table or file."""
    try:
        hash(value)
    except TypeError:
        raise Unmet("a key of a record is a text or another single value, not %s" % shown(value)) from None
    return value


def columns_of(t: Any) -> List[str]:
    """The names of the columns."""
    return list(table(t).columns)


def record_of(t: Any) -> Dict[str, Any]:
    """A table of two columns as keys and values."""
    source = table(t)
    if len(source.columns) != 2:
        raise Unmet("a record is made of two columns, not of %d" % len(source.columns))
    key, value = source.columns
    made: Dict[str, Any] = {}
    for row in source.rows:
        name = as_text(row.get(key))
        if name in made:
            raise Unmet("the key %s occurs twice" % shown(name))
        made[name] = row.get(value, MISSING)
    return made


def only(t: Any) -> Any:
    """The one row of a table, as a record, or the one value of a list; raises Unmet when there are more or
    none."""
    given = list_in(t)
    values: List[Any] = table(t).rows if given is None else given
    if len(values) != 1:
        noun = "row" if given is None else "value"
        raise Unmet("expected exactly 1 %s, found %s" % (noun, counted(len(values), noun)))
    return values[0]


def values_of(v: Any) -> List[Any]:
    """The values of a record."""
    record = record_in(v)
    if record is None:
        raise Unmet("%s is not a record" % shown(v))
    return list(record.values())


def get(v: Any, key: Any) -> Any:
    """The value of a key; of every record of a list; the values of a column. Missing when there is none."""
    if isinstance(v, Table):
        return column(v, key)
    values = list_in(v)
    if values is None:
        return value_at(v, key)
    found = [value_at(part, key) for part in values]
    return like_list(v, found)


def value_at(v: Any, key: Any) -> Any:
    """The value of a key of a record; missing when there is none, or no record."""
    record = record_in(v)
    return MISSING if record is None or not isinstance(key, str) else record.get(key, MISSING)


def get_path(v: Any, path: Any) -> Any:
    """The value at a dotted path of keys; a number in the path is a place in a list."""
    if not isinstance(path, str):
        return MISSING
    for key in path.split("."):
        place = integer(key) if isinstance(v, list) and not isinstance(v, Unordered) else None
        v = get(v, key) if place is None else item(v, place)
    return v


def item(v: Any, index: Any) -> Any:
    """The element at a place, counted from 0, below 0 from the end; of a record the value of a key. Else
    missing."""
    values: Optional[List[Any]] = v.rows if isinstance(v, Table) else list_in(v)
    if values is None:
        return value_at(v, index)
    place = integer(index)
    return values[place] if place is not None and -len(values) <= place < len(values) else MISSING
