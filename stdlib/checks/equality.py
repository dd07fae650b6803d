"""Equality of any two values, with a reason when it fails: the first is the agent's, the second is
expected."""

from __future__ import annotations

import datetime
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from clawc.stdlib.checks.compare import OneOf, described, in_range, is_unordered, paired, same_number
from clawc.stdlib.checks.kinds import (
    DATE,
    DURATION,
    NULL,
    NUMBER,
    OTHER,
    TEXT,
    TIME,
    TRUTH,
    because,
    counted,
    is_null,
    list_in,
    listed,
    record_in,
    shown,
    too_deep,
)
from clawc.stdlib.checks.matching import Likeness, match_rows
from clawc.stdlib.checks.text import Folding, compared_text
from clawc.stdlib.checks.values import MISSING, Cell, No, Range, Row, Table, Truth, Unordered

MAX_CLOSEST = 50


class Terms(NamedTuple):
    """What a comparison overlooks: a tolerance of numbers, differences of text, keys that may be absent."""

    within: Any
    ignore: Optional[Folding]
    optional: Tuple[str, ...]


def terms_of(within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()) -> Terms:
    """The terms that the arguments of a comparison say."""
    return Terms(within, Folding(ignore) if ignore else None, tuple(optional))


def equal(a: Any, b: Any, within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()) -> Truth:
    """Is `a` what is expected as `b`?

    `within` is a number, a Percent of `b`, or a duration. A key or column in `optional` counts as null when
    absent.
    """
    return equal_on(a, b, terms_of(within, ignore, optional), 0)


def equal_single(a: Any, b: Any, within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()) -> Truth:
    """As `equal`, where what is expected has no parts and one right answer."""
    return same_single(a, b, terms_of(within, ignore, optional))


def equal_rows(
    a: Table, b: Table, within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()
) -> Truth:
    """As `equal`, for a table as it was read and an expected one whose rows have each its place and whose cells have
    no parts."""
    terms = terms_of(within, ignore, optional)
    problem = "" if not a.rows else lacking_column(a, b.columns, terms)
    if problem:
        return because(problem)
    found, expected = cells_of(a.rows, b.columns, terms), cells_of(b.rows, b.columns, terms)
    held = 0
    for place, pair in enumerate(zip(found, expected), 1):
        reason = row_difference(b.columns, *pair, terms)
        held += not reason
        problem = problem or (reason and "row %d: %s" % (place, reason))
    if len(found) != len(expected):
        sizes = "%s, expected %d" % (counted(len(found), "row"), len(expected))
        problem = sizes + ("; " + problem if problem else "")
    return because(problem, held / max(len(found), len(expected))) if problem else True


def row_difference(columns: Sequence[str], found: List[Any], expected: List[Any], terms: Terms) -> str:
    """Why a row differs from one of values without parts, or "": the first column that does."""
    for name, x, y in zip(columns, found, expected):
        if not same_cells(x, y):
            same = same_single(x, y, terms)
            if isinstance(same, No):
                return "column %s: %s" % (shown(name), same.reason)
    return ""


def same_cells(x: Any, y: Any) -> bool:
    """Are cells of tables plainly the same? What is absent on both sides is; an empty cell of a text file may stand
    for that."""
    if x is MISSING or y is MISSING:
        return x is y or (is_null(x) and is_null(y) and (isinstance(x, Cell) or isinstance(y, Cell)))
    return type(x) is type(y) and isinstance(x, (str, int)) and not isinstance(x, Cell) and bool(x == y)


def lacking_column(t: Table, columns: Sequence[str], terms: Terms) -> str:
    """The first column that a table lacks, as a problem, or ""."""
    for name in columns:
        if name not in t.columns and name not in terms.optional:
            return "the column %s is missing" % shown(name)
    return ""


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
    lists = list_in(a), list_in(b)
    if lists[0] is not None and lists[1] is not None:
        return _equal_lists(lists[0], lists[1], terms, level)
    records = record_in(a), record_in(b)
    if records[0] is not None and records[1] is not None:
        return _equal_records(records[0], records[1], terms, level)
    if isinstance(a, Range) and isinstance(b, Range):
        low, high = (equal_on(x, y, terms, level + 1) for x, y in ((a.low, b.low), (a.high, b.high)))
        return True if low and high else because("expected %s, found %s" % described(b, a))
    return same_single(a, b, terms)


def same_single(a: Any, b: Any, terms: Terms) -> Truth:
    """Equality of values that have no parts."""
    tag_a, x, tag_b, y = paired(a, b)
    if tag_a is tag_b:
        if tag_a is NUMBER:
            same = same_number(x, y, terms.within)
        elif tag_a is TEXT:
            x, y = compared_text(x, terms.ignore), compared_text(y, terms.ignore)
            if x == y:
                return True
            return because("expected %s, found %s" % text_difference(y, x))
        elif tag_a in (TIME, DURATION):
            same = x == y or _near_in_time(x, y, terms.within)
        elif tag_a is OTHER:
            same = x is y
        else:
            same = tag_a is NULL or (tag_a in (TRUTH, DATE) and x == y)
        if same:
            return True
    return because("expected %s, found %s" % described(b, a))


