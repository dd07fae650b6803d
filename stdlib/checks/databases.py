"""SQLite databases: tables and views, read without writing, from a copy in memory where Python can do so.

A database is a program of a stranger: views run on a short list of functions, with bounds on steps, time and memory.
"""

from __future__ import annotations

import os
import re
import time
from decimal import Decimal
from typing import Any, Callable, Dict, List

from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.readers import require_distinct, require_size, source_name
from clawc.stdlib.checks.values import File, Row, Table, Unmet, require_bytes

MAX_SQL_STEPS = 10_000_000
MAX_SQL_SECONDS = 3.0
MAX_SQL_HEAP = 256 << 20
MAX_SQL_TEXT = 16 << 20
MAX_SQL_TABLES = 10_000
SQL_STRIDE = 20  # steps between two looks at the clock: one step may copy a long text

# Functions whose time is linear in what they are given.
SQL_FUNCTIONS = frozenset(
    [
        "abs",
        "avg",
        "cast",
        "coalesce",
        "count",
        "cume_dist",
        "date",
        "datetime",
        "dense_rank",
        "first_value",
        "group_concat",
        "ifnull",
        "iif",
        "julianday",
        "lag",
        "last_value",
        "lead",
        "length",
        "lower",
        "max",
        "min",
        "nth_value",
        "ntile",
        "nullif",
        "percent_rank",
        "rank",
        "round",
        "row_number",
        "sign",
        "strftime",
        "string_agg",
        "substr",
        "substring",
        "sum",
        "time",
        "total",
        "typeof",
        "unixepoch",
        "upper",
    ]
)
_SLOW_FUNCTION = re.compile(
    r"\b(instr|replace|[lr]?trim|like|glob|regexp|match|json\w*|hex|quote|zeroblob|randomblob|char)\b", re.I
)
# What SQLite asks leave for, by its numbers.
_SQL_READ = 20
_SQL_SELECT = 21
_SQL_FUNCTION = 31
_SQL_RECURSIVE = 33


def sqlite_tables(source: Any) -> List[str]:
    """The names of the tables and views of a database, sorted."""
    names: List[str] = _on_database(source, _sql_names)
    return names


def sqlite_table(source: Any, title: Any) -> Table:
    """A table or view of a database, typed by the values stored: whole numbers, decimals, text and null; what is
    stored as bytes becomes hexadecimal text."""
    name = source_name(source)

    def read(database: Any) -> Table:
        names = _sql_names(database)
        if title not in names:
            known = ", ".join(f"`{cut(known, 60)}`" for known in names[:12]) or "none"
            raise Unmet(f"{name} has no table `{cut(str(title), 60)}`; it has {known}")
        quoted = '"' + title.replace('"', '""') + '"'
        _refuse_slow_columns(database, title, name)
        cursor = database.execute(f"SELECT * FROM {quoted}")
        columns = [str(part[0]) for part in cursor.description]
        label = f"the table `{cut(title, 60)}` of {name}"
        require_distinct(columns, label)
        body: List[Row] = []
        size = 0
        for record in cursor:
            body.append(dict(zip(columns, [_sql_value(value) for value in record])))
            require_size(len(body), len(columns), label)
            size += sum(len(value) for value in record if isinstance(value, (str, bytes)))
            if size > MAX_SQL_TEXT:
                raise Unmet(f"{label} is too large: more than {MAX_SQL_TEXT >> 20} MiB of text")
        return Table(columns, body)

    found: Table = _on_database(source, read)
    return found


def _sql_value(value: Any) -> Any:
    """A stored value as one of the language."""
    if isinstance(value, float):
        number_found = Decimal(repr(value))
        if not number_found.is_finite():
            raise Unmet("the table holds a number that is not finite")
        return number_found
    return value.hex() if isinstance(value, bytes) else value


