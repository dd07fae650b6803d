"""What counts as stating a fact, and what only looks like it."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from clawc.stdlib.checks.mentions import mentions, mentions_all, mentions_any, mentions_in_order
from clawc.stdlib.checks.values import MISSING, Cell, No, Range, Unmet

UTC = datetime.UTC
PRICE = Decimal("1234.5")
DAY = datetime.date(2026, 3, 17)


@pytest.mark.parametrize(
    "text",
    [
        "1234.5",
        "1,234.5",
        "1234.50",
        "$1,234.5",
        "€1234.50.",
        "(1234.5)",
        "total=1234.5,",
        "| 1,234.50 |",
        "**1234.5**",
        "`1234.5`",
        "+1234.5",
        "1234.5 USD",
        "1234.5ms",
        "#1234.5!",
        "sum:1234.5",
        "1234.5-hour",
    ],
)
def test_number_found(text: str) -> None:
    assert mentions(f"x {text} y", PRICE) is True


@pytest.mark.parametrize(
    "text",
    [
        "12.",
        "12",
        "12,",
        "12:",
        "It was 12",
        "12/day",
        "5/12",
        "12 percent",
        "12.0",
        "**Errors:**\n12",
        "a—12",
        "~12",
    ],
)
def test_whole_number_found(text: str) -> None:
    assert mentions(text, 12) is True


@pytest.mark.parametrize(
    "text",
    [
        "123",
        "112",
        "1.12",
        "12.5",
        "1,12",
        "12,5",
        "2026-12-01",
        "12/03/2026",
        "12.03.2026",
        "B12",
        "B-12",
        "B_12",
        "12th",
        "12a",
        "12k",
        "12%",
        "12 %",
        "-12",
        "-$12",
        "$-12",
        "12:30",
        "9:12",
        "10-12",
        "12-14",
        "10–12",
        "1.12.3",
        "12.1.3",
        "012",
        "12,000",
        "5,12,000",
        "logs/12/x",
        "12 March 2026",
        "<!-- 12 -->",
        "1e12",
        "٣12",
    ],
)
def test_whole_number_not_found(text: str) -> None:
    result = mentions(f"x {text} y", 12)
    assert isinstance(result, No)
    assert result.reason == "12 is not mentioned"


def test_negative_number() -> None:
    assert mentions("a balance of -12.50 here", Decimal("-12.5"))
    assert mentions("a balance of −$12.50 here", Decimal("-12.5"))
    assert mentions("a balance of $-12.50 here", Decimal("-12.5"))
    assert not mentions("12.50", Decimal("-12.5"))
    assert not mentions("8-12.50", Decimal("-12.5"))


@pytest.mark.parametrize(
    ("text", "what", "decimals", "found"),
    [
        ("1,234.50", PRICE, 2, True),
        ("$1234.50.", PRICE, 2, True),
        ("1234.5", PRICE, 2, False),
        ("1234.500", PRICE, 2, False),
        ("0.13", Decimal("0.125"), 2, True),
        ("0.12", Decimal("0.125"), 2, False),
        ("-0.13", Decimal("-0.125"), 2, True),
        ("1235", PRICE, 0, True),
        ("1235.0", PRICE, 0, False),
        ("0.7", Decimal("0.66667"), Range(1, 3), True),
        ("0.667", Decimal("0.66667"), Range(1, 3), True),
        ("0.66667", Decimal("0.66667"), Range(1, 3), True),
        ("0.6667", Decimal("0.66667"), Range(1, 3), False),
        ("1", Decimal("0.66667"), Range(1, 3), False),
        ("0.66667", Decimal("0.66667"), Range(None, None), True),
    ],
)
def test_decimals(text: str, what: Decimal, decimals: Any, found: bool) -> None:
    assert bool(mentions(text, what, decimals=decimals)) is found


@pytest.mark.parametrize(
    ("text", "what", "found"),
    [
        ("The Oak  Room\nis full", "oak room is", True),
        ("The **Oak** [room](x)", "Oak room", True),
        ("Oaks", "Oak", False),
        ("soak", "Oak", False),
        ("Oak's _Oak_", "Oak", True),
        ("error_count", "error", False),
        ("api-gateway", "api", True),
        ("B12", "B1", False),
        ("B1, B12.", "B1", True),
        ("12%", "12%", True),
        ("12 %", "12%", True),
        ("12%", "12 %", True),
        ("112%", "12%", False),
        ("1.12%", "12%", False),
        ("12%", Cell("12"), False),
        ("at 10:30", "at 10", False),
        ("10:00-11:00", "11:00", True),
        ("v1.2", "v1", False),
        ("in `__init__.py` here", "__init__.py", True),
        ("in __init__.py here", "__init__.py", True),
        ("see [site](https://example.com/a)", "https://example.com/a", True),
        ("run `*.csv`", "*.csv", True),
        ("it’s — “so”", 'it\'s — "so"', True),
        ("Stra\u00dfe", "STRASSE", True),
        ("cafe\u0301", "caf\u00e9", True),
        ("a\n\nb", "a b", False),
        ("US$12", "$12", False),
        ("<!-- oak -->", "Oak", False),
        ("C++ code", "c++", True),
    ],
)
def test_text(text: str, what: str, found: bool) -> None:
    assert bool(mentions(text, what)) is found


def test_what_may_be_ignored() -> None:
    assert not mentions("the oakroom", "Oak Room")
    assert mentions("the oakroom", "Oak Room", ignore=["spaces"])
    assert not mentions("the soak room", "Oak Room", ignore=["spaces"])
    assert mentions("O\u2019Brien, Jose", "OBrien Jos\u00e9", ignore=["punctuation", "accents"])
    assert mentions("O'Brien owes 1,234.50", PRICE, ignore=["punctuation"])
    with pytest.raises(Unmet):
        mentions("x", "x", ignore=["colour"])


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-17",
        "2026-03-17T09:00:00Z",
        "17 March 2026",
        "17th of March, 2026",
        "Tuesday, 17 Mar 2026.",
        "17-Mar-2026",
        "March 17, 2026",
        "Mar. 17th 2026",
    ],
)
def test_date_found(text: str) -> None:
    assert mentions(f"due {text} or later", DAY) is True


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-18",
        "12026-03-17",
        "2026-03-171",
        "17 March 20261",
        "117 March 2026",
        "17.03.2026",
        "March 17",
    ],
)
def test_date_not_found(text: str) -> None:
    assert not mentions(f"due {text} or later", DAY)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-02T02:05:10Z", True),
        ("2026-03-02 02:05:10 UTC", True),
        ("2026-03-02T04:05:10+02:00", True),
        ("2026-03-02 02:05:10", True),
        ("2026-03-02T02:05:11Z", False),
        ("2026-03-02T02:05:10+02:00", False),
        ("2026-03-02", False),
        ("2026-99-99T02:05:10Z", False),
    ],
)
def test_instant(text: str, found: bool) -> None:
    assert bool(mentions(f"at {text}.", datetime.datetime(2026, 3, 2, 2, 5, 10, tzinfo=UTC))) is found


def test_near() -> None:
    text = "There were 8 entries. 4 errors.\n\n- WARN: 1\n\n| auth | 3 |\n|---|---|\n| billing | 2 |\n"
    assert mentions(text, 8, near=["lines", "entries"]) is True
    assert mentions(text, 4, near="errors") is True
    assert mentions(text, 1, near="warn") is True
    assert mentions(text, 2, near="billing") is True
    result = mentions(text, 3, near="billing")
    assert isinstance(result, No)
    assert result.reason == "3 is not in one sentence, bullet or table row with `billing`"
    result = mentions(text, 9, near=["a", "b"])
    assert isinstance(result, No)
    assert result.reason == "9 is not mentioned, so not near `a` or `b`"


def test_lists() -> None:
    text = "B1 and B2 clash for 30 minutes on 2026-03-17"
    assert mentions_all(text, ["B1", "B2", 30, DAY]) is True
    assert mentions_all(text, []) is True
    result = mentions_all(text, ["B1", "B3", 31, "B4"])
    assert isinstance(result, No)
    assert (result.reason, result.share) == ("`B3` is not mentioned (and 2 more)", 0.25)
    assert mentions_any(text, ["B3", 30]) is True
    assert not mentions_any(text, ["B3", 3])
    assert not mentions_any(text, [])
    assert mentions([text, "other"], "other") is True


def test_order() -> None:
    assert mentions_in_order("a 1 b 2 a", ["a", "b", "a"]) is True
    assert mentions_in_order(["first", "second"], ["first", "second"]) is True
    result = mentions_in_order("b then a", ["a", "b"])
    assert isinstance(result, No)
    assert (result.reason, result.share) == ("`b` is not mentioned after `a`", 0.5)
    assert not mentions_in_order("a", ["a", "a"])


@pytest.mark.parametrize("what", ["", "  ", None, MISSING, True, [], {}, Decimal("NaN"), Decimal("1e5000"), "x" * 1001])
def test_nothing_to_look_for(what: Any) -> None:
    with pytest.raises(Unmet):
        mentions("text", what)


@pytest.mark.parametrize("decimals", [-1, 31, "2"])
def test_bad_decimals(decimals: Any) -> None:
    with pytest.raises(Unmet):
        mentions("text", 1, decimals=decimals)


@pytest.mark.parametrize("source", [None, MISSING, 5, {}, [1], "x" * 2_000_001])
def test_no_text(source: Any) -> None:
    with pytest.raises(Unmet):
        mentions(source, "x")


@pytest.mark.parametrize("month", ["January", "February", "March", "April", "May", "June", "July", "August", "September",
                                   "October", "November", "December"])  # fmt: skip
def test_months_by_name(month: str) -> None:
    months = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    day = datetime.date(2026, months.index(month[:3].lower()) + 1, 7)
    for text in (f"on {month} 7, 2026", f"7 {month} 2026", f"{month[:3]} 7, 2026"):
        assert mentions(text, day) is True, text
        assert not mentions(text, day.replace(month=day.month % 12 + 1)), text


def test_decimals_near_a_text() -> None:
    assert mentions("The total was $1,234.50.", PRICE, near="total", decimals=2) is True
    assert not mentions("The total was $1,234.5.", PRICE, near="total", decimals=2)


def test_what_is_said_of_several_facts() -> None:
    found = mentions_any("nothing", ["a", 2])
    assert isinstance(found, No) and found.reason == "none of `a`, 2 is mentioned"
    found = mentions_any("nothing", [])
    assert isinstance(found, No) and found.reason == "there are no facts to look for"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a well\u2010known name", "well-known"), ("a well\u2011known name", "well-known"), ("it is \u22125 now", -5),
        ("\u2018so\u2019 it is", "'so'"), ("\u201cso\u201d it is", '"so"'), ("ex\u00adam\u200bple", "example"),
        ("ex\u2060am\ufeffple", "example"),
    ],
)  # fmt: skip
def test_signs_that_look_alike(text: str, what: Any) -> None:
    assert mentions(text, what) is True
