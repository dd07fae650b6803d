"""Ranges of cells: never two of a call's over each other, and what is taken over is what was computed."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.engine.local.arena import Arena, Range

SIZE = 64


def test_a_call_that_goes_on_does_so_in_its_range() -> None:
    arena = Arena(SIZE)
    first = arena.take([1, 2, 3], 10)
    assert first is not None and (first.known, first.source) == (0, None)
    first.range.tokens += [1, 2, 3, 4, 5]
    arena.give_back(first.range)
    then = arena.take([1, 2, 3, 4, 5, 6], 20)
    assert then is not None and then.range is first.range
    assert (then.known, then.source, then.range.size) == (5, None, 20)


def test_what_others_have_computed_is_copied() -> None:
    arena = Arena(SIZE)
    first = arena.take([1, 2, 3], 10)
    assert first is not None
    first.range.tokens += [1, 2, 3]
    other = arena.take([1, 2, 3], 10)
    assert other is not None and other.range is not first.range
    assert (other.known, other.source) == (
        2,
        first.range.start,
    )  # the last one is computed anew: a token is drawn after it


def test_what_can_never_fit_is_said() -> None:
    with pytest.raises(ValueError):
        Arena(SIZE).take([1], SIZE + 1)


@given(st.integers(0, 2**32))
def test_ranges_hold_what_they_say(seed: int) -> None:
    drawn = random.Random(seed)
    arena, cells = Arena(SIZE), [-1] * SIZE
    busy: list[tuple[Range, list[int]]] = []
    waited = 0
    for _ in range(60):
        if busy and (drawn.random() < 0.45 or waited > 3):
            range_, tokens = busy.pop(drawn.randrange(len(busy)))
            assert cells[range_.start : range_.start + len(tokens)] == tokens == range_.tokens
            arena.give_back(range_)
            waited = 0
            continue
        prompt = [drawn.randrange(2) for _ in range(drawn.randint(1, 12))]
        place = arena.take(prompt, len(prompt) + drawn.randint(0, 12))
        if place is None:
            assert busy  # never without one to wait for
            waited += 1
            continue
        if place.source is not None:
            cells[place.range.start : place.range.start + place.known] = cells[
                place.source : place.source + place.known
            ]
        assert 0 <= place.known < len(prompt) and place.range.tokens == prompt[: place.known]
        for at in range(place.known, len(prompt)):
            cells[place.range.start + at] = prompt[at]
        place.range.tokens[:] = prompt
        busy.append((place.range, list(prompt)))
        ranges = arena.ranges
        assert all(one.end <= other.start for one, other in pairwise(ranges))
        assert ranges[-1].end <= SIZE
        for each in ranges:
            assert cells[each.start : each.start + len(each.tokens)] == each.tokens