def _sql_names(database: Any) -> List[str]:
    """The tables and views, without those that SQLite keeps for itself."""
    found = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchmany(MAX_SQL_TABLES)
    return sorted(str(row[0]) for row in found if not str(row[0]).lower().startswith("sqlite_"))


def _refuse_slow_columns(database: Any, title: str, name: str) -> None:
    """Raises Unmet for a virtual table, and for computed columns with functions whose time nothing bounds."""
    found = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", (title,)).fetchone()
    sql = str(found[0]) if found and found[0] else ""
    if re.match(r"\s*create\s+virtual\b", sql[:200], re.I):
        raise Unmet(f"`{cut(title, 60)}` of {name} is a virtual table, which is not read")
    if re.search(r"\bas\s*\(", sql, re.I) and re.match(r"\s*create\s+table\b", sql[:200], re.I):
        slow = _SLOW_FUNCTION.search(sql)
        if slow is not None:
            raise Unmet(f"`{cut(title, 60)}` of {name} has columns computed with `{slow.group()}`, which is not run")


def _on_database(source: Any, work: Callable[[Any], Any]) -> Any:
    """What `work` makes of a database that is open for reading, with all bounds in place."""
    import sqlite3

    name = source_name(source)
    data = require_bytes(source) if isinstance(source, File) else b""
    if data[:16] != b"SQLite format 3\0" or len(data) < 512:
        raise Unmet(f"{name} is not an SQLite database")
    # The two bytes say that a journal beside the file may have to be read: there is none.
    data = data[:18] + b"\1\1" + data[20:]
    path = ""
    database: Any = None
    try:
        if hasattr(sqlite3.Connection, "deserialize"):
            database = sqlite3.connect(":memory:")
            database.deserialize(data)
        else:
            path = _copy_of(data)
            database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        _bound_database(database)
        return work(database)
    except ValueError:  # names of tables and columns are decoded outside of what SQLite reports
        raise Unmet(f"{name} cannot be read: its text is not UTF-8") from None
    except (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError) as error:
        problem = str(error) or "it needs too much memory"
        if problem == "interrupted":
            problem = "it takes too long"
        raise Unmet(f"{name} cannot be read: {cut(problem, 120)}") from None
    finally:
        if database is not None:
            database.set_progress_handler(None, 0)
            database.close()
        if path:
            os.unlink(path)


def _copy_of(data: bytes) -> str:
    """The path of a temporary file with these bytes, for versions of Python that open databases only by path."""
    import tempfile

    try:
        descriptor, path = tempfile.mkstemp(".db", "claw")
    except OSError:
        raise Unmet("a database cannot be read: there is no folder for a temporary file") from None
    with open(descriptor, "wb") as stream:
        stream.write(data)
    return path


def _bound_database(database: Any) -> None:
    """Bounds what reading a database may do: only SELECT, few functions, limited steps, time and memory."""
    for pragma in ("query_only=1", "trusted_schema=0", "cell_size_check=1", "temp_store=2", "mmap_size=0"):
        database.execute("PRAGMA " + pragma)
    database.execute(f"PRAGMA hard_heap_limit={MAX_SQL_HEAP}")
    if hasattr(database, "setlimit"):
        database.setlimit(0, MAX_SQL_TEXT)  # the length of one value
    state: Dict[str, int] = {"steps": 0}
    deadline = time.process_time() + MAX_SQL_SECONDS

    def step() -> int:
        state["steps"] += SQL_STRIDE
        return int(state["steps"] > MAX_SQL_STEPS or time.process_time() > deadline)

    def allow(*event: Any) -> int:
        kind, _, function = event[:3]
        allowed = kind in (_SQL_SELECT, _SQL_READ, _SQL_RECURSIVE)
        return 0 if allowed or (kind == _SQL_FUNCTION and str(function).lower() in SQL_FUNCTIONS) else 1

    database.set_progress_handler(step, SQL_STRIDE)
    database.set_authorizer(allow)
