"""Formatting twice changes nothing more; the tree and the comments stay; whatever a text holds, nothing is raised or lost."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawc.compiler.format.formatting import formatted
from clawc.compiler.format.texts import value
from clawc.compiler.passes.lex import lex
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.spec import ast
from tests.compiler.generated_specs import BLOCK_TEXTS, Maker, specs
from tests.compiler.test_fuzz import COUNT, PIECES, TEXTS, mutate

LOOSE = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
LINES = min(20_000, COUNT * 5 // 4)  # of a large text
HIDDEN = "the layout would hide which braces belong together"


def bare(node: Any) -> Any:
    """A tree without spans, block texts by their value."""
    if isinstance(node, ast.Span):
        return None
    if isinstance(node, ast.Text):
        return value(node.raw) if node.triple else node.raw
    if isinstance(node, tuple):
        return tuple(bare(part) for part in node)  # pyright: ignore[reportUnknownVariableType]
    if dataclasses.is_dataclass(node):
        return (type(node).__name__, *(bare(getattr(node, field.name)) for field in dataclasses.fields(node)))
    return node


def read(text: str) -> tuple[Any, list[str], bool]:
    """The tree of a text, its comments, and whether it is sound."""
    diagnostics = Diagnostics()
    file, comments = parse(Source.of("spec.claw", text), diagnostics)
    return bare(file)[1:3], [c.text.rstrip(" \t\r") for c in comments], not diagnostics.has_errors


def keeps(text: str) -> None:
    tree, comments, sound = read(text)
    result = formatted("spec.claw", text)
    assert not result.fault, (result.left, text)
    assert formatted("spec.claw", result.text).text == result.text
    if not sound:
        return
    assert result.left in ("", HIDDEN)
    assert read(result.text) == (tree, comments, True)
    if not result.left and result.text:
        assert result.text.endswith("\n") and not result.text.endswith(("\n\n", "\n\r\n"))


@pytest.mark.nightly
@LOOSE
@given(specs())
def test_whole_specs(text: str) -> None:
    keeps(text)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("seed", range(8))
def test_many_specs(seed: int) -> None:
    left = 0
    for number in range(60):
        text = Maker(random.Random(f"{seed} {number}")).spec()
        keeps(text)
        left += formatted("spec.claw", text).left == HIDDEN
    assert left < 6  # a `{` behind a block text over several lines


def test_line_ends_of_each_style() -> None:
    for seed in range(40):
        maker = Maker(random.Random(seed))
        maker.line_end = "\r\n"
        text = maker.spec()
        result = formatted("spec.claw", text)
        other = formatted("spec.claw", text.replace("\r\n", "\n"))
        if "\r" not in text.replace("\r\n", "") and not result.left and read(text)[2]:
            if text.count("\r\n") * 2 > text.count("\n"):
                assert result.text.replace("\r\n", "\n") == other.text


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", range(8))
def test_mutated_specs(seed: int) -> None:
    """With mistakes nothing is lost either: every word that is there before is there after."""
    rng = random.Random(seed)
    for _ in range(40):
        text = mutate(rng, rng.choice(TEXTS))
        result = formatted("spec.claw", text)
        assert not result.fault, (result.left, text)
        assert formatted("spec.claw", result.text).text == result.text, text
        before, after = "".join(words(text)), "".join(words(result.text))
        assert before == after, text


def words(text: str) -> list[str]:
    """Everything but blanks, line ends, `;` and commas, which the formatter may change."""
    return [
        "".join(token.text.split()) for token in lex(text.removeprefix("\ufeff")).tokens
        if token.kind not in ("_NL", "SEMICOLON", "_COMMA", "_PIPE")
    ]  # fmt: skip


@settings(LOOSE, max_examples=300)
@given(st.text(st.characters(), max_size=200))
def test_any_text(text: str) -> None:
    for whole in (text, f"claw 1\ntask t {{\n  let a = {text}\n}}\n"):
        result = formatted("spec.claw", whole)
        assert not result.fault
        assert formatted("spec.claw", result.text).text == result.text


@settings(LOOSE, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_pieces(pieces: list[str]) -> None:
    text = " ".join(pieces)
    for whole in (
        f"claw 1\n{text}",
        f'claw 1\ntask t {{\n  file a "a.csv"\n  verify {{ check c {{ expect {text}\n }}}}\n}}\n',
    ):
        result = formatted("spec.claw", whole)
        assert not result.fault
        assert formatted("spec.claw", result.text).text == result.text


@settings(LOOSE, max_examples=500)
@given(
    st.one_of(
        st.sampled_from(BLOCK_TEXTS),
        st.lists(st.text(st.sampled_from(" \t\r\n\xa0\u2003ab\\{}"), max_size=8), max_size=8).map(
            lambda lines: '"""' + "\n".join(lines).replace("\\", "\\\\") + '"""'
        ),
    ),
    st.sampled_from(("", "t {", "f(")),
)
def test_block_texts_keep_their_value(raw: str, before: str) -> None:
    for line_end in ("\n", "\r\n"):
        text = {"": f"let a = {raw}", "t {": f"t {{ a = {raw} }}", "f(": f"let a = f(1, {raw})"}[before]
        keeps(f"claw 1{line_end * 4}{text}{line_end}")


def deep(opener: str, closer: str, times: int) -> str:
    return "claw 1\nlet a = " + opener * times + "1" + closer * times + "\n"


@pytest.mark.sampled(7)
@pytest.mark.parametrize(
    "text",
    [
        "claw 1\n" + "".join(f"let a{n} = f( {n},b )\n" for n in range(LINES)),
        "claw 1\nt {\n" + "".join(f"a{n} = f( {n},b )\n" for n in range(LINES)) + "}\n",
        "claw 1\nt {\n" + "".join(f'file a{n} "{n}" {{ a = {n} }}\n' for n in range(LINES)) + "}\n",
        "claw 1\n" + "# a comment\n" * 100_000,
        "claw 1\nlet a = [\n" + "# a comment\n" * 100_000 + "1]\n",
        "claw 1\n" + "\n" * 200_000,
        'claw 1\nlet a = """\n' + "  abc def\n" * 100_000 + '  """\n',
        'claw 1\nlet a = "' + "項" * 500_000 + '"\n',
        "claw 1\nlet a = [" + "1, " * 50_000 + "1]\n",
        "claw 1\nlet a = " + "1 + " * 30_000 + "1\n",
        "claw 1\nlet a = b" + " | sort c" * 20_000 + "\n",
        "claw 1\nlet a = b" + ".c" * 50_000 + "\n",
        "claw 1\nlet a = " + "if b then 1 else " * 1000 + "1\n",
        "claw 1\nlet a = " + "if b then " * 300 + "1" + " else 1" * 300 + "\n",
        "claw 1\nlet a = " + "not " * 3000 + "-" * 1000 + "1\n",
        "claw 1\n" + "a {\n" * 100 + "}\n" * 100,
        "claw 1\n" + "a { " * 600 + "}" * 600 + "\n",
        deep("f([aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, ", "])", 100),
        deep("(", ")", 1500),
        deep("[\n# c\n", "]", 150),
    ],
    ids=lambda text: text[7:24].replace("\n", "_") + str(len(text)),
)
def test_large_and_deep(text: str) -> None:
    result = formatted("spec.claw", text)
    assert not result.left
    assert not result.diagnostics
    assert formatted("spec.claw", result.text).text == result.text


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "text",
    ['"' * 100_001, "{" * 100_000, "(" * 50_000, "claw 1\nlet a = " + "[" * 5000, deep("[\n# c\n", "]", 300), "claw 1\n\ud800\n",
     'claw 1\nlet a = "\ud800"  # \udfff\n', "claw 1\n# \u202e\nlet a = \"\u2066\"\n", "claw 1\nlet a = 1\r", "\r" * 1000,
     "claw 1\n" + "\0" * 1000, "claw 1\nlet a = \ufeff1\n", "claw 1\nlet a = 1\x0b\x0c\n"],
    ids=lambda text: ascii(text[:24]),
)  # fmt: skip
def test_hostile_texts(text: str) -> None:
    result = formatted("spec.claw", text)
    assert not result.fault
    assert formatted("spec.claw", result.text).text == result.text
