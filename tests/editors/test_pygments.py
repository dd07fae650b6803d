"""The lexer for Pygments: no character is lost, no example has an error, and it agrees with the compiler's tokens."""

from __future__ import annotations

import time
import tomllib
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments import highlight
from pygments.formatter import Formatter
from pygments.formatters import NullFormatter
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
)
from pygments.token import _TokenType as TokenType  # pyright: ignore[reportPrivateUsage]

from clawc.highlight import ClawLexer
from clawc.spec.export.vocabulary import vocabulary
from tests.editors.sources import HOSTILE, ROOT, SPELLINGS, VALID, hostile, lexed, names

TEXTS = {**{names(path): path.read_text(encoding="utf-8") for path in VALID}, "spellings": SPELLINGS}
_PIECES = [*HOSTILE.values(), "claw 1\n", "task t {", "content = ", "python ", "\n", " ", "##", "a.b", "}}", "\ufeff"]


def found(text: str) -> list[tuple[int, TokenType, str]]:
    return list(ClawLexer().get_tokens_unprocessed(text))


@pytest.mark.parametrize("name", TEXTS)
def test_it_agrees_with_our_lexer(name: str) -> None:
    text = TEXTS[name]
    tokens = found(text)
    assert "".join(part for _, _, part in tokens) == text and not [p for _, kind, p in tokens if kind in Error]
    at: list[TokenType] = [kind for _, kind, part in tokens for _ in part]
    read, comments = lexed(text)
    wrong: list[str] = []
    for token in read:
        wanted = _wanted(token.kind, token.text)
        if wanted and not all(any(kind in one for one in wanted) for kind in at[token.start : token.end]):
            wrong.append(f"{token.text[:30]!r} at {token.start} is {at[token.start]}")
    for comment in comments:
        if not all(kind in Comment for kind in at[comment.start : comment.start + len(comment.text)]):
            wrong.append(f"{comment.text[:30]!r} at {comment.start} is no comment")
    assert not wrong, wrong[:10]


def _wanted(kind: str, word: str) -> tuple[TokenType, ...]:
    if word in vocabulary().reserved:
        return (Keyword, Operator.Word)
    texts = {"STRING": (String,), "TRIPLE": (String,), "REGEX": (String.Regex,)}
    names = {"NAME": (Name, Keyword, Operator.Word), "QUOTED": (Name,), "NUMBER": (Number,), "DATE": (Literal.Date,)}
    mixed: dict[str, tuple[TokenType, ...]] = {"EDITION": (), "_PIPE": (), "_COMMA": ()}  # comments may stand in them
    return {**texts, **names, **mixed}.get(kind, (Operator, Punctuation))


@pytest.mark.parametrize("name", TEXTS)
def test_pygments_loses_nothing(name: str) -> None:
    lexer = ClawLexer(stripnl=False, ensurenl=False)
    text = TEXTS[name].removeprefix("\ufeff")  # Pygments takes the mark off
    assert "".join(part for _, part in lexer.get_tokens(text)) == text


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=5)), max_size=30).map("".join))
def test_any_text_keeps_its_characters(text: str) -> None:
    tokens = found(text)
    assert "".join(part for _, _, part in tokens) == text
    ends = 0
    for start, _, part in tokens:
        assert start == ends
        ends += len(part)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_linear_time(name: str) -> None:
    text = hostile(name, 60_000)
    begun = time.monotonic()
    assert "".join(part for _, _, part in found(text)) == text
    assert time.monotonic() - begun < 60  # about one second; where each sign looks at all that follow, hours


def test_it_is_known_to_pygments() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, name = project["entry-points"]["pygments.lexers"]["claw"].split(":")
    assert getattr(import_module(module), name) is ClawLexer
    assert ClawLexer.name == "claw" and list(ClawLexer.aliases) == ["claw"] and list(ClawLexer.filenames) == ["*.claw"]


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("claw 1\ntask t {}\n", 1.0),
        ("\ufeff# c\n\n  claw 1\n", 1.0),
        ("claw back\n", 0.0),
        ("x\nclaw 1\n", 0.0),
        ("#" * 5000, 0.0),
    ],
)
def test_a_text_is_recognised_by_its_edition(text: str, sure: float) -> None:
    assert ClawLexer.analyse_text(text) == sure


def test_a_formatter_takes_it() -> None:
    text = VALID[0].read_text(encoding="utf-8")
    formatter: Formatter[str] = NullFormatter()
    assert highlight(text, ClawLexer(), formatter) == text
