"""Equality of any two values, with a reason when it fails: the first is the agent's, the second is
expected."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence

from clawc.stdlib.checks.compare import OneOf, described, in_range
from clawc.stdlib.checks.kinds import because, counted, list_in, listed, record_in, shown, too_deep
from clawc.stdlib.checks.matching import Likeness, match_rows
from clawc.stdlib.checks.single_values import Terms, same_single, terms_of
from clawc.stdlib.checks.table_equality import equal_sides, lacking_column, same_cells
from clawc.stdlib.checks.values import MISSING, No, Range, Table, Truth, Unordered, Unsorted

Same = Callable[[Any, Any], Truth]


def equal(a: Any, b: Any, within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()) -> Truth:
    """Is `a` what is expected as `b`?

    `within` is a number, a Percent of `b`, or a duration. A key or column in `optional` counts as null when
    absent.
    """
    return equal_on(a, b, terms_of(within, ignore, optional), 0)


def equal_parts(a: Any, b: Any, within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()) -> Truth:
    """As `equal`, for a value of JSON and an expected one of records, lists in order and values without parts."""
    return parts_equal(a, b, terms_of(within, ignore, optional), 0)


def parts_equal(a: Any, b: Any, terms: Terms, level: int) -> Truth:
    """Equality of records, lists in order and single values, `level` levels down in the values compared."""
    too_deep(level)

    def same(x: Any, y: Any) -> Truth:
        return parts_equal(x, y, terms, level + 1)

    lists = list_in(a), list_in(b)
    if lists[0] is not None and lists[1] is not None:
        return lists_in_order(lists[0], lists[1], same)
    records = record_in(a), record_in(b)
    if records[0] is not None and records[1] is not None:
        return equal_records(records[0], records[1], terms.optional, same)
    return same_single(a, b, terms)


def differs(a: Any, b: Any) -> Truth:
    """Is `a` another value than `b`? What is missing has no value, so it does not differ either."""
    if a is MISSING or b is MISSING:
        return because("expected another value than %s, found %s" % described(b, a))
    return True if not equal(a, b) else because("expected another value than %s" % shown(b))


def equal_on(a: Any, b: Any, terms: Terms, level: int) -> Truth:
    """Equality on given terms, `level` levels down in the values compared."""
    too_deep(level)
    for choice, other in ((b, a), (a, b)):
        if isinstance(choice, OneOf):
            pairs = ((a, right) if choice is b else (right, b) for right in choice.values)
            if any(equal_on(x, y, terms, level + 1) for x, y in pairs):
                return True
            return because("expected one of %s, found %s" % (shown(choice.values), shown(other)))
    if isinstance(a, Table) or isinstance(b, Table):
        return equal_tables(a, b, terms, level)
    if isinstance(b, Unordered) or (isinstance(a, Unordered) and not isinstance(a, Unsorted)):
        lists = list_in(a), list_in(b)
        if lists[0] is not None and lists[1] is not None:
            return lists_in_any_order(lists[0], lists[1], terms, level)
    if isinstance(a, Range) and isinstance(b, Range):
        low, high = (equal_on(x, y, terms, level + 1) for x, y in ((a.low, b.low), (a.high, b.high)))
        return True if low and high else because("expected %s, found %s" % described(b, a))

    def same(x: Any, y: Any) -> Truth:
        return equal_on(x, y, terms, level + 1)

    lists = list_in(a), list_in(b)
    if lists[0] is not None and lists[1] is not None:
        return lists_in_order(lists[0], lists[1], same)
    records = record_in(a), record_in(b)
    if records[0] is not None and records[1] is not None:
        return equal_records(records[0], records[1], terms.optional, same)
    return same_single(a, b, terms)


def lists_in_any_order(a: List[Any], b: List[Any], terms: Terms, level: int) -> Truth:
    """Equality of lists of which one has no order."""
    partners = match_rows([(x,) for x in a], [(y,) for y in b], likeness_on(terms, level))
    size = max(len(a), len(b))
    found = sum(1 for partner in partners if partner is not None)
    if found == size:
        return True
    sizes = "" if len(a) == len(b) else " (%s, expected %d)" % (counted(len(a), "value"), len(b))
    taken = set(partners)
    lacking = [y for place, y in enumerate(b) if place not in taken]
    if lacking:
        return because("%s is missing%s" % (shown(lacking[0]), sizes), found / size)
    strange = [x for x, partner in zip(a, partners) if partner is None]
    return because("%s is not expected%s" % (shown(strange[0]), sizes), found / size)


def lists_in_order(a: List[Any], b: List[Any], same: Same) -> Truth:
    """Equality of lists, value by value."""
    problem, held = "", 0
    for place, (x, y) in enumerate(zip(a, b), 1):
        truth = same(x, y)
        held += bool(truth)
        if isinstance(truth, No) and not problem:
            problem = "value %d: %s" % (place, truth.reason)
    if len(a) != len(b):
        problem = counted(len(a), "value") + ", expected %d" % len(b) + ("; " + problem if problem else "")
    return because(problem, held / max(len(a), len(b))) if problem else True


def equal_records(a: Dict[Any, Any], b: Dict[Any, Any], optional: Sequence[str], same: Same) -> Truth:
    """Equality of records: the same keys with equal values."""
    for key in b:
        if key not in a and key not in optional:
            return because("the key %s is missing" % shown(key))
    for key in a:
        if key not in b and key not in optional:
            return because("the key %s is not expected" % shown(key))
    for key in [*b, *(key for key in a if key not in b)]:
        absent = None if key in optional else MISSING
        truth = same(a.get(key, absent), b.get(key, absent))
        if isinstance(truth, No):
            return because("%s: %s" % (shown(key), truth.reason))
    return True


def likeness_on(terms: Terms, level: int) -> Likeness:
    """Equality of cells on given terms; what is absent on both sides is equal."""

    def same(x: Any, y: Any) -> Truth:
        return same_cells(x, y) or equal_on(x, y, terms, level + 1)

    return Likeness(same, terms.within, terms.ignore)


def equal_tables(a: Any, b: Any, terms: Terms, level: int) -> Truth:
    """Equality of tables, or of a table and a list: in the columns of `b`, and in order where one has an
    order."""
    left, right = _as_table(a, b), _as_table(b, a)
    if left is None or right is None:
        return because("expected %s, found %s" % described(b, a))
    columns = list(right.columns)
    if len(left.rows) and not isinstance(a, Table):
        extra = [name for name in left.columns if name not in columns]
        for name in extra:
            if name not in terms.optional:
                return because("the column %s is not expected" % shown(name))
        columns.extend(extra)
    if len(left.rows) and len(right.rows):
        problem = lacking_column(left, columns, terms.optional)
        if problem:
            return because(problem)
    return equal_sides(left, right, columns, likeness_on(terms, level), terms.optional)


def _as_table(v: Any, other: Any) -> Optional[Table]:
    """A table as it is; a list as one of records, or of values under the only column of the other table."""
    if isinstance(v, Table):
        return v
    values = list_in(v)
    if values is None:
        return None
    records = [record for record in map(record_in, values) if record is not None]
    if len(records) == len(values):
        columns: Dict[Any, None] = {}
        for record in records:
            columns.update(dict.fromkeys(record))
        return Table(columns, records)
    if isinstance(other, Table) and len(other.columns) == 1 and not records:
        return Table(other.columns, [{other.columns[0]: value} for value in values])
    return None


def is_in(x: Any, coll: Any) -> Truth:
    """Is a value in a range, or equal to one of a list or of a table's only column? For anything else: are
    they equal?"""
    if isinstance(coll, Range):
        return in_range(x, coll)
    if isinstance(coll, OneOf):
        return equal(x, coll)
    values = listed(coll) if isinstance(coll, Table) else list_in(coll)
    if values is None:
        return equal(x, coll)
    if any(equal(x, value) for value in values):
        return True
    return because("%s is not among %s" % (shown(x), shown(values)))


def not_in(x: Any, coll: Any) -> Truth:
    """Is a value not in a range or list? What is missing has no value, so this does not hold for it."""
    if x is MISSING or is_missing_list(coll):
        return because("expected a value, found nothing")
    return True if not is_in(x, coll) else because("%s is in %s" % (shown(x), shown(coll)))


def is_missing_list(coll: Any) -> bool:
    """Is there no list to look in?"""
    return coll is MISSING or coll is None
