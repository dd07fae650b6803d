"""What a value is written as, its reader reads back as the same value."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.compiler.render_ini import render_ini
from clawc.compiler.render_toml import render_toml
from clawc.compiler.render_yaml import render_yaml
from clawc.stdlib.checks.ini_reader import ini_sections
from clawc.stdlib.checks.toml_reader import toml_value
from clawc.stdlib.checks.values import Table, Unmet
from clawc.stdlib.checks.yaml_reader import yaml_value

# fmt: off
WORDS = st.sampled_from([
    "", "a", "yes", "No", "null", "~", "1", "1.50", "0x1F", "1e3", ".inf", "12:30:00", "2026-01-02", "-", "- a", "a: b", "a:", ":", "a #b",
    "#", "!x", "&x", "*x", "{}", "[", "|", ">", "%", "@", "`", "'", '"', "<<", "=", "---", "...", "a\nb", "a\nb\n", "a\n\nb\n\n", "\n", " a",
    "a ", " \n a", "a\tb", "\t", "a,b", "é", "\x7f", "\x85", "\u2028", "\ufeff", "\U0001f600", "\\", "http://x/y?z", "a\n b\n", "a \nb", "? a",
])
# fmt: on
TEXTS = st.one_of(WORDS, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8))
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.decimals(-1000, 1000, places=2))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@given(VALUES)
def test_yaml(value: Any) -> None:
    text = render_yaml(value)
    assert yaml_value(text) == value
    assert text.endswith("\n")


DATES = st.one_of(st.dates(), st.datetimes(min_value=datetime.datetime(1, 1, 1)))
WITHOUT_NULL = st.recursive(
    st.one_of(st.booleans(), NUMBERS, TEXTS, DATES),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, WITHOUT_NULL, max_size=5))
def test_toml(value: dict[str, Any]) -> None:
    text = render_toml(value)
    assert (toml_value(text) if value else {}) == value


@given(st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), max_size=3))
def test_ini(value: dict[str, dict[str, str]]) -> None:
    try:
        text = render_ini(value)
    except Unmet:
        return
    assert ini_sections(text) == value


def test_layout() -> None:
    rows = Table(["id", "when"], [{"id": 1, "when": datetime.date(2026, 1, 2)}, {"id": 2, "when": None}])
    assert render_yaml(
        {"on": [1, "yes", "a\nb\n"], "rows": rows, "e": {}, "p": Decimal("2.50"), "w": Decimal("2.0")}
    ) == (
        '"on":\n  - 1\n  - "yes"\n  - |\n    a\n    b\nrows:\n  - id: 1\n    when: "2026-01-02"\n  - id: 2\n    when: null\n'
        "e: {}\np: 2.5\nw: 2.0\n"
    )
    assert render_toml({"t": {"u": {"a b": 1}}, "x": [1, "y"], "l": [{"a": 1}, {}]}) == (
        'x = [1, "y"]\n\n[t.u]\n"a b" = 1\n\n[[l]]\na = 1\n\n[[l]]\n'
    )
    assert (
        render_ini({"a": {"n": 3, "on": True, "t": "x\ny"}, "b": {}}) == "[a]\nn = 3\non = true\nt = x\n    y\n\n[b]\n"
    )


@pytest.mark.parametrize(
    ("render", "value", "message"),
    [
        (render_toml, [1], "a TOML file is a record"),
        (render_toml, {"a": None}, "TOML has no null"),
        (render_ini, {"a": 1}, "`a` is no section: a section is a record"),
        (render_ini, {"a": {"b": " x"}}, "INI cannot hold a text of this form"),
        (render_yaml, {"k" * 2000: 1}, "a key of more than 1000 characters cannot be written as YAML"),
    ],
)
def test_what_cannot_be_written(render: Any, value: Any, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        render(value)
    assert str(caught.value) == message
