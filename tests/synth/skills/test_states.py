"""States of files: which serves as which, over all pairs."""

from __future__ import annotations

import itertools

import pytest
from pydantic import ValidationError

from clawc.runtime.synth.skills.states import HOLDS, STATE_FORMATS, FileState, format_of, satisfies
from clawc.spec.blocks import FORMATS
from tests.synth.skills.making import state

ALL = [FileState(format=format, holds=holds) for format in STATE_FORMATS for holds in HOLDS]


def test_every_state_serves_as_itself_and_as_anything() -> None:
    anything = state("any", "any")
    for each in ALL:
        assert satisfies(each, each) and satisfies(each, anything)
        assert satisfies(anything, each) == (each == anything)


def test_what_serves_also_serves_where_that_serves() -> None:
    serves = {(a, b) for a, b in itertools.product(ALL, ALL) if satisfies(a, b)}
    after: dict[FileState, set[FileState]] = {}
    for a, b in serves:
        after.setdefault(a, set()).add(b)
    for a in ALL:
        assert all(after[b] <= after[a] for b in after[a])


@pytest.mark.parametrize(
    ("post", "pre", "serves"),
    [
        (state("csv", "rows"), state("csv", "rows"), True),
        (state("csv", "rows"), state("any", "rows"), True),
        (state("csv", "rows"), state("text", "rows"), True),
        (state("xlsx", "rows"), state("text", "rows"), False),
        (state("zip", "tree"), state("text", "any"), False),
        (state("csv", "rows"), state("xlsx", "rows"), False),
        (state("csv", "rows"), state("csv", "record"), False),
        (state("html", "page"), state("text", "prose"), True),
        (state("text", "prose"), state("html", "page"), False),
        (state("email", "messages"), state("any", "prose"), True),
        (state("yaml", "config"), state("yaml", "record"), True),
        (state("any", "rows"), state("csv", "rows"), False),
        (state("csv", "any"), state("csv", "rows"), False),
    ],
)
def test_pairs(post: FileState, pre: FileState, serves: bool) -> None:
    assert satisfies(post, pre) is serves


def test_words_and_endings_name_formats() -> None:
    assert {format_of(name) for name in FORMATS} == set(FORMATS)
    named = {
        "md": "markdown",
        ".eml": "email",
        "txt": "text",
        "PY": "program",
        "yml": "yaml",
        "db": "sqlite",
        "patch": "diff",
    }
    assert {word: format_of(word) for word in named} == named
    assert format_of("pdf") == format_of("") == format_of("any") == ""


@pytest.mark.parametrize("odd", [{"format": "pdf", "holds": "rows"}, {"format": "csv", "holds": "cells"}, {"format": 1, "holds": "any"},
                                 {"format": "csv"}, {"format": "csv", "holds": "rows", "more": 1}])  # fmt: skip
def test_what_is_no_state(odd: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FileState.model_validate(odd)
