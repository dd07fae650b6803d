"""Trajectories that lack a call or say something else at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from clawc.compiler.mutants.model import Change, Result, WorkspaceOperator
from clawc.compiler.mutants.prose import found
from clawc.compiler.mutants.values import outside
from clawc.compiler.witness.places import FINAL
from clawc.stdlib.checks.kinds import listed

_PLACE = "the trajectory"


def _with_text(events: list[dict[str, Any]], text: str) -> tuple[dict[str, Any], ...]:
    return tuple({**e, "text": text} if e.get("event") == "final" else e for e in events)


def _final(result: Result) -> str:
    return next((str(e.get("text", "")) for e in result.events if e.get("event") == "final"), "")


def _silent(result: Result) -> Iterator[Change]:
    checks = frozenset(d.check for d in result.demands if d.place.deliverable == FINAL)
    if checks and _final(result):
        yield Change({}, _PLACE, "the last message is empty", checks, events=_with_text(result.events, ""))


def _boast(result: Result) -> Iterator[Change]:
    checks = frozenset(d.check for d in result.demands if d.place.deliverable == FINAL and d.kind != "banned")
    if checks and _final(result):
        yield Change(
            {},
            _PLACE,
            "the last message only claims success",
            checks,
            events=_with_text(result.events, "All done, everything was completed."),
        )


def _untold(result: Result) -> Iterator[Change]:
    text = _final(result)
    for demand in result.demands:
        if demand.place.deliverable != FINAL or demand.kind != "mention":
            continue
        for start, end in found(text, demand.value.values[0], demand.value.decimals)[:1]:
            made = f"{text[:start]}something{text[end:]}"
            if not found(made, demand.value.values[0], demand.value.decimals):
                what = f"the last message does not say `{text[start:end]}`"
                yield Change({}, _PLACE, what, frozenset({demand.check}), events=_with_text(result.events, made))


def _banned(result: Result) -> Iterator[Change]:
    for demand in result.demands:
        if demand.place.deliverable == FINAL and demand.kind == "banned":
            banned: Any = demand.value
            value: Any = (listed(banned) or [""])[0] if isinstance(banned, list) else banned
            made = f"{_final(result)} It is {value}."
            yield Change(
                {},
                _PLACE,
                f"the last message says `{value}`",
                frozenset({demand.check}),
                events=_with_text(result.events, made),
            )


OTHER_NUMBER = "other_number_said"


def _other_number(result: Result) -> Iterator[Change]:
    """Each number of the last message, changed."""
    text = _final(result)
    for match in list(re.finditer(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w]|[.,]\d)", text))[:8]:
        new = str(outside(match[0], Decimal(0)))
        made = f"{text[: match.start()]}{new}{text[match.end() :]}"
        place = f"the number `{match[0]}` in the last message"
        yield Change(
            {}, place, f"`{new}` instead of `{match[0]}`", certain=False, events=_with_text(result.events, made)
        )


def _no_call(result: Result) -> Iterator[Change]:
    for demand in result.demands:
        if demand.kind != "call":
            continue
        tool, what = demand.value
        kept = tuple(e for e in result.events if not (e.get("event") == "tool" and _does(e, tool, what)))
        if len(kept) < len(result.events):
            yield Change({}, _PLACE, f"`{tool} {what}` is not called", frozenset({demand.check}), events=kept)


def _does(event: dict[str, Any], tool: str, what: str) -> bool:
    arguments: dict[str, Any] = event.get("arguments", {})
    command: Any = arguments.get("command")
    said = " ".join(map(str, command)) if isinstance(command, (list, tuple)) else str(command)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return event.get("tool") == tool and (arguments.get("path") == what or (tool == "exec" and what in said))


OPERATORS = (
    WorkspaceOperator("silent_end", "wrong", _silent),
    WorkspaceOperator("claim_only", "wrong", _boast),
    WorkspaceOperator("untold_fact", "wrong", _untold),
    WorkspaceOperator("banned_message", "wrong", _banned),
    WorkspaceOperator(OTHER_NUMBER, "wrong", _other_number),
    WorkspaceOperator("call_left_out", "wrong", _no_call),
)
