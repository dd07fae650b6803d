"""Parts that put rows into an order, and cut the list there."""

from __future__ import annotations

from dataclasses import replace

from clawc.stdlib.archetypes.draft import Draft
from clawc.stdlib.archetypes.parts import part
from clawc.stdlib.archetypes.state import Column, State

_MEASURES = ("total", "count", "measure", "rate", "worth", "amount", "quantity", "span")


def _tie(state: State) -> list[Column]:
    return [column for column in state.columns if column.name in state.key]


@part("order", lambda state: bool(state.key) and not state.ordered and bool(state.those(*_MEASURES)), "order")  # type: ignore[arg-type]
def by_measure(draft: Draft, state: State) -> State:
    """Highest or lowest number first, ties by the key."""
    column = draft.draw.pick(state.those(*_MEASURES))  # type: ignore[arg-type]
    ties = _tie(state)
    down = draft.falling or draft.draw.chance(75)
    tie = " and then ".join(c.name for c in ties)
    text = draft.phrase(f"order {down}", (
        "Sort by {column}, highest first; equal ones by {tie}.", "Sort the rows so that the highest {column} comes first, ties by {tie}.", "Order the rows by {column}, from high to low, then by {tie}.",
        "Whatever has the highest {column} goes on top; where two are equal, sort them by {tie}.", "Rank them from the highest {column} to the lowest, ties by {tie} from A to Z.",
    ) if down else (
        "Sort by {column}, lowest first; equal ones by {tie}.", "Sort the rows so that the smallest {column} comes first, ties by {tie}.", "Order the rows by {column}, from low to high, then by {tie}.",
        "Begin with the lowest {column}; where two are equal, sort by {tie}.",
    ), column=column.name, tie=tie)  # fmt: skip
    draft.say("rule", text, {"do": "sort", "by": [("-" if down else "") + column.name, *(c.name for c in ties)]})
    draft.operation("data.rank")
    return state.then(f"sort {'-' if down else ''}{column.name}, {', '.join(c.name for c in ties)}", ordered=True)


@part("order", lambda state: bool(state.key) and not state.ordered, "order")
def by_key(draft: Draft, state: State) -> State:
    """In the order of names, numbers or months."""
    ties = _tie(state)
    tie = " and then ".join(c.name for c in ties)
    text = draft.phrase("order key", (
        "Sort by {tie}.", "Rows are sorted by {tie}.", "Keep them in the order of {tie}.", "Put the rows into ascending order of {tie}.", "Ascending by {tie}, please.",
    ), tie=tie)  # fmt: skip
    draft.say("rule", text, {"do": "sort", "by": [c.name for c in ties]})
    return state.then(f"sort {', '.join(c.name for c in ties)}", ordered=True)


@part(
    "order",
    lambda state: state.level == "rows" and bool(state.key) and not state.ordered and state.has("date"),
    "order",
)
def by_date(draft: Draft, state: State) -> State:
    """By day, ties by the key."""
    date, ties = state.column("date"), _tie(state)
    down = draft.draw.chance(40)
    tie = " and then ".join(c.name for c in ties)
    text = draft.phrase(f"order date {down}", (
        "Newest first by {date}, and {tie} decides between equal days.", "Sort by {date} from the latest to the earliest, then by {tie}.", "The latest {date} goes on top; equal days are sorted by {tie}.",
    ) if down else (
        "Oldest first by {date}, and {tie} decides between equal days.", "Sort by {date}, then by {tie}.", "Keep the order of {date}, earliest first, with {tie} for equal days.",
    ), date=date.name, tie=tie)  # fmt: skip
    draft.say("rule", text, {"do": "sort", "by": [("-" if down else "") + date.name, *(c.name for c in ties)]})
    draft.operation("data.rank")
    return state.then(f"sort {'-' if down else ''}{date.name}, {', '.join(c.name for c in ties)}", ordered=True)


@part("top", lambda state: state.ordered and not state.cut, "top")
def first_few(draft: Draft, state: State) -> State:
    """Only the first few of the order."""
    few = len(state.columns[0].values) - 1 if state.level == "groups" and state.columns[0].values else 4
    count = (
        draft.draw.between(2, max(2, min(few, 4)))
        if state.level == "groups"
        else draft.draw.between(3, max(3, min(10, state.rows // 2)))
    )
    text = draft.phrase("take", (
        "Keep the first {count} of that order and no more.", "Only the first {count} rows are wanted.", "Stop after {count} rows.", "We need the top {count} of that list only.", "Cut the list after {count}.",
    ), count=count)  # fmt: skip
    draft.say("rule", text, {"do": "take", "count": count})
    draft.operation("data.rank")
    return replace(state.then(f"take {count}"), cut=True)
