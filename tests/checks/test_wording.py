"""Texts compared and cut by their wording."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from clawc.stdlib.checks.sequences import numbered
from clawc.stdlib.checks.values import MISSING, Table, Unmet
from clawc.stdlib.checks.wording import MAX_ALIKE, fits_pattern, normalised_by, similarity, split_at


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        ("", "", "1"), ("a", "", "0"), ("Ab", "ab", "1"), ("abc  d", "ABC\nD", "1.0000"), ("abcd", "abce", "0.3333"),
        ("abcdef", "uvwxyz", "0.0000"), ("the cat sat", "the cat sat down", "0.6923"),
    ],
)  # fmt: skip
def test_similarity(a: str, b: str, share: str) -> None:
    assert similarity(a, b) == similarity(b, a) == Decimal(share)
    assert similarity(None, b) is None


@pytest.mark.parametrize(
    ("text", "what", "result"),
    [
        ("Ab c", ["case"], "ab c"), ("A b", ["spaces"], "Ab"), ("a-b, c!", ["punctuation"], "ab c"), ("Café", ["accents"], "Cafe"),
        ("**a** [b](c)", ["markup"], "a b"), ("раураl ΑΒ", ["lookalikes"], "paypal AB"), ("p@$$w0rd 1337", ["leet"], "password ieet"),
        ("Ѕ3СRЕТ", ["leet", "lookalikes", "case"], "secret"), ("a", [], "a"),
    ],
)  # fmt: skip
def test_normalise(text: str, what: list[str], result: str) -> None:
    assert normalised_by(text, what) == result
    assert normalised_by(None, what) is None


@pytest.mark.parametrize(
    ("text", "pattern", "held"),
    [
        ("Dear Ada, hi", "Dear …, hi", True), ("Dear , hi", "Dear …, hi", False), ("Dear Ada,\n  hi", "Dear … hi", True),
        ("a", "a", True), ("a b", "a", False), ("x", "…", True), ("", "…", False), ("abcabc", "a…c", True), ("ab-ab", "ab…ab", True),
        ("abab", "ab…ab", False), ("a1b2c", "a…b…c", True), ("abc", "a…b…c", False), ("A", "a", False), ("x a*b y", "x a*b …", True),
    ],
)  # fmt: skip
def test_fits(text: str, pattern: str, held: bool) -> None:
    assert bool(fits_pattern(text, pattern)) is held


def test_parts_by_title() -> None:
    text = "intro\n\n## Plan\none\n\n**Risks:**\n\ntwo\nPLAN:\nthree\n"
    table = split_at(text, ["Risks", "Plan", "Missing"])
    assert table.columns == ["title", "body"]
    assert [tuple(row.values()) for row in table.rows] == [("Plan", "one"), ("Risks", "two"), ("Plan", "three")]
    assert split_at("a", []).rows == []


def test_numbered() -> None:
    assert numbered(["a", {"b": 1}]).rows == [{"n": 1, "value": "a"}, {"n": 2, "value": {"b": 1}}]
    assert numbered(Table(["a"], [("x",), ("y",)])).rows == [{"n": 1, "a": "x"}, {"n": 2, "a": "y"}]


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: normalised_by("a", ["colour"]), "`colour` is nothing that a text can be normalised by"),
    (lambda: numbered(MISSING), "nothing is not a list"),
    (lambda: numbered(Table(["n"], [])), "the table already has a column `n`"),
    (lambda: split_at("a", [1]), "1 is no title"),
    (lambda: split_at("a", ["#"]), "`#` is no title"),
    (lambda: similarity("a" * (MAX_ALIKE + 1), "a"), "a text of more than 500000 characters is too long to be compared for similarity"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(Unmet) as caught:
        call()
    assert str(caught.value) == message
