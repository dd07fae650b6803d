"""Trees with another value, without a key, with an element less or more."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from clawc.compiler.mutants import values
from clawc.compiler.mutants.model import Answer, Operator, Variant
from clawc.compiler.mutants.tree import Path, place_of


def _checks(answer: Answer, path: Path) -> frozenset[str]:
    return answer.pins.value(path)


def _leaf(answer: Answer, path: Path, new: Any, old: Any, word: str) -> Iterator[Variant]:
    assert answer.tree is not None
    data = answer.tree.put(path, new)
    if data is not None and data != answer.data:
        checks = _checks(answer, path)
        what = f"`{'.'.join(path)}`: `{_shown(new)}` instead of `{_shown(old)}` ({word})"
        yield Variant(data, place_of(path), what, checks, bool(checks))


def _shown(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _outside(answer: Answer) -> Iterator[Variant]:
    for path, value in answer.tree.leaves() if answer.tree else ():
        checks = _checks(answer, path)
        number = values.number_of(value)
        if number is not None and path:
            yield from _leaf(
                answer, path, values.outside(value, answer.pins.farthest(number, checks)), value, "just too far off"
            )
        elif values.day_of(value) is not None and path:
            yield from _leaf(answer, path, values.moved(value, 1), value, "a day later")


def _other(answer: Answer) -> Iterator[Variant]:
    for path, value in answer.tree.leaves() if answer.tree else ():
        if path:
            yield from _leaf(answer, path, values.made_up(value), value, "another value")


def _flipped(answer: Answer) -> Iterator[Variant]:
    for path, value in answer.tree.leaves() if answer.tree else ():
        if path and value not in ([], {}):
            yield from _leaf(answer, path, values.flipped(value), value, "of another kind")


def _unit(answer: Answer) -> Iterator[Variant]:
    for path, value in answer.tree.leaves() if answer.tree else ():
        new = values.doubled_digits(value) if path else None
        if new is not None and not values.is_same_number(
            value, new, answer.pins.farthest(values.number_of(value), _checks(answer, path))
        ):
            yield from _leaf(answer, path, new, value, "in another unit")


def _dropped(answer: Answer) -> Iterator[Variant]:
    for path, value in answer.tree.parts() if answer.tree else ():
        if path[-1].isdigit():
            continue
        data = answer.tree.drop(path) if answer.tree else None
        # A key that is absent may stand for null.
        if data is not None and data != answer.data and value is not None:
            checks = _checks(answer, path) or _below(answer, path)
            yield Variant(data, place_of(path), f"`{'.'.join(path)}` is missing", checks, bool(checks))


def _below(answer: Answer, path: Path) -> frozenset[str]:
    """Checks that demand something inside the part at a path."""
    return frozenset(d.check for d in answer.pins.of("value") if tuple(map(str, d.value[0]))[: len(path)] == path)


def _elements(answer: Answer) -> Iterator[tuple[Path, list[Any]]]:
    if answer.tree is None:
        return
    root = answer.tree.root
    if isinstance(root, list):
        yield (), root
    for path, value in answer.tree.parts():
        if isinstance(value, list):
            yield path, value


def _put(answer: Answer, path: Path, value: list[Any]) -> bytes | None:
    assert answer.tree is not None
    return answer.tree.put(path, value) if path else answer.tree.write(value)


def _fewer(answer: Answer) -> Iterator[Variant]:
    for path, value in _elements(answer):
        for at in sorted({0, len(value) - 1}) if value else ():
            data = _put(answer, path, [*value[:at], *value[at + 1 :]])
            if data is not None:
                checks = _checks(answer, path)
                yield Variant(
                    data,
                    f"{place_of((*path, '0'))} left out",
                    f"element {at + 1} of `{'.'.join(path) or 'the list'}` is left out",
                    checks,
                    bool(checks),
                )


def _more(answer: Answer) -> Iterator[Variant]:
    for path, value in _elements(answer):
        if value:
            new: Any = values.made_up(value[-1])
            if isinstance(value[-1], dict):
                new = {k: values.made_up(v) for k, v in value[-1].items()}  # pyright: ignore[reportUnknownVariableType]
            data = _put(answer, path, [*value, new])
            if data is not None:
                checks = _checks(answer, path)
                yield Variant(
                    data,
                    f"{place_of((*path, '0'))} added",
                    f"`{'.'.join(path) or 'the list'}` has an element more",
                    checks,
                    bool(checks),
                )


def _exchanged(answer: Answer) -> Iterator[Variant]:
    """The values of two keys of a record in each other's place."""
    if answer.tree is None:
        return
    leaves = [(p, v) for p, v in answer.tree.leaves() if p]
    for (a, x), (b, y) in pairwise(leaves):
        near = abs(values.number_of(x) or Decimal(0)) / 10
        if a[:-1] != b[:-1] or a[-1].isdigit() or x == y or values.is_same_number(x, y, near):
            continue
        first = answer.tree.put(a, y)
        if first is None:
            continue
        from clawc.compiler.mutants.tree import tree_of

        tree = tree_of(answer.deliver, first, answer.base)
        data = tree.put(b, x) if tree is not None else None
        if data is not None and data != answer.data:
            checks = _checks(answer, a) | _checks(answer, b)
            yield Variant(data, place_of(a), f"`{'.'.join(a)}` and `{'.'.join(b)}` are exchanged", checks, bool(checks))


def _comments(answer: Answer) -> Iterator[Variant]:
    """An edited file without its comments, where the request speaks of them."""
    if (
        answer.base is None
        or answer.text is None
        or answer.kind not in _COMMENTED
        or "comment" not in answer.task.told.lower()
    ):
        return
    signs = _COMMENTED[answer.kind]
    lines = answer.text.split("\n")
    kept = [line for line in lines if not line.lstrip().startswith(signs)]
    if len(kept) < len(lines):
        yield Variant("\n".join(kept).encode(), "the comments", "the comments are gone", certain=False)


_COMMENTED = {"yaml": ("#",), "toml": ("#",), "ini": ("#", ";")}

OPERATORS = (
    Operator("outside_tolerance_in_tree", "wrong", _outside),
    Operator("other_leaf", "wrong", _other),
    Operator("leaf_type_flip", "wrong", _flipped),
    Operator("leaf_wrong_unit", "wrong", _unit),
    Operator("comments_lost", "wrong", _comments),
    Operator("drop_key", "wrong", _dropped),
    Operator("drop_element", "wrong", _fewer),
    Operator("extra_element", "wrong", _more),
    Operator("swap_leaves", "wrong", _exchanged),
)
