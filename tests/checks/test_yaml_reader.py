"""YAML: the types of the core schema, and what is refused with which message."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from clawc.stdlib.checks.values import File, Unmet
from clawc.stdlib.checks.yaml_reader import MAX_YAML_TEXT, yaml_all, yaml_value


def refused(text: str) -> str:
    with pytest.raises(Unmet) as caught:
        yaml_value(File("f", "f.yaml", "yaml", text.encode("utf-8", "surrogatepass")))
    return str(caught.value)


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("true", True), ("False", False), ("TRUE", True),
        ("yes", "yes"), ("on", "on"), ("off", "off"), ("No", "No"), ("nUll", "nUll"),
        ("12", 12), ("-3", -3), ("+5", 5), ("012", 12), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"), ("0b1", "0b1"),
        ("3.10", Decimal("3.10")), (".5", Decimal("0.5")), ("1.", Decimal(1)), ("1e3", Decimal(1000)), ("1.5E-2", Decimal("0.015")),
        ("1.2.3", "1.2.3"), ("12:30:45", "12:30:45"), ("2026-03-01", "2026-03-01"), ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"),
        ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("!!int 4", 4), ("!!float 5", Decimal(5)), ("!!null ''", None),
        ("<<", "<<"), ("=", "="), ("a b", "a b"), ('"\\u00e9"', "é"), ("{}", {}), ("[]", []), ("{a: [1, {b: c}]}", {"a": [1, {"b": "c"}]}),
        ("|\n  a\n  b", "a\nb"), (">\n  a\n  b\n", "a b\n"),
    ],
)  # fmt: skip
def test_scalars(scalar: str, value: Any) -> None:
    found = yaml_value(f"k: {scalar}")["k"]
    assert found == value and type(found) is type(value)
    assert str(found) == str(value) or not isinstance(value, Decimal) or "e" in scalar.lower() or scalar == ".5"


def test_keys_are_text_and_a_merge_is_none() -> None:
    assert yaml_value("on: 1\n1: a\nnull: b\n'': c\n<<: {x: 1}\n2026-01-02: d\n") == {
        "on": 1, "1": "a", "null": "b", "": "c", "<<": {"x": 1}, "2026-01-02": "d",
    }  # fmt: skip


def test_aliases_stand_for_what_they_name() -> None:
    assert yaml_value("a: &x [1, {b: 2}]\nc: *x\nd: &k key\n*k : 5\n") == {
        "a": [1, {"b": 2}], "c": [1, {"b": 2}], "d": "key", "key": 5,
    }  # fmt: skip


def test_documents() -> None:
    assert yaml_all("a: 1\n---\n- 2\n...\n---\n") == [{"a": 1}, [2], None]
    assert yaml_value("--- x\n") == "x"
    assert yaml_value("%YAML 1.2\n---\na: 1\n") == {"a": 1}
    assert refused("a\n---\nb\n") == "`f.yaml` holds more than one YAML document; `yaml_all` reads them as a list"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`f.yaml` is empty, not YAML"),
        ("# nothing\n", "`f.yaml` is empty, not YAML"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "`f.yaml` line 4 has the key `c` a second time"),
        ("1: a\n'1': b\n", "`f.yaml` line 2 has the key `1` a second time"),
        ("a: b: c\n", "`f.yaml` is not YAML: line 1, column 5: mapping values are not allowed here"),
        ("a:\n\t- b\n", "`f.yaml` is not YAML: line 2, column 1: found character '\\t' that cannot start any token"),
        ("a: [1, 2\n", "`f.yaml` is not YAML: line 2, column 1: expected ',' or ']', but got '<stream end>'"),
        ("a: *b\n", "`f.yaml` is not YAML: line 1, column 4: found undefined alias 'b'"),
        ("a\nb\x07\n", "`f.yaml` is not YAML: line 2: the character U+0007 is not allowed"),
        ('"\\U00110000"', "`f.yaml` is not YAML: it has an escape that stands for no character"),
        ("? [a]\n: b\n", "`f.yaml` line 1 has a key that is no text"),
        ("a: .inf\n", "`f.yaml` line 1: `.inf` is not a number that can be compared"),
        ("- -.INF\n", "`f.yaml` line 1: `-.INF` is not a number that can be compared"),
        ("- .NaN\n", "`f.yaml` line 1: `.NaN` is not a number that can be compared"),
        ("- 1e1000\n", "`f.yaml` line 1: the number `1e1000` is too large"),
        ("- !!int 1.5\n", "`f.yaml` line 1: `1.5` is no value of the tag `!!int`"),
        ("- !!bool yes\n", "`f.yaml` line 1: `yes` is no value of the tag `!!bool`"),
        ("a: !secret x\n", "`f.yaml` line 1 has the tag `!secret`, which stands for no plain value"),
        ("a: !!seq {}\n", "`f.yaml` line 1 has the tag `tag:yaml.org,2002:seq`, which stands for no plain value"),
        (
            "!!python/object/apply:os.system ['true']",
            "`f.yaml` line 1 has the tag `tag:yaml.org,2002:python/object/apply:os.system`, which stands for no plain value",
        ),
        ("!!timestamp 2026-01-01", "`f.yaml` line 1 has the tag `tag:yaml.org,2002:timestamp`, which stands for no plain value"),
        ("&a [*a]", "`f.yaml` line 1 holds itself through an alias"),
        ("a: &a\n  b: [{c: *a}]\n", "`f.yaml` line 1 holds itself through an alias"),
        ("a: \ud800", "`f.yaml` is not UTF-8 text (byte 3)"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, message: str) -> None:
    assert refused(text) == message


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi")
)
DEEP_ALIASES = "- &a0 []\n" + "".join(f"- &a{n + 1} [*a{n}]\n" for n in range(200))


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "text",
    [
        LAUGHS, DEEP_ALIASES, "[" * 100_000, "{" * 100_000, "- " * 50_000, "? " * 50_000, "{a: " * 50_000, "[" * 90 + "a," * 80_000,
        "- a\n" * 400_000, "&a " * 100_000, "!" * 500_000, "a: " * 100_000, "a" * MAX_YAML_TEXT, "x" * (MAX_YAML_TEXT + 1),
        "%YAML " + "1" * 1_000_000 + ".1\n---\na", "'" * 1_000_001, "--- \n" * 60_000, "*a " * 100_000, "|\n" * 100_000,
        "- 0x" + "f" * 1_000_000, "- " + "9" * 1_000_000, "- " + "1." * 500_000, "- 1e" + "0" * 1_000_000, "\n" * MAX_YAML_TEXT,
        "a: b\n" * 200_000, "".join(f"k{n}: &a{n} v\n" for n in range(60_000)), "#" * MAX_YAML_TEXT, '"' + "\\x41" * 400_000 + '"',
    ],
    ids=range(28),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    for read in (yaml_value, yaml_all):
        try:
            read(text)
        except Unmet as problem:
            assert len(str(problem)) < 300
    assert time.process_time() - began < 20  # twice the bound of one reading, with room for a slow machine


def test_what_is_large_and_fine() -> None:
    many = "".join(f"- {{id: {n}, name: n{n}}}\n" for n in range(9_000))
    assert len(yaml_value(many)) == 9_000
    deep = "".join("  " * n + "a:\n" for n in range(99))
    value = yaml_value(deep)
    for _ in range(99):
        value = value["a"]
    assert value is None
    assert (
        refused("".join("  " * n + "a:\n" for n in range(101)))
        == "`f.yaml` is nested deeper than 100 levels (line 100)"
    )


@pytest.mark.parametrize("tag", ["null", "bool", "int", "float"])
def test_values_that_are_not_of_their_tag(tag: str) -> None:
    with pytest.raises(Unmet) as caught:
        yaml_value(f"a: !!{tag} x\n")
    assert str(caught.value).endswith(f"line 1: `x` is no value of the tag `!!{tag}`")
