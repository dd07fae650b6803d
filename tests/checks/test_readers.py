"""Bytes to values: what is read, and what is refused with which message."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from clawc.stdlib.checks.readers import (
    csv_table,
    exists,
    json_value,
    jsonl_table,
    kind_of,
    lines_of,
    rows,
    size_of,
    text_of,
    tsv_table,
    typed,
)
from clawc.stdlib.checks.values import MISSING, Cell, File, Unmet


def file(data: bytes | None, kind: str = "text", problem: str = "") -> File:
    return File("f", f"out/f.{kind}", kind, data, problem)


def refused(reader: Any, data: bytes, kind: str) -> str:
    with pytest.raises(Unmet) as caught:
        reader(file(data, kind))
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/b.CSV", "csv"),
        ("x.jsonl", "jsonl"),
        ("README.md", "markdown"),
        ("a.tar/x", "text"),
        ("s.py", "program"),
        ("a.yml", "yaml"),
        ("json", "text"),
    ],
)
def test_kind(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_text_has_neither_bom_nor_carriage_returns() -> None:
    assert text_of(file(b"\xef\xbb\xbfa\r\nb\rc\n")) == "a\nb\nc\n"
    assert lines_of(file(b"a\r\n\r\nb\r\n")) == ["a", "", "b"]
    assert lines_of("") == []
    assert lines_of("a") == ["a"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (file(None), "`out/f.text` does not exist"),
        (file(None, problem="is a link"), "`out/f.text` is a link"),
        (file(b"ab\xff"), "`out/f.text` is not UTF-8 text (byte 2)"),
        (file(b"a\0b"), "`out/f.text` holds a NUL character"),
        (MISSING, "there is no text to read"),
        (None, "there is no text to read"),
        (7, "the value is not text"),
        ([], "the value is not text"),
    ],
)
def test_what_is_no_text(source: Any, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        text_of(source)
    assert str(caught.value) == message


def test_exists() -> None:
    assert exists(file(b""))
    assert not exists(file(None))
    assert not exists(file(None, problem="is a link"))
    assert not exists(MISSING)


def test_size() -> None:
    assert (size_of(file(b"")), size_of(file("\u00e9\r\n".encode()))) == (0, 4)
    for odd in (file(None), "text"):
        with pytest.raises(Unmet):
            size_of(odd)


def test_csv() -> None:
    table = csv_table(file(b'\xef\xbb\xbfid, name \r\n1,"a, ""b""\r\nc"\r\n\r\n2,\r\n', "csv"))
    assert table.columns == ["id", "name"]
    assert table.rows == [{"id": "1", "name": 'a, "b"\nc'}, {"id": "2", "name": ""}]
    assert all(isinstance(cell, Cell) for row in table.rows for cell in row.values())
    assert table.blocks is None


def test_csv_without_final_newline_and_with_given_header() -> None:
    assert csv_table("a,b,").columns == ["a", "b", ""]
    assert csv_table("1\t2\n3\t", "\t", header=["x", "y"]).rows == [{"x": "1", "y": "2"}, {"x": "3", "y": ""}]
    assert tsv_table("a\tb\n1\t2").rows == [{"a": "1", "b": "2"}]
    assert csv_table('a\n""\n').rows == [{"a": ""}]


def test_csv_with_types() -> None:
    kinds = {"n": "number", "d": "date", "b": "bool", "t": "text", "at": "datetime"}
    table = csv_table(
        "n,d,b,t,at,free\n1.50,2026-03-01,TRUE,07,2026-03-01T10:00Z,x\n,,,,,\nn/a,soon,?,,late,\n",
        types=kinds,
    )
    first, empty, wrong = table.rows
    assert first["n"] == Decimal("1.50")
    assert first["d"] == datetime.date(2026, 3, 1)
    assert first["b"] is True
    assert first["at"] == datetime.datetime(2026, 3, 1, 10, tzinfo=datetime.UTC)
    assert type(first["t"]) is str
    assert type(first["free"]) is Cell
    assert empty == {"n": None, "d": None, "b": None, "t": "", "at": None, "free": ""}
    # Null would equal an expected null.
    assert [type(wrong[name]) for name in ("n", "d", "b", "at")] == [Cell] * 4
    assert typed(3, "number") == 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "`out/f.csv` is empty: it has no header line"),
        (b"\n\n", "`out/f.csv` is empty: it has no header line"),
        (b"a,b\n1\n", "`out/f.csv` line 2 has 1 fields, but 2 columns"),
        (b'a,b\n"x\ny",2\n1,2,3\n', "`out/f.csv` line 4 has 3 fields, but 2 columns"),
        (b"a,a\n", "`out/f.csv` has the column `a` twice"),
        (b'a,b\n1,"x\n', "`out/f.csv` line 2 opens a quote that is never closed"),
        (b'a,b\n1,"x"y\n', "`out/f.csv` line 2 has text after the closing quote of a field"),
        (b"a\n" + b"1\n" * 250_001, "`out/f.csv` is too large: more than 250000 cells"),
    ],
)
def test_csv_refused(data: bytes, message: str) -> None:
    assert refused(csv_table, data, "csv") == message


def test_json() -> None:
    value = json_value(file(b'\xef\xbb\xbf{"a": [1, -2.50, 1e2, true, null], "b": "\\u00e9\\"[[["}', "json"))
    assert value == {"a": [1, Decimal("-2.50"), Decimal("1e2"), True, None], "b": 'é"[[['}
    assert [type(number) for number in value["a"][:3]] == [int, Decimal, Decimal]
    assert json_value("[" * 100 + "]" * 100)
    assert json_value('"' + "[" * 500 + '"') == "[" * 500


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b" ", "is empty, not JSON"),
        (b'{"a": 1', "is not JSON: line 1, column"),
        (b'{"a": 1}\n x', "is not JSON: line 2, column 2: extra data"),
        (b'{"a": 1, "a": 2}', "the key `a` occurs twice in one object"),
        (b"[NaN]", "`NaN` is not a number of JSON"),
        (b"-Infinity", "`-Infinity` is not a number of JSON"),
        (b"9" * 1001, "is too large"),
        (b"1e1000", "is too large"),
        (b"1e-99999999999999999999", "is too large"),
        (b"\n" + b"[" * 101 + b"]" * 101, "is nested deeper than 100 levels (line 2)"),
        (b"[" * 100_000, "is nested deeper than 100 levels (line 1)"),
        (b'{"a":' * 100_000, "is nested deeper than 100 levels (line 1)"),
        (b"[" + b"0," * 1_000_001 + b"0]", "is too large: more than 1000000 values"),
        (b'["\\', "is not JSON"),
        (b'"a\nb"', "is not JSON: line 1, column 3"),
    ],
)
def test_json_refused(data: bytes, part: str) -> None:
    message = refused(json_value, data, "json")
    assert message.startswith("`out/f.json` ")
    assert part in message


def test_rows_by_kind() -> None:
    assert rows(file(b"a\n1\n", "csv")).rows == [{"a": "1"}]
    assert rows(file(b"a\tb\n1\t2\n", "tsv")).columns == ["a", "b"]
    assert rows(file(b'[{"a": 1}, {"b": 2}]', "json")).rows == [
        {"a": 1, "b": MISSING},
        {"a": MISSING, "b": 2},
    ]
    assert rows(file(b'{"a": 1}\n\n{"a": 2}\n', "jsonl")).rows == [{"a": 1}, {"a": 2}]
    assert rows(file(b"[]", "json")).columns == []
    assert "not a JSON array" in refused(rows, b"{}", "json")
    assert "element 2 is not an object" in refused(rows, b"[{}, 1]", "json")
    assert "not a file of rows" in refused(rows, b"x", "text")
    assert refused(jsonl_table, b'{"a": 1}\n{"a": }\n', "jsonl").startswith("`out/f.jsonl` line 2 is not JSON: line 1")


def test_rows_with_a_key_each_stay_bounded() -> None:
    records = ",".join(f'{{"k{index}": 1}}' for index in range(2_000))
    assert "too large" in refused(rows, f"[{records}]".encode(), "json")


def test_tsv_with_a_given_header_and_types() -> None:
    found = tsv_table("1\t2", {"x": "number"}, ["x", "y"])
    assert (found.columns, found.rows) == (["x", "y"], [{"x": 1, "y": "2"}])
