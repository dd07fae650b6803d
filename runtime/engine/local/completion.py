"""A way from the middle of a sentence of a grammar to its end, as bytes: short, but not always the shortest.

The grammar is only asked what may come next. States are told apart by that alone, so those that look alike may differ in what they still
need: the search prefers new ones, and comes back to those that it has seen.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from llguidance import LLMatcher

from clawc.runtime.engine.local.vocabulary import END

_MOST = 400  # bytes of a way
_PROBES = (b" ", b"0 ")  # after which it shows what a word or value is in the middle of
# What a state costs: for each time that one like it was seen; when it is like the one before it; for each bracket that was opened. One that
# is new costs nothing besides, so that what makes progress is followed first.
_SEEN, _SAME, _OPEN = 0.5, 2.0, 4.0
# What a byte costs: the only one that may come, or a bracket that closes; a blank. See `_priced`.
_FORCED, _BLANK = 0.1, 1.5
_CLOSERS = b")]}"
_QUOTES = b"\"'`"
_OPENERS = b"([{"
_SEPARATORS = b",;:="
_DIGITS = bytes(range(0x30, 0x3A))
_LOWER = bytes(range(0x61, 0x7B))
_UPPER = bytes(range(0x41, 0x5B))
_PRINTED = bytes(range(0x20, 0x7F))
_BROAD = 80  # of what is printed: a text, a comment or the like


def still_ends(matcher: LLMatcher, known: bytes) -> bytes | None:
    """The shortest end of a known way that is a way from here."""
    return next((known[at:] for at in range(len(known), -1, -1) if _ends(matcher, known[at:])), None)


def completion(matcher: LLMatcher, known: bytes, effort: int) -> bytes | None:
    """Bytes that end the sentence; None if no way is found by looking at `effort` states. `matcher` is one over bytes, and stays where it is.
    `known` was a way from a state before: its end may be one again."""
    here, at = matcher.deep_copy(), b""
    queue: list[tuple[float, int, float, bytes, bytes]] = [(0.0, 0, 0.0, b"", b"")]
    pushed = 0
    seen: Counter[bytes] = Counter()
    siblings: set[tuple[bytes, bytes]] = set()
    for _ in range(effort):
        if not queue:
            return None
        _, _, cost, path, before = heapq.heappop(queue)
        moved, at = _move(here, at, path), path
        if moved and here.is_accepting():
            return path
        mask = here.compute_bitmask() if moved else b""
        if here.is_error():
            here, at = matcher.deep_copy(), b""
            continue
        for start in range(len(known) - 1, -1, -1):
            if _allows(mask, known[start]) and _ends(here, known[start:]):
                return path + known[start:]
        look = _look(here, mask)
        if path:
            if (path[:-1], look) in siblings:
                continue
            siblings.add((path[:-1], look))
        cost = cost + _SEEN * seen[look] if seen[look] else 0.0
        cost += _SAME if look == before else 0.0
        seen[look] += 1
        if len(path) < _MOST:
            for byte, price in _moves(mask):
                pushed += 1
                longer = path + bytes((byte,))
                heapq.heappush(queue, (cost + price + _OPEN * _open(longer), pushed, cost + price, longer, look))
    return None


def _open(path: bytes) -> int:
    """How many brackets more are open after it, whatever stands between quotes."""
    return sum(byte in _OPENERS for byte in path) - sum(byte in _CLOSERS for byte in path)


def _look(matcher: LLMatcher, mask: bytes) -> bytes:
    """What a state looks like: what may come next, and what after a few things."""
    found = [mask]
    for probe in _PROBES:
        if matcher.validate_tokens(list(probe)) == len(probe):
            matcher.consume_tokens(list(probe))
            found.append(b"." if matcher.is_stopped() else matcher.compute_bitmask())
            matcher.rollback(len(probe))
        else:
            found.append(b"-")
    return b"".join(found)


def _ends(matcher: LLMatcher, text: bytes) -> bool:
    return matcher.validate_tokens([*text, END]) == len(text) + 1


def _move(matcher: LLMatcher, at: bytes, path: bytes) -> bool:
    """From one place to another."""
    same = next((n for n, (one, other) in enumerate(zip(at, path)) if one != other), min(len(at), len(path)))
    return (same == len(at) or matcher.rollback(len(at) - same)) and (
        same == len(path) or matcher.consume_tokens(list(path[same:]))
    )


def _allows(mask: bytes, byte: int) -> bool:
    return bool(mask[byte >> 3] >> (byte & 7) & 1)


@lru_cache(maxsize=4096)
def _moves(mask: bytes) -> tuple[tuple[int, float], ...]:
    """What to go on with, and what that costs."""
    allowed = bytes(byte for byte in range(256) if _allows(mask, byte))
    if len(allowed) == 1:
        return ((allowed[0], _FORCED),)
    broad = sum(byte in allowed for byte in _PRINTED) >= _BROAD
    found = sorted(_priced(allowed, broad), key=lambda move: move[1])
    return tuple(found) or tuple((byte, 3.0) for byte in allowed[:8])


def _priced(allowed: bytes, broad: bool) -> Iterator[tuple[int, float]]:
    for byte in allowed:
        if byte in _DIGITS or byte in _LOWER or byte in _UPPER:
            kind = next(kind for kind in (_DIGITS, _LOWER, _UPPER) if byte in kind)
            price = 3.0 if broad and kind is not _LOWER else 1.0 if kind is _DIGITS else 1.5
            if all(other in allowed for other in kind):  # any of them: one stands for all
                if byte == kind[0] and (kind is not _UPPER or 0x61 not in allowed):
                    yield byte, price
            else:
                yield byte, price
        elif byte in _QUOTES:
            yield byte, 3.0 if broad and byte != 0x22 else 1.0
        elif byte in _CLOSERS and not broad:
            yield byte, _FORCED
        elif byte in b" \n":
            yield byte, _BLANK
        elif broad and byte in _PRINTED:
            yield byte, 6.0
        elif byte in _SEPARATORS:
            yield byte, 2.0
        elif byte in _OPENERS:
            yield byte, 4.0
        elif byte in _PRINTED:
            yield byte, 3.0
