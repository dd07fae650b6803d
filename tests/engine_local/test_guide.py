"""Answers held to grammars, without a model: whatever is drawn of what is allowed, the whole is a sentence within its bound."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from clawc.compiler.passes.parse import parse
from clawc.compiler.passes.shape import check_shape
from clawc.compiler.source import Diagnostics, Source
from clawc.runtime.engine.interface import Constraint, EngineFailure
from clawc.runtime.engine.local.packages import CONVERSION, GRAMMAR, TOKENS
from clawc.runtime.engine.local.smollm2 import smollm2
from clawc.spec.export.decoding import decoding_grammar
from tests.compiler.test_export_llguidance import SNIPPETS, TABLE_SNIPPETS
from tests.engine_local.conftest import byte_tokenizer, skip_without

skip_without(*GRAMMAR, *TOKENS, *CONVERSION)

import numpy as np  # noqa: E402

from clawc.runtime.engine.local.guide import Guide, Guides  # noqa: E402
from clawc.runtime.engine.local.vocabulary import Vocabulary  # noqa: E402

WALKS = int(os.environ.get("CLAWC_WALKS", "1000")) // 10
CLAW = Constraint("grammar", decoding_grammar("llguidance", "file", cut=True))
NESTED = Constraint(
    "grammar",
    'start: term ("+" term)*\nterm: NUMBER | "(" start ")" | "if " start " then " start " else " start\nNUMBER: /[0-9]{3,5}/\n',
)
PERSON: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 3},
        "age": {"type": "integer", "minimum": 18, "maximum": 99},
        "kind": {"enum": ["guest", "staff", "a very long kind of person that nobody is"]},
        "born": {"type": "string", "format": "date"},
        "town": {"type": "string", "pattern": "^[A-Z][a-z]+ [0-9]{5}$"},
        "friends": {"type": "array", "items": {"$ref": "#/$defs/person"}},
    },
    "required": ["name", "age", "kind"],
    "additionalProperties": False,
}
PEOPLE = Constraint(
    "schema",
    json.dumps({"type": "array", "items": {"$ref": "#/$defs/person"}, "minItems": 1, "$defs": {"person": PERSON}}),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Guides:
    """For a tokenizer of bytes, and a model that has more tokens than that."""
    folder = tmp_path_factory.mktemp("small")
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    return Guides(folder, 300, (0, 2))


@cache
def large() -> Guides:
    return Guides(smollm2(Path(os.environ["CLAWC_TEST_FRAMEWORKS"]) / "models"), 49_152, (0, 2))


class Case(NamedTuple):
    """`least` tokens are enough."""

    constraint: Constraint
    check: Callable[[str], None]
    words: Sequence[str]
    least: int
    openings: Sequence[str]


def walked(guides: Guides, case: Case, most: int, rng: random.Random) -> str:
    """A random answer: of all tokens alike, or mostly of the case's words after one of its openings."""
    vocabulary = guides._vocabulary  # pyright: ignore[reportPrivateUsage]
    guide = guides.guide(case.constraint, most)
    words = [tokens for tokens in (vocabulary.tokens(word.encode()) for word in case.words) if tokens]
    worded = rng.random() < 0.9
    wanted = list(vocabulary.tokens(rng.choice(case.openings).encode()) or ()) if worded else []
    found: list[bytes] = []
    while True:
        left = most - len(found)
        assert left, b"".join(found)
        allowed = guide.allowed(left)
        assert allowed.any() and len(allowed) == vocabulary.size
        if not wanted and worded and rng.random() < 0.98:
            wanted = list(
                next((each for each in rng.sample(words, len(words)) if goes_on(guide, found, each, vocabulary)), ())
            )
        token = wanted.pop(0) if wanted and allowed[wanted[0]] else int(rng.choice(np.flatnonzero(allowed)))
        if not guide.take(token, left - 1):
            wanted = []
            continue
        if token in vocabulary.ends:
            return b"".join(found).decode()
        found.append(vocabulary.spelled[token])


def goes_on(guide: Guide, found: Sequence[bytes], word: Sequence[int], vocabulary: Vocabulary) -> bool:
    """Whether the grammar goes along with a whole word, and it does not lengthen the one before."""
    glued = (b"".join(found[-1:])[-1:] + vocabulary.spelled[word[0]][:1]).replace(b"_", b"a")
    if len(glued) == 2 and glued.isalnum():
        return False
    return guide._matcher.validate_tokens(list(word)) == len(word)  # pyright: ignore[reportPrivateUsage]


def is_claw(text: str) -> None:
    source, diagnostics = Source.of("walk.claw", text), Diagnostics()
    check_shape(source, parse(source, diagnostics).file, diagnostics)
    may_be = ("E0206", "E0208", "E0210")  # given twice or missing: no grammar counts
    assert [f"{d.code} {d.message}" for d in diagnostics.sorted() if d.code not in may_be] == [], text


def is_nested(text: str) -> None:
    """Read by hand: a term, then what may follow one."""

    def term(at: int) -> int:
        if text.startswith("(", at):
            at = total(at + 1)
            assert text[at] == ")"
            return at + 1
        if text.startswith("if ", at):
            for word in (" then ", " else "):
                at = total(at + 3 if word == " then " else at)
                assert text.startswith(word, at), text[at:]
                at += len(word)
            return total(at)
        end = next((n for n in range(at, len(text)) if not text[n].isdigit()), len(text))
        assert 3 <= end - at <= 5
        return end

    def total(at: int) -> int:
        at = term(at)
        while text.startswith("+", at):
            at = term(at + 1)
        return at

    assert total(0) == len(text), text


