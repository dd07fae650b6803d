"""SQLite databases: what is read, and that nothing in them runs away."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawc.stdlib.checks import databases
from clawc.stdlib.checks.databases import sqlite_table, sqlite_tables
from clawc.stdlib.checks.values import File, Unmet


def made(tmp_path: Path, script: str, journal: str = "delete") -> File:
    """A database as the library of SQLite writes it."""
    path = tmp_path / "made.db"
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA journal_mode={journal}")
    database.executescript(script)
    database.commit()
    database.close()
    return File("d", "out/d.db", "sqlite", path.read_bytes())


def refused(file: File, table: object = "t") -> str:
    with pytest.raises(Unmet) as caught:
        sqlite_table(file, table)
    return str(caught.value)


SCRIPT = """
CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price REAL, raw BLOB, mixed);
INSERT INTO t VALUES (1, 'Pen', 1.5, x'00ff', 'x'), (2, 'Größe', 0.1, NULL, 9223372036854775807), (3, '', 1e300, x'', NULL);
CREATE VIEW cheap AS SELECT upper(name) AS name, round(price * 2, 1) AS double FROM t WHERE price < 100 ORDER BY id;
CREATE TABLE [odd "name"] (a, "b c");
CREATE TABLE totals (n INTEGER, price REAL, total REAL GENERATED ALWAYS AS (n * price) VIRTUAL);
INSERT INTO totals VALUES (2, 1.5);
CREATE INDEX by_name ON t (name);
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT);
"""


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_tables_and_views(tmp_path: Path, journal: str) -> None:
    file = made(tmp_path, SCRIPT, journal)
    assert sqlite_tables(file) == ["cheap", "counted", 'odd "name"', "t", "totals"]
    found = sqlite_table(file, "t")
    assert found.columns == ["id", "name", "price", "raw", "mixed"]
    assert [list(row.values()) for row in found.rows] == [
        [1, "Pen", Decimal("1.5"), "00ff", "x"],
        [2, "Größe", Decimal("0.1"), None, 9223372036854775807],
        [3, "", Decimal("1e300"), "", None],
    ]
    assert found.blocks is None
    assert sqlite_table(file, "cheap").rows == [
        {"name": "PEN", "double": Decimal("3.0")},
        {"name": "GRößE", "double": Decimal("0.2")},
    ]
    assert sqlite_table(file, 'odd "name"').columns == ["a", "b c"]
    assert sqlite_table(file, "totals").rows == [{"n": 2, "price": Decimal("1.5"), "total": Decimal("3.0")}]


def test_a_copy_on_disk_is_read_alike_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under versions of Python that cannot open a database from memory."""
    file = made(tmp_path, SCRIPT, "wal")

    def sees_deserialize(of: object, name: str) -> bool:
        return name != "deserialize" and hasattr(of, name)

    monkeypatch.setattr(databases, "hasattr", sees_deserialize, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "t").mkdir()
    assert len(sqlite_table(file, "t")) == 3
    assert "no table" in refused(file, "x")
    assert list((tmp_path / "t").iterdir()) == []


def test_what_is_refused(tmp_path: Path) -> None:
    file = made(tmp_path, SCRIPT)
    assert refused(file, "x") == '`out/d.db` has no table `x`; it has `cheap`, `counted`, `odd "name"`, `t`, `totals`'
    assert "has no table `sqlite_master`" in refused(file, "sqlite_master")
    assert "has no table" in refused(file, 't"; DROP TABLE t; --') and "has no table" in refused(file, None)
    for data in (b"", b"SQLite format 3\0", b"x" * 5_000, b"SQLite format 3\0" + b"\xff" * 5_000):
        assert refused(File("d", "out/d.db", "sqlite", data)).startswith("`out/d.db` ")
    assert refused(File("d", "out/d.db", "sqlite", None)) == "`out/d.db` does not exist"
    with pytest.raises(Unmet, match="not an SQLite database"):
        sqlite_tables("text")


