"""Lexing takes linear time where an end is looked for that is not there."""

from __future__ import annotations

import time

import pytest

from clawc.compiler.passes.lex import lex

TEXTS = {
    "heredocs": "<<A\n" * 100_000,
    "heredocs with names of their own": "".join(f"<<A{n}\n" for n in range(60_000)),
    "slashes that escapes hide": "/\\" * 200_000,
    "block strings that escapes hide": '"""' + '\n\\"""x' * 60_000,
    "block strings that never dedent": '"""' + "\n  a" * 100_000,
}


@pytest.mark.parametrize("name", TEXTS)
def test_each_sign_is_looked_at_a_few_times(name: str) -> None:
    begun = time.monotonic()
    found = lex(TEXTS[name])
    assert time.monotonic() - begun < 60  # about a second; hours where each opener looks through the rest
    assert found.tokens[-1].end == len(TEXTS[name])


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("x = <<A\nb\nA\ny", ["NAME", "EQUAL", "BAD", "_NL", "NAME"]),
        ("x = <<A\nb\n  A \ny = <<A\nA\n", ["NAME", "EQUAL", "BAD", "_NL", "NAME", "EQUAL", "BAD", "_NL"]),
        ("x = <<A\nb\nAB\n", ["NAME", "EQUAL", "LESSTHAN", "LESSTHAN", "NAME", "_NL", "NAME", "_NL", "NAME", "_NL"]),
        ("x = /a[\n= /b[/", ["NAME", "EQUAL", "SLASH", "NAME", "LSQB", "_NL", "EQUAL", "BAD"]),
        ('"""a\\"""\nb', ["BAD", "_NL", "NAME"]),
    ],
)
def test_what_is_closed_is_found_behind_what_is_not(text: str, kinds: list[str]) -> None:
    assert [token.kind for token in lex(text).tokens][:-1] == kinds
