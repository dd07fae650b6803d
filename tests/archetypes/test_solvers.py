"""Reference solvers, each rule on its own: a solver that is wrong by itself would accuse instructions that are right."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
import yaml  # type: ignore[import-untyped]  # pyright: ignore[reportMissingModuleSource]

from clawc.stdlib.archetypes.brief import Fact, Step
from clawc.stdlib.archetypes.solvers import Unsolvable, solve
from clawc.stdlib.archetypes.solvers.reading import listed, rows_of
from clawc.stdlib.archetypes.solvers.sheets import cells, sheet_file
from clawc.stdlib.archetypes.solvers.values import Row, Value, plain, rounded, shown
from clawc.stdlib.archetypes.solvers.writing import slug, table

SAMPLE: list[Row] = [
    {"code": "A-01", "day": "2024-02-29", "fee": Decimal("12.5"), "note": "half | full"},
    {"code": "B-02", "day": "2024-03-01", "fee": Decimal(7), "note": "Tom & Ann <late>"},
]
COLUMNS = ["code", "day", "fee", "note"]


def _database(rows: Sequence[Row]) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE "the list" ("code" TEXT, "day" TEXT, "fee" REAL, "note" TEXT)')
    connection.executemany(
        'INSERT INTO "the list" VALUES (?, ?, ?, ?)', [[plain(row[name]) for name in COLUMNS] for row in rows]
    )
    connection.commit()
    data = bytes(connection.serialize())
    connection.close()
    return data


HTML = b"""<!doctype html><title>x</title><table>
<tr><th>code</th><th>day</th><th>fee</th><th>note</th></tr>
<tr><td>A-01</td><td>2024-02-29</td><td>12.5</td><td>half | full</td></tr>
<tr><td>B-02</td><td> 2024-03-01 </td><td>7</td><td>Tom &amp; Ann &lt;late&gt;</td></tr>
</table><table><tr><td>another</td></tr></table>"""
XML = b"""<?xml version="1.0"?><rows><row code="A-01" day="2024-02-29" fee="12.5"><note>half | full</note></row>
<row code="B-02" day="2024-03-01" fee="7" note="Tom &amp; Ann &lt;late&gt;"/></rows>"""
FILES: Mapping[str, bytes] = {
    **{form: table(SAMPLE, COLUMNS, form) for form in ("csv", "tsv", "json", "jsonl", "yaml", "markdown", "xlsx")},
    "html": HTML,
    "xml": XML,
    "sqlite": _database(SAMPLE),
}


@pytest.mark.parametrize("form", FILES)
def test_each_format_reads_the_same_rows(form: str) -> None:
    assert list(rows_of(FILES[form], form)) == SAMPLE


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(Unsolvable, match="parquet"):
        rows_of(b"", "parquet")


def test_a_code_with_zeros_in_front_stays_a_text_and_an_empty_cell_is_nothing() -> None:
    assert list(rows_of(b"zip,n,x\n01234,5,\n90210,,y\n", "csv")) == [
        {"zip": "01234", "n": Decimal(5), "x": None},
        {"zip": "90210", "n": None, "x": "y"},
    ]


def test_days_without_quotes_in_yaml_are_texts() -> None:
    assert list(rows_of(b"- day: 2024-03-01\n  share: 0.1\n", "yaml")) == [
        {"day": "2024-03-01", "share": Decimal("0.1")}
    ]


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"Ann\n\nBob\n", "lines"),
        (b'["Ann", "Bob"]', "json"),
        (b"who\nAnn\nBob\n", "csv"),
        (b"id,who\n1,Ann\n2,Bob\n", "csv"),
    ],
)
def test_short_lists_in_any_form(data: bytes, form: str) -> None:
    assert listed(data, form, "who") == {"Ann", "Bob"}


# Spreadsheets.


def test_a_spreadsheet_reads_back_as_it_was_written() -> None:
    grid: list[list[Value]] = [["a", "b"], ["x < y & z", Decimal("1.25")], [None, Decimal(-3)], ["  kept ", True]]
    assert cells(sheet_file(grid)) == grid


def test_a_cell_formatted_as_a_day_reads_as_its_iso_text() -> None:
    with_style = _sheet(
        '<c r="A1" s="1"><v>45352</v></c><c r="C1"><v>45352</v></c>', '<xf numFmtId="0"/><xf numFmtId="14"/>'
    )
    assert cells(with_style) == [["2024-03-01", None, Decimal(45352)]]


def _sheet(row: str, formats: str) -> bytes:
    """A written sheet with its row replaced and formats added."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    source, target = zipfile.ZipFile(io.BytesIO(sheet_file([["x"]]))), io.BytesIO()
    with zipfile.ZipFile(target, "w") as book:
        for name in source.namelist():
            if "sheet1" in name:
                book.writestr(
                    name, f'<worksheet xmlns="{main}"><sheetData><row r="1">{row}</row></sheetData></worksheet>'
                )
            else:
                book.writestr(name, source.read(name))
        book.writestr("xl/styles.xml", f'<styleSheet xmlns="{main}"><cellXfs>{formats}</cellXfs></styleSheet>')
    return target.getvalue()


