"""INI: what is read, and what is refused with which message."""

from __future__ import annotations

import configparser
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.ini_reader import ini_sections
from clawc.stdlib.checks.values import Cell, File, Unmet


def test_values() -> None:
    text = "\ufeff; c\n[Main Part]\r\nKey = v ; x\nk2: 1\n  two\n\n  # no comment ends it\n  four\nempty =\na:b = c\n[DEFAULT] # d\ny = %(z)s\n"
    found = ini_sections(text)
    assert found == {
        "Main Part": {"Key": "v ; x", "k2": "1\ntwo\n\nfour", "empty": "", "a": "b = c"},
        "DEFAULT": {"y": "%(z)s"},
    }
    assert all(type(value) is Cell for keys in found.values() for value in keys.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`f.ini` has no section, so it is not INI"),
        ("# a\na = 1\n", "`f.ini` line 2 has the key `a` before the first section"),
        ("[a]\n[b]\n[a]\n", "`f.ini` line 3 has the section `a` a second time"),
        ("[a]\nx = 1\nx: 2\n", "`f.ini` line 3 has the key `x` a second time in its section"),
        ("[a]\nflag\n", "`f.ini` line 2 is neither a section nor `key = value`: `flag`"),
        ("[a]\n = 1\n", "`f.ini` line 2 is neither a section nor `key = value`: `= 1`"),
        ("[ ]\n", "`f.ini` line 1 has a section without a name"),
        ("[a\nb\n", "`f.ini` line 1 is neither a section nor `key = value`: `[a`"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        ini_sections(File("f", "f.ini", "ini", text.encode()))
    assert str(caught.value) == message


LINES = st.lists(
    st.sampled_from(
        [
            "[a]",
            "[b]",
            "x = 1",
            "y: 2",
            "z =",
            "  more",
            "    yet more",
            "",
            "# c",
            "  ; d",
            " w = 3",
            "v = a = b",
            "u=[c]",
        ]
    ),
    max_size=12,
)


@given(LINES)
def test_it_reads_as_the_standard_library_does(lines: list[str]) -> None:
    text = "\n".join(lines)
    known = configparser.RawConfigParser(default_section="")
    known.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        known.read_string(text)
        expected = {name: dict(known.items(name)) for name in known.sections()}
    except configparser.Error:
        expected = {}
    try:
        found = ini_sections(text)
    except Unmet:
        found = {}
    assert found == expected


@pytest.mark.parametrize("piece", ["[", "[a]", "a=", "=", " ", "\n", "[a]\n", "a=1\n", "a\n b\n", ";\n", "  x\n"])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    for text in (piece * 200_000, "[a]\nb = 1\n" + piece * 200_000):
        try:
            ini_sections(text)
        except Unmet as problem:
            assert len(str(problem)) < 300
    assert time.process_time() - began < 10


def test_an_indented_first_section() -> None:
    assert ini_sections("  [a]\n  x = 1\n   2\n y = 3\n") == {"a": {"x": "1\n2", "y": "3"}}
