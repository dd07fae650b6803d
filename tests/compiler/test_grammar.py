"""The grammar file, the tables built from it, and the lexer written by hand read the same language."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from lark import Lark
from lark.exceptions import UnexpectedInput

from clawc.compiler.passes.lex import KEYWORDS, PUNCTUATION, SOFT
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.spec.grammar import TABLES, grammar_text
from clawc.spec.grammar.build import STARTS, build

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted([*(ROOT / "examples").rglob("*.claw"), *(ROOT / "stdlib").glob("*.claw")])
GOLDENS = sorted((ROOT / "tests" / "golden" / "diagnostics").rglob("spec.claw"))


@pytest.fixture(scope="module")
def lark() -> Lark:
    return Lark(grammar_text(), parser="lalr", lexer="contextual", start=STARTS, maybe_placeholders=False)


def test_tables_are_built_from_the_grammar() -> None:
    assert (resources.files("clawc.spec.grammar") / TABLES).read_text(encoding="utf-8") == build(grammar_text())


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_tables_do_not_depend_on_hashing(seed: str) -> None:
    program = (
        "import hashlib; from clawc.spec.grammar import grammar_text; from clawc.spec.grammar.build import build;"
        "print(hashlib.sha256(build(grammar_text()).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    made = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    own = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout == own.stdout


def test_words_of_the_lexer_are_those_of_the_grammar(lark: Lark) -> None:
    fixed = {str(t.pattern.value) for t in lark.terminals if t.pattern.type == "str"}
    words = {w for w in fixed if w.isalpha()}
    assert words == set(KEYWORDS) | set(SOFT)
    assert fixed - words == set(PUNCTUATION)


@pytest.mark.parametrize("path", [*EXAMPLES, *GOLDENS], ids=lambda p: p.parent.name + "_" + p.stem)
def test_both_parsers_accept_the_same(path: Path, lark: Lark) -> None:
    text = path.read_text(encoding="utf-8")
    diagnostics = Diagnostics()
    parse(Source.of("spec.claw", text), diagnostics)
    try:
        lark.parse(text, start="start")  # pyright: ignore[reportUnknownMemberType]
        accepted = True
    except UnexpectedInput:
        accepted = False
    assert accepted or path not in EXAMPLES
    assert accepted == (not diagnostics.has_errors), [d.message for d in diagnostics.sorted()]


def test_terminals_do_not_collide() -> None:
    pytest.importorskip("interegular")
    Lark(grammar_text(), parser="lalr", lexer="contextual", start=STARTS, maybe_placeholders=False, strict=True)
