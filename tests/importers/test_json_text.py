"""Documents of strangers: bounded, plain values, and Refused for the rest."""

from __future__ import annotations

import time

import pytest

from clawc.compiler.importers.json_text import json_value, toml_value, yaml_value
from clawc.compiler.importers.model import Refused

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi")
)
MERGES = "a0: &a0 {k: 1}\n" + "".join(f"a{n + 1}: &a{n + 1} {{<<: [*a{n}, *a{n}], k{n}: 1}}\n" for n in range(60))


def test_levels_of_yaml_are_bounded_whatever_the_stack_allows() -> None:
    assert yaml_value("[" * 150 + "]" * 150, "x.yaml") is not None
    with pytest.raises(Refused, match="nested more than 200 levels deep"):
        yaml_value("[" * 250 + "]" * 250, "x.yaml")


@pytest.mark.parametrize("text", [LAUGHS, "a: &a [*a]\n", "a: &a {b: *a}\n", "[" * 50_000, "{" * 3000, "!!python/object/apply:os.system [ls]", "!!int ''", "!!float ''", "!!bool foo", "!!timestamp x",
                                  "? [a]\n: b", "{[a]: b}", "\x00", "a: *b", "--- a\n--- b", "x: " + "9" * 5000])  # fmt: skip
def test_yaml_that_is_a_trap(text: str) -> None:
    began = time.process_time()
    with pytest.raises(Refused):
        yaml_value(text, "x.yaml")
    assert time.process_time() - began < 10


def test_yaml_is_plain() -> None:
    assert yaml_value(MERGES, "x")["a60"]["k"] == 1
    odd = "a: !!binary aGk=\nb: !!timestamp 2026-01-31\nc: !!set {x, y}\nd: .nan\ne: !!omap [k: 1]\n"
    assert yaml_value(odd, "x") == {"a": "hi", "b": "2026-01-31", "c": ["x", "y"], "d": None, "e": ["('k', 1)"]}
    assert yaml_value("a: 2026-01-31\nb: yes\nc: &x [1, 2.5]\nd: *x\n", "x") == {
        "a": "2026-01-31",
        "b": True,
        "c": [1, 2.5],
        "d": [1, 2.5],
    }
    assert yaml_value("", "x") is None


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "nope", "{'a': 1}", "[1," * 5000])
def test_json_that_is_none(text: str) -> None:
    with pytest.raises(Refused, match="is no JSON"):
        json_value(text, "x.json")


def test_half_characters_are_replaced() -> None:
    assert json_value('{"a\\ud83d": ["\\udc00b", {"c": "\\ud83d\\ude00"}]}', "x") == {
        "a\ufffd": ["\ufffdb", {"c": "\U0001f600"}]
    }


@pytest.mark.parametrize("text", ["a", "a = [", "[a]\n[a]", "a = 1\na = 2", "x = " + "[" * 5000])
def test_toml_that_is_none(text: str) -> None:
    with pytest.raises(Refused, match="is no TOML"):
        toml_value(text, "x.toml")
