"""Patches: what is wanted is said, and whatever is not concerned stays as it was, byte for byte."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.compiler.render_ini import render_ini
from clawc.compiler.render_json import render_json
from clawc.compiler.render_toml import render_toml
from clawc.compiler.render_yaml import render_yaml
from clawc.compiler.witness.patching import patched
from clawc.compiler.witness.spans import same
from clawc.stdlib.checks.ini_reader import ini_sections
from clawc.stdlib.checks.kinds import list_in, record_in
from clawc.stdlib.checks.readers import json_value
from clawc.stdlib.checks.toml_reader import toml_value
from clawc.stdlib.checks.values import Unmet
from clawc.stdlib.checks.yaml_reader import yaml_value

READ: dict[str, Callable[[Any], Any]] = {
    "json": json_value, "yaml": yaml_value, "toml": toml_value, "ini": ini_sections,
}  # fmt: skip
WRITE: dict[str, Callable[[Any], str]] = {
    "json": render_json, "yaml": render_yaml, "toml": render_toml, "ini": render_ini,
}  # fmt: skip

YAML = """\
# top
name: 'web'   # the name
image: web:1.2
ports:
  - 80   # http
  - 443
env:
- {name: A, value: "1"}
- name: B   # second
  # inner
  value: two

limits: &l
  cpu: 0.50
  mem: 1Gi  # big

other: *l
empty:
text: |
  a
  b
# end
"""
JSON = """\
{
    "a": 1,
    "b": [1, 2, 3],
    "c": {
        "d": "x"
    },
    "e": []
}
"""
TOML = """\
# top
name = 'x'  # the name
tags = [
    "a",  # first
    "b",
]
point = {x = 1, y = 2.50}

[tool.one]
version = "1.0" # v
deep.er = 1

# about two
[tool.two]

[[item]]
id = 1
[item.sub]
k = true

[[item]]
id = 2
"""
INI = """\
; top
[Server]
Port = 80
host: a
  b

