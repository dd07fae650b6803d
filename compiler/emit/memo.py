"""Remembers, from one process to the next, what was found out about the check library: the same library gives the same answers.

Nothing is remembered until a command says where (`remember_in`); without it everything is worked out again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol


class Store(Protocol):
    """Texts by key. What is lost costs time only."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str) -> None: ...


_stores: list[Store] = []


def remember_in(store: Store) -> None:
    """Use a store whose texts were all put by this version of the compiler, about this version of the library."""
    _stores[:] = [store]


def get(key: str) -> str | None:
    return _stores[0].get(key) if _stores else None


def put(key: str, value: str) -> None:
    if _stores:
        _stores[0].put(key, value)


def text(kind: str, about: str, find: Callable[[], str]) -> str:
    """What `find` gives for `about`, or gave before."""
    if not _stores:
        return find()
    key = f"{kind} {hashlib.sha256(about.encode()).hexdigest()}"
    found = get(key)
    if found is None:
        found = find()
        put(key, found)
    return found
