"""Python programs: what is found in them, and that none of them takes the parser down."""

from __future__ import annotations

import time

import pytest

from clawc.stdlib.checks.program_source import MAX_PROGRAM_TEXT, defines, imported_modules, python_source
from clawc.stdlib.checks.values import File, Unmet

SOURCE = '''\
"""What it does."""
import os, a.b as c
from x.y import z
from . import near
from .m import *
import os


@decorated(1)
def load(path, *rest, key=None, **more):
    """Load it.

        Deeper.
    """
    def inner(a, /, b, *, c): return c
    return os.path.join(path, f"x{inner(1, 2)}").strip()[0]()


class Shop(Base):
    async def price(self): await self.get("url")
    class Line: pass


if True:
    later = lambda v: print(v)
'''


def test_parts() -> None:
    found = python_source(SOURCE)
    assert found["functions"].rows == [
        {"name": "load", "args": ["path", "*rest", "key", "**more"], "line": 10, "doc": "Load it.\n\nDeeper."},
        {"name": "load.inner", "args": ["a", "b", "c"], "line": 15, "doc": None},
        {"name": "Shop.price", "args": ["self"], "line": 20, "doc": None},
    ]
    assert found["classes"] == ["Shop", "Shop.Line"]
    assert found["imports"] == ["os", "a.b", "x.y", ".", ".m"]
    assert sorted(found["calls"]) == [".strip", "decorated", "inner", "os.path.join", "print", "self.get"]
    assert found["strings"][0] == "What it does." and {"x", "url"} <= set(found["strings"])
    assert imported_modules(SOURCE) == found["imports"]


def test_definitions() -> None:
    for name in ("load", "load.inner", "Shop", "Shop.price", "Shop.Line"):
        assert defines(SOURCE, name) is True
    for unknown in ("price", "inner", "later", "os", "", None):
        assert defines(SOURCE, unknown) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", "`f.py` is not Python: line 1: "),
        ("a = 1\n  b = 2\n", "`f.py` is not Python: line 2: unexpected indent"),
        ("a." * 2_001 + "a", "`f.py` has an expression of more than 2000 operators"),
        ("a." * 60_000 + "a", "`f.py` has an expression of more than 2000 operators"),
        ("a" + "()" * 60_000, "`f.py` has an expression of more than 2000 operators"),
        ("a\\\n+" * 30_000 + "a", "`f.py` has an expression of more than 2000 operators"),
        ("(" * 40 + "a" + (".a" * 1_500 + ")") * 40, "`f.py` has an expression of more than 2000 operators"),
        ('f"{a' + ".a" * 60_000 + '}"', "`f.py` has an expression of more than 2000 operators"),
        ("not " * 30_000 + "a", "`f.py` is nested too deep to be parsed"),
        ("#" * (MAX_PROGRAM_TEXT + 1), "`f.py` is too large for a program: more than 128 KiB"),
    ],
    ids=range(10),
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        python_source(File("f", "f.py", "program", text.encode()))
    assert str(caught.value).startswith(message)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "text",
    [
        "a\n" * 65_000, "[" + "a," * 60_000 + "]", "(" * 150, "{" * 150, "[{" * 75, "f(" * 90, "lambda:" * 18_000, "9" * 130_000,
        'f"' + "{a}" * 40_000 + '"', "x=" * 60_000, "".join(" " * n + "if a:\n" for n in range(99)), '"\\d"\n' * 20_000,
        "if a: 1\n" + "elif a: 1\n" * 12_000, "1 if 1 else " * 10_000 + "1", "a and " * 20_000 + "a", "def f():0\n" * 13_000,
        "".join(" " * n + "def " + "f" * 1_000 + "():\n" for n in range(99)), ")" * 100_000, "with (" * 90, "match " * 1_000,
    ],
    ids=range(20),
)  # fmt: skip
def test_no_program_takes_long(text: str) -> None:
    began = time.process_time()
    try:
        python_source(text)
    except Unmet as problem:
        assert len(str(problem)) < 300
    assert time.process_time() - began < 10


def test_names_below_names() -> None:
    found = python_source("class A:\n    class B:\n        def c(self):\n            def d(): return a.b().c.d()\n")
    assert [row["name"] for row in found["functions"].rows] == ["A.B.c", "A.B.c.d"]
    assert found["classes"] == ["A", "A.B"]
    assert sorted(found["calls"]) == [".d", "a.b"]
