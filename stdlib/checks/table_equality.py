"""Equality of tables as rows of cells: each row in its place, in groups that tie, or in any order."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

from clawc.stdlib.checks.compare import is_unordered
from clawc.stdlib.checks.kinds import because, counted, is_null, shown
from clawc.stdlib.checks.matching import Likeness, match_rows
from clawc.stdlib.checks.single_values import Terms, same_single, terms_of
from clawc.stdlib.checks.values import MISSING, Cell, No, Row, Table, Truth

MAX_CLOSEST = 50


class Sides(NamedTuple):
    """Two tables as rows of cells under the same columns, and how cells are compared."""

    columns: List[str]
    found: List[List[Any]]
    expected: List[List[Any]]
    likeness: Likeness
    optional: Tuple[str, ...]


def equal_rows(
    a: Table, b: Table, within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()
) -> Truth:
    """As `equal`, for a table as it was read and an expected one whose rows have each its place and whose cells have
    no parts."""
    terms = terms_of(within, ignore, optional)
    problem = "" if not a.rows else lacking_column(a, b.columns, terms.optional)
    if problem:
        return because(problem)
    found, expected = cells_of(a.rows, b.columns, terms.optional), cells_of(b.rows, b.columns, terms.optional)
    held, same = 0, single_cells(terms)
    for place, pair in enumerate(zip(found, expected), 1):
        reason = row_problem(b.columns, *pair, same)
        held += not reason
        problem = problem or (reason and "row %d: %s" % (place, reason))
    if len(found) != len(expected):
        sizes = "%s, expected %d" % (counted(len(found), "row"), len(expected))
        problem = sizes + ("; " + problem if problem else "")
    return because(problem, held / max(len(found), len(expected))) if problem else True


def equal_plain_table(
    a: Table, b: Table, within: Any = None, ignore: Sequence[str] = (), optional: Sequence[str] = ()
) -> Truth:
    """As `equal`, for a table as it was read and an expected one that has rows, whose cells have no parts."""
    terms = terms_of(within, ignore, optional)
    problem = "" if not a.rows else lacking_column(a, b.columns, terms.optional)
    if problem:
        return because(problem)
    return equal_sides(a, b, b.columns, Likeness(single_cells(terms), terms.within, terms.ignore), terms.optional)


def equal_sides(a: Table, b: Table, columns: List[str], likeness: Likeness, optional: Tuple[str, ...]) -> Truth:
    """Equality of tables in some columns, in order where one has an order."""
    sides = Sides(columns, cells_of(a.rows, columns, optional), cells_of(b.rows, columns, optional), likeness, optional)
    if is_unordered(a) or is_unordered(b) or (a.blocks is None and b.blocks is None):
        return rows_in_any_order(sides)
    guide = b if b.blocks is not None else a
    return rows_in_order(sides, guide, guide is a)


def single_cells(terms: Terms) -> Callable[[Any, Any], Truth]:
    """Equality of cells, those expected without parts."""

    def same(x: Any, y: Any) -> Truth:
        return same_cells(x, y) or same_single(x, y, terms)

    return same


def same_cells(x: Any, y: Any) -> bool:
    """Are cells of tables plainly the same? What is absent on both sides is; an empty cell of a text file may stand
    for that."""
    if x is MISSING or y is MISSING:
        return x is y or (is_null(x) and is_null(y) and (isinstance(x, Cell) or isinstance(y, Cell)))
    return type(x) is type(y) and isinstance(x, (str, int)) and not isinstance(x, Cell) and bool(x == y)


def lacking_column(t: Table, columns: Sequence[str], optional: Sequence[str]) -> str:
    """The first column that a table lacks, as a problem, or ""."""
    for name in columns:
        if name not in t.columns and name not in optional:
            return "the column %s is missing" % shown(name)
    return ""


def cells_of(rows: Sequence[Row], columns: Sequence[str], optional: Sequence[str]) -> List[List[Any]]:
    """The values of rows in the order of columns; what is absent counts as null in an optional column."""
    gaps = [(name, None if name in optional else MISSING) for name in columns]
    return [[_present(row.get(name, gap), gap) for name, gap in gaps] for row in rows]


def _present(value: Any, gap: Any) -> Any:
    return gap if value is MISSING else value


def row_problem(
    columns: Sequence[str], found: List[Any], expected: List[Any], same: Callable[[Any, Any], Truth]
) -> str:
    """Why two rows differ, or "": the first column that does."""
    for name, x, y in zip(columns, found, expected):
        truth = same(x, y)
        if isinstance(truth, No):
            return "column %s: %s" % (shown(name), truth.reason)
    return ""


def rows_in_any_order(sides: Sides) -> Truth:
    """Equality of tables as collections of rows."""
    partners = match_rows(sides.found, sides.expected, sides.likeness)
    found = sum(1 for partner in partners if partner is not None)
    size = max(len(sides.found), len(sides.expected))
    if found == size:
        return True
    taken = set(partners)
    lacking = [row for place, row in enumerate(sides.expected) if place not in taken]
    strange = [place for place, partner in enumerate(partners) if partner is None]
    problem = odd_rows(sides, strange, lacking)
    if len(sides.found) != len(sides.expected):
        problem = "%s, expected %d; %s" % (counted(len(sides.found), "row"), len(sides.expected), problem)
    return because(problem, found / size)


def odd_rows(sides: Sides, strange: List[int], lacking: List[List[Any]]) -> str:
    """A message on rows without partner: how the closest pair differs, else one that is missing or not
    expected."""
    if not lacking:
        return "row %d is not expected: %s" % (strange[0] + 1, shown_row(sides.found[strange[0]]))
    closest: Tuple[int, int] = (0, 0)
    for place in strange[:MAX_CLOSEST]:
        pairs = zip(sides.found[place], lacking[0])
        agreeing = sum(1 for x, y in pairs if sides.likeness.same(x, y))
        closest = max(closest, (agreeing, -place))
    if strange and 2 * closest[0] >= len(sides.columns) > 1:
        place = -closest[1]
        return "row %d: %s" % (
            place + 1,
            row_problem(sides.columns, sides.found[place], lacking[0], sides.likeness.same),
        )
    return "missing row %s" % shown_row(lacking[0])


def shown_row(row: List[Any]) -> str:
    """The first cells of a row, for a message."""
    return "(%s)" % ", ".join(shown(value, 1) for value in row[:6])


def rows_in_order(sides: Sides, guide: Table, guide_found: bool) -> Truth:
    """Equality block by block: `guide` says which rows may change places, and what may stand for the last."""
    spare = cells_of(guide.spare, sides.columns, sides.optional)
    rows, others = (sides.found, sides.expected) if guide_found else (sides.expected, sides.found)
    held, problem, begin = 0, "", 0
    blocks = guide.blocks or []
    for number, size in enumerate(blocks, 1):
        block, others_here = rows[begin : begin + size], others[begin : begin + size]
        if number == len(blocks):
            block = block + spare
        if len(block) == 1 and len(others_here) == 1:
            pair = (block[0], others_here[0]) if guide_found else (others_here[0], block[0])
            reason = row_problem(sides.columns, *pair, sides.likeness.same)
            held += not reason
            problem = problem or (reason and "row %d: %s" % (begin + 1, reason))
        elif others_here:
            found, expected = (block, others_here) if guide_found else (others_here, block)
            partners = match_rows(found, expected, sides.likeness)
            paired_up = sum(1 for partner in partners if partner is not None)
            held += paired_up
            if paired_up < len(others_here) and not problem:
                problem = tied_problem(sides, found, expected, partners, begin, guide_found)
        begin += size
    if len(others) != len(rows):
        sizes = "%s, expected %d" % (counted(len(sides.found), "row"), len(sides.expected))
        problem = sizes + ("; " + problem if problem else "")
    return because(problem, held / max(len(rows), len(others))) if problem else True


def tied_problem(
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
            shown_row(lacking[0]),
        )
    place = strange[0]
    if len(strange) == 1 and len(lacking) == 1:
        return "row %d: %s" % (
            begin + place + 1,
            row_problem(sides.columns, found[place], lacking[0], sides.likeness.same),
        )
    return "row %d does not belong there: %s" % (begin + place + 1, shown_row(found[place]))