def _near_in_time(x: Any, y: Any, within: Any) -> bool:
    """Are two times or durations no further apart than a duration?"""
    if not isinstance(within, datetime.timedelta):
        return False
    if isinstance(x, datetime.datetime) and (x.tzinfo is None) != (y.tzinfo is None):
        return False
    return bool(-within <= x - y <= within)


def text_difference(expected: str, found: str) -> Tuple[str, str]:
    """Two texts for a message; of long ones the first line that differs, from shortly before the
    difference."""
    if max(len(expected), len(found)) <= 60 and "\n" not in expected + found:
        return shown(expected), shown(found)
    lines = expected.split("\n"), found.split("\n")
    number = next((n for n, (x, y) in enumerate(zip(*lines)) if x != y), min(map(len, lines)))
    here = [side[number] if number < len(side) else "" for side in lines]
    place = next((n for n, (x, y) in enumerate(zip(*here)) if x != y), min(map(len, here)))
    begin = max(0, place - 20)
    pieces = [shown(line[begin : begin + 60]) for line in here]
    for side in (0, 1):
        if number == len(lines[side]):
            pieces[side] = "the end of the text"
    return pieces[0], "%s in line %d" % (pieces[1], number + 1)


def _equal_lists(a: List[Any], b: List[Any], terms: Terms, level: int) -> Truth:
    """Equality of lists: value by value, unless the order of one does not count."""
    size = max(len(a), len(b))
    if isinstance(a, Unordered) or isinstance(b, Unordered):
        partners = match_rows([(x,) for x in a], [(y,) for y in b], _likeness(terms, level))
        found = sum(1 for partner in partners if partner is not None)
        if found == size:
            return True
        share = found / size
        taken = set(partners)
        lacking = [y for place, y in enumerate(b) if place not in taken]
        if lacking:
            return because("%s is missing%s" % (shown(lacking[0]), _sizes(a, b, "value")), share)
        strange = [x for x, partner in zip(a, partners) if partner is None]
        return because("%s is not expected%s" % (shown(strange[0]), _sizes(a, b, "value")), share)
    problem, held = "", 0
    for place, (x, y) in enumerate(zip(a, b), 1):
        same = equal_on(x, y, terms, level + 1)
        held += bool(same)
        if isinstance(same, No) and not problem:
            problem = "value %d: %s" % (place, same.reason)
    if len(a) != len(b):
        problem = counted(len(a), "value") + ", expected %d" % len(b) + ("; " + problem if problem else "")
    return because(problem, held / size) if problem else True


def _sizes(a: Sequence[Any], b: Sequence[Any], noun: str) -> str:
    """A remark on two sizes, when they differ."""
    return "" if len(a) == len(b) else " (%s, expected %d)" % (counted(len(a), noun), len(b))


def _equal_records(a: Dict[Any, Any], b: Dict[Any, Any], terms: Terms, level: int) -> Truth:
    """Equality of records: the same keys with equal values."""
    for key in b:
        if key not in a and key not in terms.optional:
            return because("the key %s is missing" % shown(key))
    for key in a:
        if key not in b and key not in terms.optional:
            return because("the key %s is not expected" % shown(key))
    for key in [*b, *(key for key in a if key not in b)]:
        absent = None if key in terms.optional else MISSING
        same = equal_on(a.get(key, absent), b.get(key, absent), terms, level + 1)
        if isinstance(same, No):
            return because("%s: %s" % (shown(key), same.reason))
    return True


def _likeness(terms: Terms, level: int) -> Likeness:
    """Equality of cells on given terms; what is absent on both sides is equal."""

    def same(x: Any, y: Any) -> bool:
        return bool(_equal_cells(x, y, terms, level))

    return Likeness(same, terms.within, terms.ignore)


def _equal_cells(x: Any, y: Any, terms: Terms, level: int) -> Truth:
    """Equality of cells of tables, where one may be absent."""
    return same_cells(x, y) or equal_on(x, y, terms, level + 1)


class Sides(NamedTuple):
    """Two tables as rows of cells under the same columns."""

    columns: List[str]
    found: List[List[Any]]
    expected: List[List[Any]]
    terms: Terms
    level: int


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
        problem = lacking_column(left, columns, terms)
        if problem:
            return because(problem)
    sides = Sides(columns, cells_of(left.rows, columns, terms), cells_of(right.rows, columns, terms), terms, level)
    if is_unordered(left) or is_unordered(right) or (left.blocks is None and right.blocks is None):
        return _equal_in_any_order(sides)
    guide = right if right.blocks is not None else left
    return _equal_in_order(sides, guide, guide is left)


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


