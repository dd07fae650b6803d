"""Patterns of paths as deliverables have them, matched in time that no pattern and no name can make long."""

from __future__ import annotations

from typing import NamedTuple

_ANY, _PART, _FOLDERS = "**", "*", "**/"


class _State(NamedTuple):
    """How much of the pattern is behind; `inside` if letters of folders were taken that no slash has ended yet."""

    token: int
    inside: bool = False


def matches(pattern: str, path: str) -> bool:
    """Whether a path is one of a pattern's: `*` stands for a part of a name, `**` for anything, `**/` for any folders or
    none (as `path_pattern` of the checkers has it)."""
    tokens = _tokens(pattern)
    states = _closed({_State(0)}, tokens)
    for letter in path:
        states = _closed({after for state in states for after in _after(state, tokens, letter)}, tokens)
        if not states:
            return False
    return _State(len(tokens)) in states


def _tokens(pattern: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(pattern):
        found.append(next((each for each in (_FOLDERS, _ANY, _PART) if pattern.startswith(each, at)), pattern[at]))
        at += len(found[-1])
    return found


def _closed(states: set[_State], tokens: list[str]) -> set[_State]:
    """With the states that are reached without another letter."""
    found = set(states)
    for state in states:
        at = state.token
        while not state.inside and at < len(tokens) and tokens[at] in (_ANY, _PART, _FOLDERS):
            at += 1
            found.add(_State(at))
    return found


def _after(state: _State, tokens: list[str], letter: str) -> list[_State]:
    if state.token == len(tokens):
        return []
    token = tokens[state.token]
    if token == _FOLDERS:
        inside = _State(state.token, True)
        return [inside, _State(state.token + 1)] if letter == "/" else [inside]
    if token == _ANY or (token == _PART and letter != "/"):
        return [state]
    return [_State(state.token + 1)] if token == letter else []
