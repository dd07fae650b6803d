"""What sort of value something is, how messages show it, and what a cell of a table file means beside
another value."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any, List, Optional

from clawc.stdlib.checks.dates import date_spelled, datetime_of, iso
from clawc.stdlib.checks.values import Cell, File, Missing, No, Number, PrintedCell, Range, Row, Table, Unmet

MAX_LEVELS = 100
MAX_REASON = 300
MAX_NUMBER_TEXT = 1_000
LARGEST_NUMBER = 10**1_000
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?\Z")


class Tag(str):
    """The name of a type of values. There is one of each, compared by `is` or `in`: a checker leaves out what is there
    for types that it never meets."""


CELL = Tag("cell")
TEXT = Tag("text")
TRUTH = Tag("truth")
NUMBER = Tag("number")
NULL = Tag("null")
NOTHING = Tag("missing")
DATE = Tag("date")
TIME = Tag("datetime")
DURATION = Tag("duration")
RECORD = Tag("record")
LIST = Tag("list")
TABLE = Tag("table")
RANGE = Tag("range")
OTHER = Tag("other")
# Of a column whose values are of several types.
MIXED = Tag("")


def tag_of(v: Any) -> Tag:
    """The type of a value; numbers are never truth, and cells are no text yet."""
    if isinstance(v, str):
        return CELL if isinstance(v, Cell) else TEXT
    if isinstance(v, (bool, No)):
        return TRUTH
    if isinstance(v, (int, Decimal)):
        return NUMBER
    if v is None:
        return NULL
    if isinstance(v, Missing):
        return NOTHING
    if isinstance(v, datetime.datetime):
        return TIME
    if isinstance(v, datetime.date):
        return DATE
    if isinstance(v, datetime.timedelta):
        return DURATION
    if isinstance(v, dict):
        return RECORD
    if isinstance(v, list):
        return LIST
    if isinstance(v, Table):
        return TABLE
    return RANGE if isinstance(v, Range) else OTHER


def is_null(v: Any) -> bool:
    """Null, missing, or an empty cell."""
    return v is None or isinstance(v, Missing) or (isinstance(v, Cell) and not v.strip())


def holds(v: Any) -> bool:
    """Is it true? A condition without a value is not; a cell is when it says so."""
    return v is True or (isinstance(v, Cell) and v.strip().lower() == "true")


def too_deep(level: int) -> None:
    """Raises Unmet when values are nested deeper than they can be walked."""
    if level > MAX_LEVELS:
        raise Unmet("the value is nested more than 100 levels deep")


def bounded(x: Number) -> Number:
    """The number itself; raises Unmet when it is not finite or has more than 1,000 digits."""
    if isinstance(x, int):
        if not -LARGEST_NUMBER < x < LARGEST_NUMBER:
            raise Unmet("number is too large")
        return x
    if not x.is_finite():
        raise Unmet("number is too large")
    if not x:
        return x if -MAX_NUMBER_TEXT < x.adjusted() < MAX_NUMBER_TEXT else Decimal(0)
    if not -MAX_NUMBER_TEXT < x.adjusted() < MAX_NUMBER_TEXT or len(x.as_tuple().digits) > MAX_NUMBER_TEXT:
        raise Unmet("number is too large")
    return x


def number_in_text(text: str) -> Optional[Number]:
    """The number that a text is, such as `-3`, `0.50` or `1e6`; no other spelling counts, but for `1,234.5` in a table of
    a document."""
    grouped = isinstance(text, PrintedCell) and _GROUPED.match(text.strip())
    text = text.replace(",", "").strip() if grouped else text.strip()
    if len(text) > MAX_NUMBER_TEXT or not text.isascii():
        return None
    digits = text[1:] if text.startswith("-") else text
    if digits.isdigit():
        return int(text)
    mantissa, mark, exponent = digits.partition("e" if "e" in digits else "E")
    whole, point, decimals = mantissa.partition(".")
    if mark:
        size = exponent[1:] if exponent.startswith(("+", "-")) else exponent
        if not size.isdigit() or len(size) > 3:
            return None
    if not whole.isdigit() or (point and not decimals.isdigit()):
        return None
    return bounded(Decimal(text))


def converted(cell: str, tag: str) -> Any:
    """A cell as a value of the type `tag`; None when it is empty or spells no such value. Text is kept as
    it is."""
    if tag is NUMBER:
        return number_in_text(cell)
    if tag is DATE:
        return date_spelled(cell)
    if tag is TIME:
        return datetime_of(cell)
    if tag is TRUTH:
        return {"true": True, "false": False}.get(cell.strip().lower())
    if tag in (NULL, NOTHING) and not cell.strip():
        return None
    return str(cell)


def list_in(v: Any) -> Optional[List[Any]]:
    """The value itself, if it is a list."""
    return v if isinstance(v, list) else None  # pyright: ignore[reportUnknownVariableType]


def record_in(v: Any) -> Optional[Row]:
    """The value itself, if it is a record."""
    return v if isinstance(v, dict) else None  # pyright: ignore[reportUnknownVariableType]


def listed(v: Any) -> List[Any]:
    """The values of a list, or of a table with one column; raises Unmet for anything else."""
    values = list_in(v)
    if values is not None:
        return values
    if isinstance(v, Table):
        if len(v.columns) != 1:
            raise Unmet("the table has %d columns; name one of them" % len(v.columns))
        return [row.get(v.columns[0]) for row in v.rows]
    raise Unmet("%s is not a list" % shown(v))


def escaped(text: str) -> str:
    """Text on one line: control characters, lone surrogates and invisible signs are spelled out."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode("ascii") for sign in text
    )