# Values.


@pytest.mark.parametrize(
    ("value", "decimals", "wanted"),
    [
        ("0.125", 2, "0.13"),
        ("2.675", 2, "2.68"),
        ("0.05", 1, "0.1"),
        ("2.5", 0, "3"),
        ("1.004", 2, "1.00"),
        ("-0.125", 2, "-0.13"),
    ],
)
def test_halves_are_rounded_up(value: str, decimals: int, wanted: str) -> None:
    assert str(rounded(Decimal(value), decimals)) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("12.50", "12.5"), ("100", "100"), ("1E+3", "1000"), ("0.00", "0"), ("-0.0", "0"), ("7.000", "7"), ("0.1", "0.1")],
)
def test_numbers_are_shown_without_needless_signs(value: str, wanted: str) -> None:
    assert shown(Decimal(value)) == wanted


def test_whole_numbers_are_written_without_a_point() -> None:
    assert json.dumps([plain(Decimal("7.0")), plain(Decimal("7.5")), plain(None)]) == "[7, 7.5, null]"


@pytest.mark.parametrize(
    ("text", "wanted"), [("End-to-End  Test", "end-to-end-test"), ("R & D", "r-d"), ("Ü 2!", "ü-2")]
)
def test_names_of_files(text: str, wanted: str) -> None:
    assert slug(text) == wanted


# Steps.


def _rows(data: str, *steps: Step) -> list[dict[str, Fact]]:
    """What the steps make of a CSV file, all columns."""
    head = list(rows_of(data.encode(), "csv")[0])
    made = [str(step["into"]) for step in steps if "into" in step]
    columns: list[str] = [*head, *made]
    for step in steps:
        if step["do"] == "group":
            by, results = step["by"], step["results"]
            assert isinstance(by, list) and isinstance(results, list)
            columns = [*map(str, by), *(str(part["name"]) for part in results if isinstance(part, dict))]
    brief: list[Step] = [
        {"do": "read", "path": "in.csv", "format": "csv", "one": "row"},
        *steps,
        {"do": "write", "path": "out.json", "format": "json", "columns": columns},
    ]
    loaded: list[dict[str, Fact]] = json.loads(solve(brief, {"in.csv": data.encode(), "list.txt": b"b\n"})["out.json"])
    return loaded


NUMBERED = "id,n\na,1\nb,2\nc,3\n"


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        ({"do": "keep", "column": "n", "compare": "at least", "value": 2}, "bc"),
        ({"do": "keep", "column": "n", "compare": "more than", "value": 2}, "c"),
        ({"do": "keep", "column": "n", "compare": "below", "value": 2}, "a"),
        ({"do": "keep", "column": "id", "compare": "not", "value": "b"}, "ac"),
        ({"do": "keep", "column": "id", "compare": "in", "value": ["a", "c"]}, "ac"),
        ({"do": "listed", "column": "id", "path": "list.txt", "format": "lines", "how": "only"}, "b"),
        ({"do": "listed", "column": "id", "path": "list.txt", "format": "lines", "how": "without"}, "ac"),
        ({"do": "having", "column": "n", "compare": "at least", "value": 3}, "c"),
        ({"do": "sort", "by": ["-n"]}, "cba"),
        ({"do": "take", "count": 2}, "ab"),
    ],
)
def test_which_rows_stay(step: Step, wanted: str) -> None:
    assert "".join(str(row["id"]) for row in _rows(NUMBERED, step)) == wanted


DATED = "id,day,due,state\na,2024-02-28,2024-03-01,open\nb,2024-03-01,2024-03-02,open\nc,2024-03-31,2024-02-01,done\n"


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        ({"do": "keep", "column": "day", "compare": "from", "value": "2024-03-01"}, "bc"),
        ({"do": "keep", "column": "day", "compare": "before", "value": "2024-03-01"}, "a"),
        ({"do": "keep", "column": "day", "compare": "between", "value": ["2024-02-28", "2024-03-01"]}, "ab"),
        ({"do": "keep", "column": "day", "compare": "month", "value": "March 2024"}, "bc"),
        ({"do": "overdue", "column": ["state", "due"], "value": "open", "today": "2024-03-02"}, "a"),
        ({"do": "sort", "by": ["-day", "id"]}, "cba"),
    ],
)
def test_which_days_stay(step: Step, wanted: str) -> None:
    assert "".join(str(row["id"]) for row in _rows(DATED, step)) == wanted