# about the log
[log]
level=info
"""
TEXTS = {"yaml": YAML, "json": JSON, "toml": TOML, "ini": INI}


def changed(kind: str, change: Callable[[Any], object]) -> list[str]:
    """The lines that a change of the document removes (`-`) and adds (`+`)."""
    text = TEXTS[kind]
    wanted = copy.deepcopy(READ[kind](text))
    change(wanted)
    result = patched(kind, text, wanted)
    assert result is not None
    assert same(READ[kind](result), wanted)
    assert patched(kind, text.replace("\n", "\r\n"), wanted) == result.replace("\n", "\r\n")
    before, after = text.split("\n"), result.split("\n")
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    return [f"-{line}" for line in before] + [f"+{line}" for line in after]


# fmt: off
CASES: list[tuple[str, Callable[[Any], object], list[str]]] = [
    ("yaml", lambda d: d.update(name="it's"), ["-name: 'web'   # the name", "+name: 'it''s'   # the name"]),
    ("yaml", lambda d: d.update(image=True), ["-image: web:1.2", "+image: true"]),
    ("yaml", lambda d: d.update(image="3"), ["-image: web:1.2", '+image: "3"']),
    ("yaml", lambda d: d.update(name={"a": [1]}), ["-name: 'web'   # the name", "+name:   # the name", "+  a:", "+    - 1"]),
    ("yaml", lambda d: d["ports"].insert(1, 8080), ["+  - 8080"]),
    ("yaml", lambda d: d["ports"].insert(0, 8080), ["+  - 8080"]),
    ("yaml", lambda d: d["ports"].pop(0), ["-  - 80   # http"]),
    ("yaml", lambda d: d.update(ports=[]), ["-ports:", "-  - 80   # http", "-  - 443", "+ports: []"]),
    ("yaml", lambda d: d.pop("image"), ["-image: web:1.2"]),
    ("yaml", lambda d: d["env"][0].update(value="2"), ['-- {name: A, value: "1"}', '+- {name: A, value: "2"}']),
    ("yaml", lambda d: d["env"][0].pop("name"), ['-- {name: A, value: "1"}', '+- {value: "1"}']),
    ("yaml", lambda d: d["env"][0].update(x=None), ['-- {name: A, value: "1"}', '+- {name: A, value: "1", x: null}']),
    ("yaml", lambda d: d["env"][1].pop("name"), ["-- name: B   # second", "+-   # second"]),
    ("yaml", lambda d: d["env"].append({"name": "C"}), ["+- name: C"]),
    ("yaml", lambda d: (d["limits"].update(gpu=[1]), d["other"].update(gpu=[1])), ["+  gpu:", "+    - 1"]),
    ("yaml", lambda d: d["limits"].update(cpu=Decimal("0.75")), [
        "-  cpu: 0.50", "-  mem: 1Gi  # big", "-", "-other: *l", "+  cpu: 0.75", "+  mem: 1Gi  # big", "+", "+other:",
        "+  cpu: 0.5", "+  mem: 1Gi",
    ]),
    ("yaml", lambda d: d.update(empty=3), ["-empty:", "+empty: 3"]),
    ("yaml", lambda d: d.update(text="x\n\ny\n"), ["-  a", "-  b", "+  x", "+", "+  y"]),
    ("yaml", lambda d: d.update(new={"z": [1, {"a": 2}]}), ["+new:", "+  z:", "+    - 1", "+    - a: 2"]),
    ("json", lambda d: d.update(a=2), ['-    "a": 1,', '+    "a": 2,']),
    ("json", lambda d: d["b"].remove(2), ['-    "b": [1, 2, 3],', '+    "b": [1, 3],']),
    ("json", lambda d: d.update(b=[3]), ['-    "b": [1, 2, 3],', '+    "b": [3],']),
    ("json", lambda d: d.update(b=[1]), ['-    "b": [1, 2, 3],', '+    "b": [1],']),
    ("json", lambda d: d["b"].insert(0, 0), ['-    "b": [1, 2, 3],', '+    "b": [0, 1, 2, 3],']),
    ("json", lambda d: d["b"].append(4), ['-    "b": [1, 2, 3],', '+    "b": [1, 2, 3, 4],']),
    ("json", lambda d: d.pop("e"), ["-    },", '-    "e": []', "+    }"]),
    ("json", lambda d: d.pop("a"), ['-    "a": 1,']),
    ("json", lambda d: d.update(z={"q": [1]}), [
        '-    "e": []', '+    "e": [],', '+    "z": {', '+        "q": [', "+            1", "+        ]", "+    }",
    ]),
    ("toml", lambda d: d.update(name="y"), ["-name = 'x'  # the name", "+name = 'y'  # the name"]),
    ("toml", lambda d: d["tags"].append("c"), ['+    "c",']),
    ("toml", lambda d: d["tags"].pop(0), ['-    "a",  # first']),
    ("toml", lambda d: d["point"].update(z=3), ["-point = {x = 1, y = 2.50}", "+point = {x = 1, y = 2.50, z = 3}"]),
    ("toml", lambda d: d.update(new=1), ["+new = 1"]),
    ("toml", lambda d: d["tool"]["one"]["deep"].update(est=2), ["+deep.est = 2"]),
    ("toml", lambda d: d["tool"]["one"].update(a="b"), ['+a = "b"']),
    ("toml", lambda d: d["tool"]["two"].update(a="b"), ['+a = "b"']),
    ("toml", lambda d: d["tool"].pop("two"), ["-[tool.two]"]),
    ("toml", lambda d: d["tool"].update(three={"k": 1}), ["+", "+[tool.three]", "+k = 1"]),
    ("toml", lambda d: d["item"].append({"id": 3}), ["+", "+[[item]]", "+id = 3"]),
    ("toml", lambda d: d["item"].pop(0), ["-[[item]]", "-id = 1", "-[item.sub]", "-k = true"]),
    ("toml", lambda d: d["item"][1].update(id=5), ["-id = 2", "+id = 5"]),
    ("ini", lambda d: d["Server"].update(Port="81"), ["-Port = 80", "+Port = 81"]),
    ("ini", lambda d: d["Server"].update(host="c"), ["-host: a", "-  b", "+host: c"]),
    ("ini", lambda d: d["Server"].update(new="1\n2"), ["+new: 1", "+    2"]),
    ("ini", lambda d: d["log"].pop("level"), ["-level=info"]),
    ("ini", lambda d: d.pop("log"), ["-[log]", "-level=info"]),
    ("ini", lambda d: d.update(x={"y": "z"}), ["+", "+[x]", "+y = z"]),
]
# fmt: on


@pytest.mark.parametrize(("kind", "change", "lines"), CASES, ids=range(len(CASES)))
def test_what_a_change_does(kind: str, change: Callable[[Any], object], lines: list[str]) -> None:
    found = changed(kind, change)
    # Where lines repeat, another one of the same may count as the one that went.
    assert sorted(found) == sorted(lines)


def test_nothing_to_do_changes_nothing() -> None:
    for kind, text in TEXTS.items():
        assert patched(kind, text, READ[kind](text)) == text
        assert patched(kind, "\ufeff" + text, READ[kind](text)) == "\ufeff" + text


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("json", "{", {}), ("yaml", "a: [", {}), ("toml", "a", {}), ("ini", "a", {}), ("toml", "a = 1", {"a": None}),
        ("toml", "a = 1", [1]), ("ini", "[a]\nb = 1\n", {"a": {"b": " "}}), ("json", '{"a":1}\r\n\n', {"a": 2}),
        ("yaml", "a\n---\nb\n", "c"),
    ],
)  # fmt: skip
def test_what_cannot_be_patched(kind: str, text: str, wanted: Any) -> None:
    assert patched(kind, text, wanted) is None


KEYS = st.sampled_from(["a", "b", "c", "name", "x-y", "on", "k k"])
SCALARS = st.one_of(
    st.integers(-99, 99), st.booleans(), st.sampled_from(["x", "yes", "a: b", "it's", "l1\nl2\n", "# no", ""]),
    st.decimals(0, 9, places=2),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)
SECTIONS = st.dictionaries(
    KEYS, st.dictionaries(KEYS, st.sampled_from(["", "1", "a b", "x\ny"]), max_size=4), min_size=1, max_size=4
)
MARK = {"yaml": "#", "toml": "#", "ini": ";"}


def commented(kind: str, text: str, rng: random.Random) -> str:
    """The text with comments and blank lines at random, where they mean nothing."""
    value = READ[kind](text)
    lines = text.split("\n")[:-1]
    for number in range(rng.randrange(6)):
        attempt = list(lines)
        at = rng.randrange(len(lines) + 1)
        if rng.random() < 0.4 and at < len(lines) and kind != "ini":
            attempt[at] += f"  {MARK[kind]} note {number}"
        else:
            attempt.insert(at, rng.choice(["", f"{MARK[kind]} comment {number}", f"  {MARK[kind]} comment {number}"]))
        try:
            if same(READ[kind]("\n".join(attempt) + "\n"), value):
                lines = attempt
        except Unmet:
            continue
    return "\n".join(lines) + "\n"


def places(value: Any) -> list[Any]:
    """All records and lists inside a value, itself first."""
    record, items = record_in(value), list_in(value)
    if record is None and items is None:
        return []
    inner = list((record or {}).values()) + (items or [])
    return [value, *(place for v in inner for place in places(v))]


def edited(value: Any, new: Any, rng: random.Random) -> str:
    """Changes one place of a value; says what it did."""
    at = rng.choice(places(value))
    act = rng.choice(["add", "remove", "change"]) if at else "add"
    record, items = record_in(at), list_in(at)
    if record is not None:
        key = "new" if act == "add" else rng.choice(list(record))
        record[key] = new
        if act == "remove":
            del record[key]
    if items is not None:
        place = rng.randrange(len(items) + (act == "add"))
        items[place : place + (act != "add")] = [] if act == "remove" else [new]
    return act


def is_part(some: list[str], all_lines: list[str]) -> bool:
    remaining = iter(all_lines)
    return all(line in remaining for line in some)


@given(st.sampled_from(["yaml", "toml", "json"]), DOCUMENTS, VALUES, st.integers(0, 10**9))
def test_random_edits(kind: str, document: dict[str, Any], new: Any, seed: int) -> None:
    rng = random.Random(seed)
    text = WRITE[kind](document)
    if kind != "json":
        text = commented(kind, text, rng)
    wanted = copy.deepcopy(document)
    act = edited(wanted, new, rng)
    if not wanted:
        return
    result = patched(kind, text, wanted)
    assert result is not None, text
    assert same(READ[kind](result), wanted)
    before, after = text.split("\n"), result.split("\n")
    # The first item of a list in a list shares its line with what stands above it.
    if act == "add" and kind == "yaml" and not any(part in text for part in ("[]", "{}", "- - ")):
        assert is_part(before, after)


@given(SECTIONS, SECTIONS, st.integers(0, 10**9))
def test_random_sections(document: dict[str, Any], wanted: dict[str, Any], seed: int) -> None:
    text = commented("ini", render_ini(document), random.Random(seed))
    result = patched("ini", text, wanted)
    assert result is not None
    assert same(ini_sections(result), {name: {k: str(v) for k, v in keys.items()} for name, keys in wanted.items()})
    more = patched("ini", text, {**document, "zz": {"k": "v"}})
    assert more is not None and is_part(text.split("\n"), more.split("\n"))


@given(st.sampled_from(["yaml", "toml", "json"]), DOCUMENTS, DOCUMENTS, st.integers(0, 10**9))
def test_any_document_becomes_any_other(kind: str, document: dict[str, Any], wanted: dict[str, Any], seed: int) -> None:
    text = WRITE[kind](document)
    if kind != "json":
        text = commented(kind, text, random.Random(seed))
    result = patched(kind, text, wanted)
    assert result is None or same(READ[kind](result), wanted)