def cells_of(rows: Sequence[Row], columns: Sequence[str], terms: Terms) -> List[List[Any]]:
    """The values of rows in the order of columns; what is absent counts as null in an optional column."""
    absent = [None if name in terms.optional else MISSING for name in columns]
    return [[_present(row.get(name, gap), gap) for name, gap in zip(columns, absent)] for row in rows]


def _present(value: Any, gap: Any) -> Any:
    return gap if value is MISSING else value


def _row_problem(sides: Sides, found: List[Any], expected: List[Any]) -> str:
    """Why two rows differ, or "": the first column that does."""
    for name, x, y in zip(sides.columns, found, expected):
        same = _equal_cells(x, y, sides.terms, sides.level)
        if isinstance(same, No):
            return "column %s: %s" % (shown(name), same.reason)
    return ""


def _equal_in_any_order(sides: Sides) -> Truth:
    """Equality of tables as collections of rows."""
    likeness = _likeness(sides.terms, sides.level)
    partners = match_rows(sides.found, sides.expected, likeness)
    found = sum(1 for partner in partners if partner is not None)
    size = max(len(sides.found), len(sides.expected))
    if found == size:
        return True
    taken = set(partners)
    lacking = [row for place, row in enumerate(sides.expected) if place not in taken]
    strange = [place for place, partner in enumerate(partners) if partner is None]
    problem = _odd_rows(sides, strange, lacking)
    if len(sides.found) != len(sides.expected):
        problem = "%s, expected %d; %s" % (counted(len(sides.found), "row"), len(sides.expected), problem)
    return because(problem, found / size)


def _odd_rows(sides: Sides, strange: List[int], lacking: List[List[Any]]) -> str:
    """A message on rows without partner: how the closest pair differs, else one that is missing or not
    expected."""
    if not lacking:
        return "row %d is not expected: %s" % (strange[0] + 1, _shown_row(sides.found[strange[0]]))
    closest: Tuple[int, int] = (0, 0)
    for place in strange[:MAX_CLOSEST]:
        pairs = zip(sides.found[place], lacking[0])
        agreeing = sum(1 for x, y in pairs if _equal_cells(x, y, sides.terms, sides.level))
        closest = max(closest, (agreeing, -place))
    if strange and 2 * closest[0] >= len(sides.columns) > 1:
        place = -closest[1]
        return "row %d: %s" % (place + 1, _row_problem(sides, sides.found[place], lacking[0]))
    return "missing row %s" % _shown_row(lacking[0])


def _shown_row(row: List[Any]) -> str:
    return "(%s)" % ", ".join(shown(value, 1) for value in row[:6])


def _equal_in_order(sides: Sides, guide: Table, guide_found: bool) -> Truth:
    """Equality block by block: `guide` says which rows may change places, and what may stand for the last."""
    spare = cells_of(guide.spare, sides.columns, sides.terms)
    rows, others = (sides.found, sides.expected) if guide_found else (sides.expected, sides.found)
    held, problem, begin = 0, "", 0
    blocks = guide.blocks or []
    for number, size in enumerate(blocks, 1):
        block, others_here = rows[begin : begin + size], others[begin : begin + size]
        if number == len(blocks):
            block = block + spare
        if len(block) == 1 and len(others_here) == 1:
            pair = (block[0], others_here[0]) if guide_found else (others_here[0], block[0])
            reason = _row_problem(sides, *pair)
            held += not reason
            problem = problem or (reason and "row %d: %s" % (begin + 1, reason))
        elif others_here:
            found, expected = (block, others_here) if guide_found else (others_here, block)
            partners = match_rows(found, expected, _likeness(sides.terms, sides.level))
            paired_up = sum(1 for partner in partners if partner is not None)
            held += paired_up
            if paired_up < len(others_here) and not problem:
                problem = _tied_problem(sides, found, expected, partners, begin, guide_found)
        begin += size
    if len(others) != len(rows):
        sizes = "%s, expected %d" % (counted(len(sides.found), "row"), len(sides.expected))
        problem = sizes + ("; " + problem if problem else "")
    return because(problem, held / max(len(rows), len(others))) if problem else True


def _tied_problem(
    sides: Sides,
    found: List[List[Any]],
    expected: List[List[Any]],
    partners: List[Optional[int]],
    begin: int,
    guide_found: bool,
) -> str:
    """A message on rows that tie in the order, of which one has no partner."""
    taken = set(partners)
    lacking = [row for place, row in enumerate(expected) if place not in taken]
    strange = [place for place, partner in enumerate(partners) if partner is None]
    if guide_found or not strange:
        return "among rows %d to %d: missing row %s" % (
            begin + 1,
            begin + len(expected),
            _shown_row(lacking[0]),
        )
    part = Sides(sides.columns, found, expected, sides.terms, sides.level)
    place = strange[0]
    if len(strange) == 1 and len(lacking) == 1:
        return "row %d: %s" % (begin + place + 1, _row_problem(part, found[place], lacking[0]))
    return "row %d does not belong there: %s" % (begin + place + 1, _shown_row(found[place]))


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