def test_equal_days_and_equal_numbers_are_settled() -> None:
    data = (
        "id,who,day,n\nk2,x,2024-01-05,1\nk9,x,2024-01-05,4\nk1,x,2024-01-04,9\nk3,y,2023-01-01,4\nk9,x,2024-01-05,4\n"
    )
    assert [row["id"] for row in _rows(data, {"do": "latest", "by": "who", "column": ["day", "id"]})] == ["k9", "k3"]
    once: Step = {"do": "once", "column": "id"}
    assert [row["id"] for row in _rows(data, once, {"do": "sort", "by": ["-n", "id"]})] == ["k1", "k3", "k9", "k2"]


def test_further_columns() -> None:
    day = _rows(
        DATED,
        {"do": "days", "column": ["day", "due"], "into": "span"},
        {"do": "month", "column": "day", "into": "month"},
    )
    assert [(row["span"], row["month"]) for row in day] == [(2, "2024-02"), (1, "2024-03"), (-59, "2024-03")]
    band = _rows(
        NUMBERED, {"do": "band", "column": "n", "into": "size", "bounds": [2, 3], "names": ["low", "mid", "high"]}
    )
    assert [row["size"] for row in band] == ["low", "mid", "high"]


def test_totals_and_what_follows_them() -> None:
    data = "m,k,n\n2024-02,x,0.1\n2024-01,y,0.2\n2024-02,x,0.25\n"
    results = [{"name": name, "how": name, "column": "n"} for name in ("sum", "mean", "min", "max", "count")]
    group: Step = {"do": "group", "by": ["m"], "results": results}
    assert _rows(data, group)[0] == {"m": "2024-02", "sum": 0.35, "mean": 0.18, "min": 0.1, "max": 0.25, "count": 2}
    running = _rows(data, {"do": "running", "column": "n", "into": "so_far", "by": "m"})
    assert [row["so_far"] for row in running] == [0.2, 0.3, 0.55]
    change = _rows(data, {"do": "change", "column": "n", "into": "change", "by": "m"})
    assert [row["change"] for row in change] == [None, -0.1, 0.15]
    share = _rows(NUMBERED, {"do": "share", "column": "n", "into": "percent", "decimals": "one"})
    assert [row["percent"] for row in share] == [16.7, 33.3, 50]


def test_another_table_is_found_by_its_path() -> None:
    brief: list[Step] = [
        {"do": "read", "path": "a.csv", "format": "csv", "one": "row"},
        {"do": "read", "path": "b.csv", "format": "csv", "one": "kind"},
        {"do": "times", "path": "b.csv", "on": "kind", "column": ["n", "rate"], "into": "worth", "decimals": "two"},
        {"do": "look up", "path": "b.csv", "on": "kind", "take": ["hall"]},
        {"do": "minus", "column": ["worth", "n"], "into": "more"},
        {"do": "write", "path": "o.csv", "format": "csv", "columns": ["kind", "worth", "hall", "more"]},
    ]
    files = {"a.csv": b"kind,n\nx,3\ny,2\n", "b.csv": b"kind,rate,hall\ny,0.5,H2\nx,1.115,H1\n"}
    assert solve(brief, files)["o.csv"] == b"kind,worth,hall,more\nx,3.35,H1,0.35\ny,1,H2,-1\n"


def test_what_is_delivered_beside_tables() -> None:
    facts = [{"name": "rows", "how": "count", "column": ""}, {"name": "top", "how": "first", "column": "id"}]
    brief: list[Step] = [
        {"do": "read", "path": "in.csv", "format": "csv", "one": "row"},
        {"do": "split", "path": "parts", "by": "id", "columns": ["n"], "format": "csv"},
        {"do": "summary", "path": "s.yaml", "format": "yaml", "facts": facts},
        {"do": "lines", "path": "ids.txt", "column": "id"},
        {"do": "note", "path": "note.txt", "facts": [{"how": "sum", "column": "n"}], "words": 20},
    ]
    made = solve(brief, {"in.csv": NUMBERED.encode()})
    assert {path for path in made if path.startswith("parts/")} == {"parts/a.csv", "parts/b.csv", "parts/c.csv"}
    assert made["parts/b.csv"] == b"n\n2\n"
    assert yaml.safe_load(made["s.yaml"]) == {"rows": 3, "top": "a"}
    assert made["ids.txt"] == b"a\nb\nc\n"
    assert made["note.txt"] == b"In the result, the sum of n is 6.\n"


@pytest.mark.parametrize(
    ("step", "named"),
    [
        ({"do": "juggle"}, "juggle"),
        ({"do": "keep", "column": "n", "compare": "roughly", "value": 2}, "roughly"),
        ({"do": "keep", "column": "absent", "compare": "in", "value": ["a"]}, "absent"),
        ({"do": "take"}, "count"),
        ({"do": "sort", "by": [1]}, "by"),
        ({"do": "note", "path": "n.txt", "facts": [{"how": "sum", "column": "n"}], "words": 3}, "3 words"),
    ],
)
def test_what_cannot_be_solved_is_named(step: Step, named: str) -> None:
    with pytest.raises(Unsolvable, match=named):
        _rows(NUMBERED, step)
