"""Text: its forms, parts and searches."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.text import (
    as_text,
    capture,
    contains,
    ends_with,
    find_all,
    fold,
    join_text,
    left_of,
    lower_of,
    matches,
    normalise,
    pad,
    replace_in,
    right_of,
    slug,
    split_by,
    starts_with,
    trim_of,
    upper_of,
)
from clawc.stdlib.checks.values import MISSING, Cell, File, No, Range, Unmet


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"), (Cell("a"), "a"), (3, "3"), (Decimal("1.50"), "1.5"), (Decimal("1e3"), "1000"), (True, "true"),
        (False, "false"), (No("x"), "false"), (None, ""), (MISSING, ""), (date(2026, 3, 17), "2026-03-17"),
        (datetime(2026, 3, 17, 9, tzinfo=UTC), "2026-03-17T09:00:00Z"), (timedelta(seconds=90), "90s"),
        (timedelta(milliseconds=1500), "1.5s"), (Range(3, 5), "3..5"),
    ],
)  # fmt: skip
def test_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text
    assert type(as_text(value)) is str


def test_values_with_parts_have_no_text() -> None:
    for value in ([1], {"a": 1}, 1.5):
        with pytest.raises(Unmet, match="has no text"):
            as_text(value)


def test_normal_form() -> None:
    assert normalise("\ufeff\r\n a\r\nb\rc \n") == "a\nb\nc"
    assert normalise("e\u0301") == "\u00e9"


@given(st.text())
def test_normal_form_is_idempotent(text: str) -> None:
    # A byte order mark behind the first would otherwise become a leading one.
    once = normalise(text.replace("\ufeff", ""))
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("a", "b", "ignore"),
    [
        ("Straße", "STRASSE", ["case"]), ("a b\tc", "abc", ["spaces"]), ("Café", "Cafe", ["accents"]),
        ("well-known, a - b!", "wellknown a b", ["punctuation"]),
        ("É t,é", "ete", ["case", "spaces", "punctuation", "accents"]),
    ],
)  # fmt: skip
def test_fold(a: str, b: str, ignore: list[str]) -> None:
    assert fold(a, ignore) == fold(b, ignore)
    assert fold(a) != fold(b)


def test_only_known_differences_can_be_ignored() -> None:
    with pytest.raises(Unmet, match="`colour` cannot be ignored"):
        fold("a", ["colour"])


def test_case_and_ends() -> None:
    assert (lower_of("ÄB"), upper_of("äb"), trim_of(" a ")) == ("äb", "ÄB", "a")
    assert [f(5) for f in (lower_of, upper_of, trim_of, slug)] == [None] * 4
    assert (left_of("abc", 2), left_of("abc", 9), left_of("abc", -1)) == ("ab", "abc", "")
    assert (right_of("abc", 2), right_of("abc", 9), right_of("abc", 0)) == ("bc", "abc", "")


def test_replacing() -> None:
    assert replace_in("a1b22", re.compile("[0-9]+"), "N") == "aNbN"
    assert replace_in("John Doe", re.compile(r"(\w+) (\w+)"), r"\2 \1") == "Doe John"
    assert replace_in("3.9", "3.9", "a.b") == "a.b"
    assert replace_in(5, "a", "b") is None
    for old, new in (("", "x"), (re.compile("a"), r"\3"), (None, "x")):
        with pytest.raises(Unmet):
            replace_in("abc", old, new)
    with pytest.raises(Unmet, match="too long"):
        replace_in("a" * 10_000, "a", "b" * 10_000)
    with pytest.raises(Unmet, match="too long"):
        replace_in("a" * 10_000, re.compile("a"), "b" * 10_000)


@given(st.text("ab1 "), st.sampled_from(["a", "[0-9]", "b*", " +", "(a)(b)?"]))
def test_replacing_is_what_re_does(text: str, pattern: str) -> None:
    assert replace_in(text, re.compile(pattern), "<x>") == re.sub(pattern, "<x>", text)


def test_splitting_and_joining() -> None:
    assert split_by("a,b,,c", ",") == ["a", "b", "", "c"]
    assert split_by("a, b;c", re.compile("([,;]) ?")) == ["a", "b", "c"]
    assert split_by("ab", re.compile("x*")) == ["ab"]
    assert split_by(None, ",") is None
    assert join_text(["a", 1, None, Decimal("2.50")], "-") == "a-1--2.5"
    with pytest.raises(Unmet, match="empty"):
        split_by("a", "")


def test_beginnings_and_ends() -> None:
    assert starts_with("\n Dear all,\r\nHi", "Dear all,\n")
    assert ends_with("the end.\n", "end.")
    found = starts_with("Hello", "Dear")
    assert isinstance(found, No) and found.reason == "expected `Dear` at the start, found `Hello`"
    assert not starts_with(5, "5") and not ends_with(None, "x")
    with pytest.raises(Unmet, match="nothing to look for"):
        starts_with("a", "")


def test_containing() -> None:
    assert contains("a b c", " b ")
    assert not contains("a b c", "B")
    assert contains("a B c", "b", ignore=["case"])
    assert contains("e\u0301", "\u00e9")
    assert contains("**Very** `bold`", "very bold", ignore=["markup", "case"])
    assert contains(File("f", "f.md", "markdown", b"\xef\xbb\xbfone\r\ntwo"), "one\ntwo")
    assert not contains(None, "a")
    for part in ("", None, "-"):
        with pytest.raises(Unmet, match="nothing to look for"):
            contains("a-b", part, ignore=["punctuation"])


def test_regexes() -> None:
    assert matches("ab12", re.compile("[0-9]"))
    assert not matches("ab", re.compile("[0-9]")) and not matches(12, re.compile("[0-9]"))
    assert capture("id: 42", re.compile(r"id: (\d+)")) == "42"
    assert capture("id: 42", re.compile(r"\d+")) == "42"
    assert capture("x", re.compile(r"\d")) is None and capture("b", re.compile("(a)?b")) is None
    assert find_all("a1b2", re.compile(r"[a-z](\d)")) == ["1", "2"]
    for hostile in ("abc", None, re.compile(b"a")):
        with pytest.raises(Unmet, match="not a regex"):
            matches("abc", hostile)


def test_padding_and_slugs() -> None:
    assert (pad(7, 3), pad(-5, 3), pad("ab", 4, " "), pad("abc", 2), pad(Cell("7"), 3)) == (
        "007", "-05", "  ab", "abc", "007",
    )  # fmt: skip
    assert slug("  Çafé & Straße: No. 5! ") == "cafe-strasse-no-5"
    for width, fill in ((1001, "0"), (-1, "0"), (3, "ab"), (3, "")):
        with pytest.raises(Unmet):
            pad("a", width, fill)