def cut(text: str, width: int) -> str:
    """At most `width` characters of a text, printable."""
    text = escaped(text[: width + 1])
    return text if len(text) <= width else text[: width - 1] + "…"


def because(reason: str, share: float = 0.0) -> No:
    """False, for a reason that is short enough to be shown."""
    return No(cut(reason, MAX_REASON), share)


def plain(x: Number) -> str:
    """The shortest text of a number: no exponent, no zeros at the end of its decimals."""
    x = bounded(x)
    if isinstance(x, int):
        return str(int(x))
    text = format(x, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def shown(v: Any, level: int = 0) -> str:
    """A value as messages show it: text in backticks, long values cut."""
    if isinstance(v, str):
        return "`%s`" % cut(v, 80)
    if isinstance(v, No):
        return "false"
    if isinstance(v, bool):
        return "true" if v else "false"
    if v is None:
        return "null"
    if isinstance(v, Missing):
        return "nothing"
    if isinstance(v, (int, Decimal)):
        return _shown_number(v)
    if isinstance(v, datetime.date):
        return iso(v)
    if isinstance(v, datetime.timedelta):
        return str(v)
    if isinstance(v, File):
        return "the file `%s`" % cut(v.path, 80)
    if isinstance(v, Table):
        return "a table of %s" % counted(len(v.rows), "row")
    if isinstance(v, Range):
        return "%s..%s" % (shown(v.low, level + 1), shown(v.high, level + 1)) if level < 3 else "a range"
    if isinstance(v, (list, dict)):
        return _shown_parts(v, level)
    return "a value of another kind"


def _shown_number(x: Number) -> str:
    """A number in a message, whatever its size."""
    if isinstance(x, int):
        return cut(str(x), 60) if -LARGEST_NUMBER < x < LARGEST_NUMBER else "a number of more than 1,000 digits"
    if not x.is_finite() or not -40 < x.adjusted() < 40 or len(x.as_tuple().digits) > 60:
        return cut(str(x), 60) if len(x.as_tuple().digits) <= 5_000 else "a number of more than 1,000 digits"
    return plain(x)


def _shown_parts(v: Any, level: int) -> str:
    """The first parts of a list or record, when it is not nested deep."""
    if level >= 2:
        return "a list" if isinstance(v, list) else "a record"
    parts: List[str] = []
    for part in v:
        if len(parts) == 4:
            parts.append("…")
            break
        if isinstance(v, dict):
            key = cut(part, 40) if isinstance(part, str) else shown(part, level + 1)
            parts.append("%s: %s" % (key, shown(v[part], level + 1)))
        else:
            parts.append(shown(part, level + 1))
    return ("[%s]" if isinstance(v, list) else "{%s}") % ", ".join(parts)


def counted(n: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return "%d %s" % (n, noun if n == 1 else noun + "s")
