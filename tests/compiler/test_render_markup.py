"""What is written as markup, calendar or message is read back as the same value."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.compiler.render_files import render_sqlite, render_xlsx, render_zip
from clawc.compiler.render_markup import render_email, render_html, render_ics, render_xml
from clawc.stdlib.checks.archives import archive_members
from clawc.stdlib.checks.calendars import ics_table
from clawc.stdlib.checks.databases import sqlite_table, sqlite_tables
from clawc.stdlib.checks.email_messages import email_message
from clawc.stdlib.checks.equality import equal
from clawc.stdlib.checks.html_documents import html_document, html_table
from clawc.stdlib.checks.values import File, Table, Unmet
from clawc.stdlib.checks.xml_documents import xml_document

NOTHING: dict[str, str] = {}
NONE: list[Any] = []
SHAPES: dict[str, Any] = {
    "tag": "a:b", "attr": {"x": '1 <"2">\n&', "y": ""}, "text": "one & <two>three", "children": [
        {"tag": "c", "attr": NOTHING, "text": "one & <two>", "children": NONE},
        {"tag": "d", "attr": NOTHING, "text": "", "children": NONE},
        {"tag": "e", "attr": NOTHING, "text": "three", "children": [{"tag": "f", "attr": NOTHING, "text": "three", "children": NONE}]},
    ],
}  # fmt: skip


def test_xml() -> None:
    assert xml_document(render_xml(SHAPES)) == SHAPES
    assert render_xml({"tag": "a"}) == '<?xml version="1.0" encoding="UTF-8"?>\n<a/>\n'


def test_html() -> None:
    page: dict[str, Any] = {
        "tag": "html", "attr": {"lang": "en"}, "text": "T One & two three", "children": [
            {"tag": "head", "attr": NOTHING, "text": "T", "children": [{"tag": "title", "attr": NOTHING, "text": "T", "children": NONE}]},
            {"tag": "body", "attr": NOTHING, "text": "One & two three", "children": [
                {"tag": "script", "attr": NOTHING, "text": "a < b", "children": NONE},
                {"tag": "p", "attr": {"class": "x"}, "text": "One & two", "children": NONE},
                {"tag": "img", "attr": {"src": "a.png"}, "text": "", "children": NONE},
                {"tag": "b", "attr": NOTHING, "text": "three", "children": NONE},
            ]},
        ],
    }  # fmt: skip
    assert html_document(render_html(page)) == page
    rows = Table(["a <b>", "n"], [('x & "y"', Decimal("1.50")), (None, 2), (datetime.date(2026, 3, 17), 3)])
    assert equal(html_table(render_html(rows)), rows)


@pytest.mark.parametrize(
    "value",
    [7, {"tag": ""}, {"tag": "a b"}, {"tag": "a", "attr": {"x y": 1}}, {"tag": "a", "children": [1]}, {}, "text"],
)
def test_what_is_no_element(value: Any) -> None:
    with pytest.raises(Unmet):
        render_xml(value)


EVENTS = Table(
    ["uid", "summary", "start", "end", "location", "description", "status", "organizer", "attendees", "rrule"],
    [
        ("1", "Größe, " * 30 + "x", datetime.datetime(2026, 3, 17, 9), datetime.datetime(2026, 3, 17, 10), "a;b\\", "1\n2", "TENTATIVE",
         "a@b.c", ["b@b.c", "c@b.c"], "FREQ=DAILY"),
        ("2", "", datetime.date(2026, 3, 17), None, "", "", "", "", [], None),
        ("3", "x", datetime.datetime(2026, 3, 17, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=2))), None, "", "", "", "", [], None),
    ],
)  # fmt: skip


def test_ics() -> None:
    text = render_ics(EVENTS)
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert equal(ics_table(text), EVENTS)
    again = ics_table(render_ics(Table(["summary", "start"], [("a", datetime.date(2026, 1, 1))])))
    assert again.rows[0]["summary"] == "a" and again.rows[0]["uid"]
    with pytest.raises(Unmet):
        render_ics(Table(["start"], [("soon",)]))


MESSAGE: Any = {
    "from": "ada@example.org", "to": ["bo@example.org", "cy@example.org"], "cc": [], "subject": "Grüße " * 20 + "x",
    "date": datetime.datetime(2026, 3, 17, 9, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))),
    "headers": {"X-Mailer": "pen"}, "body": "Hällo\n\n--part0\nEnd",
    "attachments": Table(["name", "type", "size", "text"], [("ü.txt", "text/plain", 3, "hé"), ("b.csv", "text/csv", 4, "a\n1\n")]),
}  # fmt: skip


def test_email() -> None:
    found = email_message(render_email(MESSAGE))
    assert equal({**found, "headers": None}, {**MESSAGE, "headers": None})
    assert found["headers"]["x-mailer"] == "pen"
    assert email_message(render_email({"body": "x"}))["body"] == "x"
    with pytest.raises(Unmet):
        render_email({"headers": {"a\nb": "c"}})
    assert "\nBcc" not in render_email({"subject": "a\r\nBcc: x"})


@given(st.text(max_size=80), st.text(max_size=80))
def test_texts_survive(subject: str, body: str) -> None:
    written = render_email({"from": "a@b.c", "subject": subject, "body": body})
    printable = all(sign.isprintable() for sign in subject + body) and "=?" not in subject
    if printable:
        found = email_message(written)
        assert found["subject"] == " ".join(subject.split())
        assert found["body"] == body
    if printable and body:
        assert xml_document(render_xml({"tag": "a", "text": body}))["text"] == " ".join(body.split())
        assert ics_table(render_ics(Table(["summary"], [(body,)]))).rows[0]["summary"] == body.strip()


def test_databases_and_archives() -> None:
    rows = Table(
        ["a", "b", "c", "d", 'e "f"'],
        [
            (1, Decimal("0.1"), "x", datetime.date(2026, 3, 17), True),
            (None, 2, "", None, None),
            (2**70, None, "ü", None, False),
        ],
    )
    data = render_sqlite({"t": rows, "u v": Table(["x"], [])})
    assert data == render_sqlite({"t": rows, "u v": Table(["x"], [])})
    file = File("d", "d.db", "sqlite", data)
    assert sqlite_tables(file) == ["t", "u v"]
    found = sqlite_table(file, "t")
    assert [list(row.values()) for row in found.rows] == [
        [1, Decimal("0.1"), "x", "2026-03-17", 1], [None, Decimal("2"), "", None, None], [str(2**70), None, "ü", None, 0],
    ]  # fmt: skip
    archive = {"a/b.txt": "é", "c.bin": b"\0\xff"}
    packed = render_zip(archive)
    assert packed == render_zip(archive)
    assert archive_members(File("z", "z.zip", "zip", packed)) == {"a/b.txt": "é".encode(), "c.bin": b"\0\xff"}


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False), st.text(max_size=5), st.dates(),
    st.datetimes(), st.timedeltas(),
)  # fmt: skip
KEYS = st.sampled_from(
    ["tag", "attr", "text", "children", "to", "date", "headers", "attachments", "start", "attendees", "a", "name"]
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)), max_leaves=8
)


@settings(deadline=None)
@given(VALUES)
def test_any_value_is_written_or_refused(value: Any) -> None:
    writers: list[Callable[[Any], Any]] = [
        render_xml, render_html, render_ics, render_email, render_xlsx, render_sqlite, render_zip,
    ]  # fmt: skip
    shapes: list[Any] = [
        value, {"tag": "a", "children": value, "attr": value}, [{"start": value, "attendees": value, "a": value}],
    ]  # fmt: skip
    for write in writers:
        for shape in shapes:
            with contextlib.suppress(Unmet):
                write(shape)
