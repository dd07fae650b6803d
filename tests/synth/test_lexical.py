"""Near-duplicates by words: what is reported is exact, what is kept is unlike."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.synth.lexical import Lexical, Near, jaccard, normal, trigrams

WORDS = ("read", "the", "orders", "and", "write", "totals", "by", "client", "Größe", "7")
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join), max_size=25)


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.sampled_from([0.3, 0.5, 0.8]))
def test_no_two_that_are_kept_are_nearly_the_same(texts: list[str], threshold: float) -> None:
    index, kept = Lexical(threshold), list[str]()
    for n, text in enumerate(texts):
        near = index.add(str(n), text)
        if near is None:
            # At 0.85 one of 10^10 pairs is missed.
            assert all(jaccard(trigrams(text), trigrams(other)) < max(threshold, 0.85) for other in kept)
            kept.append(text)
        else:
            assert near.similarity >= threshold
            assert near.similarity == jaccard(trigrams(text), trigrams(texts[int(near.id)]))
    assert len(index) == len(kept)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_duplicate_of_itself_in_other_case_and_blanks(text: str) -> None:
    index = Lexical(1.0)
    assert index.add("one", text) is None
    again = index.add("two", "  " + text.replace(" ", " \n ") + " ")
    assert again == Near("one", 1.0)


def test_the_nearest_is_given_and_the_earliest_of_equals() -> None:
    index = Lexical(0.1)
    said = [f"word{n}" for n in range(40)]
    assert index.add("a", " ".join(said)) is None
    index.add("b", " ".join(["else", *said[30:], *(f"other{n}" for n in range(200))]))
    near = index.add("c", " ".join(said[:36]))
    assert near is not None and near.id == "a"


def test_words_count_and_marks_do_not() -> None:
    assert normal("Read: the  ORDERS!") == "read the orders"
    assert trigrams("a b") == frozenset(["a b"])
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 0.5


def test_many_planted_pairs_are_found() -> None:
    draw = random.Random(1)
    base = [[f"w{draw.randrange(2_000)}" for _ in range(120)] for _ in range(500)]
    index = Lexical()
    assert all(index.add(f"base {n}", " ".join(words)) is None for n, words in enumerate(base))
    found = 0
    for n, words in enumerate(base):
        for _ in range(6):
            words[draw.randrange(120)] = "changed"
        near = index.add(f"near {n}", " ".join(words))
        found += near is not None and near.id == f"base {n}"
    assert found > 480


@pytest.mark.parametrize("threshold", [0, -1, 1.5])
def test_thresholds_that_say_nothing_are_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        Lexical(threshold)
