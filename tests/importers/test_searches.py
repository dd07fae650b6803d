"""Regexes of Python as the language writes them: they find the same."""

from __future__ import annotations

import re
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.compiler.importers.searches import alternatives, literal, search, value

PIECES = st.sampled_from(["a", "b", ".", "*", "+?", "|", "(", ")", "[^a]", "[]|]", "\\", '"', '\\"', "\\\\", "\n", "\\\n", "(?i)", "(?s)", "^", "$", "é", "\u2028", "\\|", "{2}", " ", "\\b"])  # fmt: skip
_LITERAL = re.compile(r're"((?:[^\n"\\]|\\[^\n])*)"')


def read(source: str) -> str:
    """The pattern that stands in a literal, as the compiler reads it."""
    match = _LITERAL.fullmatch(source)
    assert match, source
    return match[1].replace('\\"', '"')


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PIECES, max_size=7).map("".join),
    st.sampled_from(["", "i", "ms"]),
    st.text('ab"\\|\n é\u2028AB', max_size=6),
)
def test_the_same_is_found(pattern: str, flags: str, text: str) -> None:
    found = search("s", pattern, flags)
    kinds = re.NOFLAG
    for flag in flags:
        kinds |= re.RegexFlag[flag.upper()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = re.search(pattern, text, kinds) is not None
        except re.error:
            assert found.broken
            return
        assert not found.broken
        if found.condition:
            parts = re.findall(r'matches\(s, (re"(?:[^\n"\\]|\\[^\n])*")\)', found.condition)
            assert any(re.search(read(part), text) for part in parts) == expected


def test_what_is_too_much_is_cut_at_its_bars() -> None:
    many = "|".join(f"word{number}" for number in range(200))
    found = search("s", many, "i").condition
    assert (found.count("matches("), found.startswith('matches(s, re"(?i)word0") or ')) == (200, True)
    assert alternatives(r"a|(b|c)|[|]|\||d") == ["a", "(b|c)", "[|]", r"\|", "d"]
    assert search("s", "(a+)+").why and not search("s", "(a+)+").broken
    assert search("s", r"(x)(a+)+\1|b").condition == ""
    assert search("s", "(?x) a b").why == "its blanks and comments are not part of it"


def test_literals_hold_no_bare_line_end() -> None:
    assert literal('a\n\\\n"\t\0\u200b') == 're"a\\n\\n\\"\\t\\x00\\u200b"'


def test_values() -> None:
    assert value({"a": [1, -2.5, None, True], 'q"': "{{x}}"}) == '{"a": [1, -2.5, null, true], "q\\"": "{{{{x}}"}'
    assert (value(float("nan")), value([1e300]), value({"a": object()})) == (None, None, None)
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    assert value(deep) is None
