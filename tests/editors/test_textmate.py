"""The TextMate grammar in the engine of editors, over all examples: what it says of each token, and that it agrees with our own lexer."""

from __future__ import annotations

import json
import re
import string
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from clawc.compiler.passes import bind, lex
from clawc.spec.export.textmate import textmate_text
from clawc.spec.export.vocabulary import LANGUAGE_NAMES, vocabulary
from tests.editors.installed import node, packages_or_skip
from tests.editors.sources import EXAMPLES, HOSTILE, ROOT, SPELLINGS, VALID, hostile, lexed, names

GOLDEN = ROOT / "tests" / "golden" / "editors" / "textmate"
GRAMMAR = ROOT / "editors" / "vscode" / "syntaxes" / "claw.tmLanguage.json"
# One sign for each list of scopes in a golden.
_CODES = string.ascii_letters + "".join(chr(c) for c in range(0xC0, 0x180) if chr(c).isalpha())


class Coloured(NamedTuple):
    start: int
    end: int
    scopes: tuple[str, ...]


def coloured(texts: list[str], seconds: int = 120) -> list[list[Coloured]]:
    """The tokens of each text, as offsets in Python's characters."""
    program = node() or "node"
    asked = {"packages": str(packages_or_skip()), "grammar": str(GRAMMAR), "texts": texts}
    script = str(Path(__file__).with_name("tokenise.cjs"))
    done = subprocess.run(
        [program, script], input=json.dumps(asked), capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stderr
    return [_in_characters(text, tokens) for text, tokens in zip(texts, json.loads(done.stdout), strict=True)]


def _in_characters(text: str, tokens: list[tuple[int, int, str]]) -> list[Coloured]:
    at: list[int] = []
    for index, sign in enumerate(text):
        at += [index] * (2 if ord(sign) > 0xFFFF else 1)
    at.append(len(text))
    return [Coloured(at[start], at[end], tuple(scopes.split())) for start, end, scopes in tokens]


@cache
def all_coloured() -> dict[str, tuple[str, list[Coloured]]]:
    texts = {names(path): path.read_text(encoding="utf-8") for path in VALID} | {"spellings": SPELLINGS}
    return {
        name: (text, found) for (name, text), found in zip(texts.items(), coloured(list(texts.values())), strict=True)
    }


NAMES = [*(names(path) for path in VALID), "spellings"]


def shown(text: str, found: list[Coloured]) -> str:
    """Each line with a line below, in which a sign stands for the scopes of each character that has some; the signs are listed at the end."""
    codes: dict[tuple[str, ...], str] = {}
    signs = [" "] * len(text)
    for token in found:
        if token.scopes and text[token.start : token.end].strip():
            code = codes.setdefault(token.scopes, _CODES[len(codes)])
            signs[token.start : token.end] = code * (token.end - token.start)
    lines: list[str] = []
    at = 0
    for line in text.split("\n"):
        below = "".join(signs[at : at + len(line)]).rstrip()
        lines += [line.rstrip("\r"), below] if below else [line.rstrip("\r")]
        at += len(line) + 1
    return "\n".join([*lines, *(f"{code} {' '.join(scopes)}" for scopes, code in codes.items())]) + "\n"


@pytest.mark.parametrize("path", EXAMPLES, ids=names)
def test_each_token_of_an_example_has_its_scopes(path: Path, update_goldens: bool) -> None:
    text, found = all_coloured()[names(path)]
    golden = GOLDEN / f"{names(path).removeprefix('examples/').replace('/', '.')}.txt"
    said = shown(text, found)
    if update_goldens:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(said, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == said


def test_there_is_no_golden_without_its_example() -> None:
    wanted = {f"{names(path).removeprefix('examples/').replace('/', '.')}.txt" for path in EXAMPLES}
    assert {path.name for path in GOLDEN.iterdir()} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_it_agrees_with_our_lexer(name: str) -> None:
    text, found = all_coloured()[name]
    at = _scopes_by_character(text, found)
    tokens, comments = lexed(text)
    wrong = [f"invalid at {t.start}" for t in found if any("invalid" in scope for scope in t.scopes)]
    inside = bytearray(len(text))
    for token in tokens:
        scopes = at[token.start : token.end]
        if token.kind in ("STRING", "TRIPLE", "REGEX"):
            inside[token.start : token.end] = b"s" * len(token.text)
            if not all(_has(s, "string.") for s, c in zip(scopes, token.text) if c not in "\r\n"):
                wrong.append(f"{token.text[:30]!r} at {token.start} is no string")
        elif token.kind not in ("_PIPE", "_COMMA", "EDITION"):
            wanted = _wanted(token.kind, token.text)
            if wanted and not all(_has(s, *wanted) for s in scopes):
                wrong.append(f"{token.text!r} at {token.start} is {scopes[0]}, not {wanted}")
    for comment in comments:
        inside[comment.start : comment.start + len(comment.text)] = b"c" * len(comment.text)
        if not all(_has(s, "comment.") for s in at[comment.start : comment.start + len(comment.text)]):
            wrong.append(f"{comment.text[:30]!r} at {comment.start} is no comment")
    for index, here in enumerate(at):
        if text[index] in "\r\n":
            continue
        if _has(here, "comment.") != (inside[index] == ord("c")):
            wrong.append(f"comment or not at {index}: {here}")
        if _has(here, "string.") != (inside[index] == ord("s")):
            wrong.append(f"string or not at {index}: {here}")
    assert not wrong, wrong[:10]


def _wanted(kind: str, word: str) -> tuple[str, ...]:
    if word in vocabulary().reserved and kind != "QUOTED":
        return ("keyword.", "constant.language.")
    return {
        "NUMBER": ("constant.numeric.",), "DATE": ("constant.numeric.",), "QUOTED": ("variable.",),
        "NAME": ("variable.", "entity.", "support.", "storage.", "keyword."), "BAD": (),
        "DOT": ("punctuation.", "support.constant.subject."),
    }.get(kind, ("keyword.operator.", "punctuation."))  # fmt: skip


def _has(scopes: tuple[str, ...], *wanted: str) -> bool:
    return any(scope.startswith(wanted) for scope in scopes)


def _scopes_by_character(text: str, found: list[Coloured]) -> list[tuple[str, ...]]:
    at: list[tuple[str, ...]] = [()] * len(text)
    for token in found:
        at[token.start : token.end] = [token.scopes] * (token.end - token.start)
    return at


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("text", "word", "scope"),
    [
        ("task t {", "task", "storage.type.block.claw"),
        ("task t {", "t", "entity.name.type.claw"),
        ("let x = rows | where a", "where", "support.function.verb.claw"),
        ("let x = rows | twice 2", "twice", "entity.name.function.claw"),
        ("expect sum(a) == 1", "sum", "support.function.claw"),
        ("expect mine(a) == 1", "mine", "entity.name.function.claw"),
        ("category = office.records", "office.records", "support.constant.subject.claw"),
        ("timeout = 90s", "s", "keyword.other.unit.claw"),
        ("timeout = 90s", "timeout", "entity.other.attribute-name.claw"),
        ("let x = run(a, timeout = 90s)", "timeout", "variable.parameter.claw"),
        ('title = "for {{ param.region }}"', "param", "variable.language.claw"),
        ('content = "for {{ param.region }}"', "param", "string.quoted.double.raw.claw"),
        ('  content = """for {{ param.region }}"""', "param", "string.quoted.triple.raw.claw"),
        ('  text = """for {{ param.region }}"""', "param", "variable.language.claw"),
        ('  python """\n    def check(workspace):', "check", "meta.embedded.block.python"),
        ('title = "for {{ param.region"', "param", "string.quoted.double.claw"),
        ('title = "\\u00e9"', "\\u00e9", "constant.character.escape.claw"),
        ("edit script = 1", "edit", "keyword.other.action.claw"),
        ("format = csv", "csv", "support.constant.format.claw"),
        ("let x = a.in_", "in_", "variable.other.member.claw"),
        ("let x = {on: 1}", "on", "variable.other.property.claw"),
        ("join a on b", "on", "keyword.operator.word.claw"),
        ("expect a == b within 0.1", "within", "keyword.operator.word.claw"),
        ("## doc", " doc", "comment.line.documentation.claw"),
    ],
)
def test_a_word_has_the_scope_of_its_place(text: str, word: str, scope: str) -> None:
    (found,) = coloured([text])
    at = re.search(rf"(?<!\w){re.escape(word)}(?!\w)|(?<=\d){re.escape(word)}\b", text)
    assert at is not None
    token = next(t for t in found if t.start <= at.start() < t.end)
    assert token.scopes[-1] == scope, token


def test_hostile_texts_take_linear_time() -> None:
    coloured([hostile(name, 30_000) for name in HOSTILE], seconds=100)


def test_what_is_open_ends_with_its_line() -> None:
    text = 'title = "open {{ a\nlet x = "also\ntask t { check c { expect a == "x } }\nlet y = 1\n'
    (found,) = coloured([text])
    lets = [t for t in found if text[t.start : t.end] == "let"]
    assert [t.scopes for t in lets] == [("keyword.declaration.claw",)] * 2


def test_the_words_are_those_of_the_compiler() -> None:
    words = vocabulary()
    assert set(words.keywords) == {*lex.KEYWORDS, *lex.SOFT} and set(words.soft) == set(lex.SOFT)
    assert set(LANGUAGE_NAMES) == set(bind.RESERVED)


def test_the_grammar_has_no_rule_that_is_not_there() -> None:
    asked = set(re.findall(r'"include": "#(\w+)"', textmate_text()))
    assert asked == set(json.loads(textmate_text())["repository"])
    assert GRAMMAR.read_text(encoding="utf-8") == textmate_text()