DIGITS = "(SELECT 0 UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7)"
HOSTILE = {
    "endless recursion": "CREATE VIEW t AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x FROM r",
    "endless count": "CREATE VIEW t AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT count(*) AS n FROM r",
    "doubling text": "CREATE VIEW t AS WITH RECURSIVE r(x) AS (SELECT 'ab' UNION ALL SELECT x || x FROM r) SELECT x FROM r",
    "long texts": (
        "CREATE VIEW t AS WITH RECURSIVE r(n, x) AS (SELECT 1, printf('%10000000d', 1) UNION ALL SELECT n + 1, x || '' FROM r)"
        " SELECT count(*) AS n FROM r"
    ),
    "large product": f"CREATE VIEW t AS SELECT count(*) AS n FROM {', '.join([DIGITS] * 20)}",
    "many rows": f"CREATE VIEW t AS SELECT 1 AS n FROM {', '.join([DIGITS] * 8)}",
    "views of views": "CREATE VIEW v0 AS SELECT 1 AS a;"
    + "".join(f"CREATE VIEW v{n} AS SELECT x.a FROM v{n - 1} x JOIN v{n - 1} y;" for n in range(1, 25))
    + "CREATE VIEW t AS SELECT * FROM v24",
    "a view of itself": "CREATE TABLE s (a); CREATE VIEW t AS SELECT * FROM s; DROP TABLE s; CREATE VIEW s AS SELECT * FROM t",
    "huge bytes": "CREATE VIEW t AS SELECT randomblob(1000000000) AS b",
    "huge format": "CREATE VIEW t AS SELECT printf('%1000000000d', 1) AS b",
    "slow search": "CREATE VIEW t AS SELECT instr(a, a || 'b') AS n FROM (SELECT printf('%1000000d', 1) AS a)",
    "slow column": "CREATE TABLE t (a TEXT, n AS (instr(a, a || 'b')))",
    "an extension": "CREATE VIEW t AS SELECT load_extension('/tmp/x.so') AS a",
    "a file": "CREATE VIEW t AS SELECT readfile('/etc/passwd') AS a",
    "a virtual table": "CREATE VIRTUAL TABLE t USING fts5(a)",
    "infinity": "CREATE TABLE t (a); INSERT INTO t VALUES (9e999)",
    "the same column": "CREATE TABLE s (a); CREATE VIEW t AS SELECT a AS x, a AS X, a AS x FROM s",
}


# SQLite numbers columns of the same name.
READ_AFTER_ALL = {"the same column": 3}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_a_database_runs_away(name: str, tmp_path: Path) -> None:
    file = made(tmp_path, HOSTILE[name])
    began = time.process_time()
    if name in READ_AFTER_ALL:
        assert len(sqlite_table(file, "t").columns) == READ_AFTER_ALL[name]
    else:
        assert refused(file)
    assert time.process_time() - began < 30  # without a bound it would not come back at all


def test_damaged_databases_raise_only_unmet(tmp_path: Path) -> None:
    rows = "".join(f"INSERT INTO t (name) VALUES ('{'x' * (n * 7 % 900)}');" for n in range(200))
    data = made(tmp_path, SCRIPT + rows).data or b""

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(16, len(data) - 1), st.binary(min_size=1, max_size=40), st.booleans())
    def damaged(place: int, change: bytes, cut: bool) -> None:
        bad = data[:place] if cut else data[:place] + change + data[place + len(change) :]
        file = File("d", "out/d.db", "sqlite", bad)
        for title in ("t", "cheap", "totals"):
            with contextlib.suppress(Unmet):
                sqlite_table(file, title)
        with contextlib.suppress(Unmet):
            sqlite_tables(file)

    damaged()


CALLS = {
    "abs(-7)": 7, "coalesce(NULL, 7)": 7, "date('2026-03-17')": "2026-03-17", "ifnull(NULL, 7)": 7, "iif(1, 7, 8)": 7,
    "datetime('2026-03-17 09:30')": "2026-03-17 09:30:00", "julianday('2000-01-01 12:00')": Decimal("2451545.0"),
    "length('abc')": 3, "lower('AB')": "ab", "upper('ab')": "AB", "max(7, 8)": 8, "min(7, 8)": 7, "nullif(7, 8)": 7,
    "round(7.25, 1)": Decimal("7.3"), "sign(-7)": -1, "strftime('%Y', '2026-03-17')": "2026", "substr('abc', 2)": "bc",
    "substring('abc', 2)": "bc", "time('09:30')": "09:30:00", "typeof(7)": "integer", "unixepoch('1970-01-02')": 86400,
    "CAST('7' AS INTEGER)": 7, "avg(n)": Decimal("2.0"), "count(n)": 3, "sum(n)": 6, "total(n)": Decimal("6.0"),
    "group_concat(n)": "1,2,3",
}  # fmt: skip
WINDOWS = {
    "cume_dist()": Decimal("1.0"), "dense_rank()": 3, "first_value(n)": 1, "lag(n)": 2, "last_value(n)": 3, "lead(n, 1, 7)": 7,
    "nth_value(n, 2)": 2, "ntile(3)": 3, "percent_rank()": Decimal("1.0"), "rank()": 3, "row_number()": 3,
}  # fmt: skip


@pytest.mark.parametrize("call", [*CALLS, *WINDOWS])
def test_functions_that_views_may_use(call: str, tmp_path: Path) -> None:
    written = f"{call} OVER (ORDER BY n)" if call in WINDOWS else call
    script = f"CREATE TABLE t (n); INSERT INTO t VALUES (1), (2), (3); CREATE VIEW v AS SELECT {written} AS x FROM t;"
    assert sqlite_table(made(tmp_path, script), "v").rows[-1]["x"] == {**CALLS, **WINDOWS}[call]