def are_people(text: str) -> None:
    def check(person: Mapping[str, object]) -> None:
        assert {"name", "age", "kind"} <= person.keys() <= {"name", "age", "kind", "born", "town", "friends"}
        assert isinstance(person["age"], int) and 18 <= person["age"] <= 99
        assert len(str(person["name"])) >= 3
        friends = person.get("friends", [])
        assert isinstance(friends, list)
        for friend in friends:  # pyright: ignore[reportUnknownVariableType]
            check(friend)  # pyright: ignore[reportUnknownArgumentType]

    people = json.loads(text)
    assert text == json.dumps(people, ensure_ascii=False) or "\\" in text
    assert people
    for person in people:
        check(person)


CASES = {
    "claw": Case(
        CLAW, is_claw, [word for word in (*TABLE_SNIPPETS, *SNIPPETS, "\n", " ") if word != "# note"], 7,
        ("claw 1\n", "claw 1\ntask t {\n", "claw 1\ntask t {\n  verify {\n    check c {\n", "claw 1\nlet x = if ", "claw 1\ntask t {\n  workspace {\n"),
    ),
    "nested": Case(NESTED, is_nested, ("(", ")", "+", "if ", " then ", " else ", "123"), 4, ("",)),
    "people": Case(
        PEOPLE, are_people, ("[", "]", "{", "}", ", ", ": ", '"', '"name": "', '"friends": [{', '"born": "', '"town": "', "Ab", "19"), 50, ("[{", ""),
    ),
}  # fmt: skip


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("vocabulary", ["small", "large"])
def test_random_answers_are_whole_within_their_bound(small: Guides, vocabulary: str, name: str) -> None:
    case, guides = CASES[name], small if vocabulary == "small" else large()
    for number in range(WALKS):
        rng = random.Random(f"{vocabulary} {number}")
        most = rng.randint(case.least, case.least + 20) if rng.random() < 0.5 else rng.randint(case.least, 160)
        case.check(walked(guides, case, most, rng))


@pytest.mark.parametrize("vocabulary", ["small", "large"])
def test_only_tokens_that_spell_something_and_ends_are_allowed(small: Guides, vocabulary: str) -> None:
    guides = small if vocabulary == "small" else large()
    guide = guides.guide(Constraint("grammar", "start: /(.|\\n)*/"), 50)
    allowed = np.flatnonzero(guide.allowed(50))
    words = guides._vocabulary.spelled  # pyright: ignore[reportPrivateUsage]
    assert {0, 2} <= set(allowed) and 1 not in allowed and max(allowed) < len(words)
    assert all(
        words[token] and not words[token].startswith((b"<|im_", b"<repo_name>"))
        for token in allowed
        if token not in (0, 2)
    )
    assert guide.take(2, 49)


def test_the_end_is_followed_where_hardly_more_tokens_are_left(small: Guides) -> None:
    guide = small.guide(Constraint("grammar", 'start: "(" /[a-z]*/ ")"'), 40)
    words = small._vocabulary.spelled  # pyright: ignore[reportPrivateUsage]
    letter = words.index(b"z")
    assert guide.take(words.index(b"("), 39)
    for left in range(39, 4, -1):
        assert guide.allowed(left)[letter] and guide.take(letter, left - 1)
    assert [words[token] for token in np.flatnonzero(guide.allowed(4))] == [b")"]
    assert guide.take(words.index(b")"), 3)
    assert list(np.flatnonzero(guide.allowed(3))) == [0, 2]


def test_a_token_after_which_too_much_is_needed_is_refused(small: Guides) -> None:
    guide = small.guide(Constraint("grammar", 'start: ("a" | "b" /c{20}/ "d")*'), 12)
    words = small._vocabulary.spelled  # pyright: ignore[reportPrivateUsage]
    a, b = words.index(b"a"), words.index(b"b")
    assert guide.allowed(12)[[a, b]].all()
    assert not guide.take(b, 11)
    assert guide.refused == 1
    assert list(guide.allowed(12)[[a, b]]) == [True, False]
    assert guide.take(a, 11)
    assert guide.refused == 0
    assert guide.allowed(11)[[a, b]].all()


def test_where_no_end_is_found_the_grammar_is_followed_as_far_as_it_goes(small: Guides) -> None:
    guide = small.guide(Constraint("grammar", "start: /[ab]{900}/"), 30)
    words = small._vocabulary.spelled  # pyright: ignore[reportPrivateUsage]
    for left in range(30, 0, -1):
        allowed = np.flatnonzero(guide.allowed(left))
        assert {words[token] for token in allowed} == {b"a", b"b"}
        assert guide.take(int(allowed[0]), left - 1)


@pytest.mark.parametrize("constraint,least", [(CLAW, 7), (NESTED, 4), (PEOPLE, 46)], ids=["claw", "nested", "people"])
def test_an_answer_has_room_or_is_rejected(small: Guides, constraint: Constraint, least: int) -> None:
    small.guide(constraint, least)
    with pytest.raises(EngineFailure, match=f"has {least} tokens, and it may have {least - 1}"):
        small.guide(constraint, least - 1)


def test_a_model_without_an_end_is_none_to_hold(tmp_path: Path) -> None:
    byte_tokenizer().save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(EngineFailure, match="no token that ends"):
        Guides(tmp_path, 300, (300, -1))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(EngineFailure, match="cannot be used"):
        Guides(tmp_path, 300, (0,))
