"""Requirements that the agent is never told: columns, keys, sections, files and limits of words that neither the
instruction nor an input gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate
from clawc.compiler.passes.lints.facts import Facts, text_of, through, whole_file
from clawc.compiler.passes.lints.told import spelled
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Core
from clawc.spec.types import RecordType, TableType
from clawc.stdlib.checks.values import Range

# "with the columns of the input", "the same sections": these stand for names that are not repeated.
_THING = r"(?:columns?|fields?|keys?|headings?|headers?|sections?|format|structure|schema|shape|layout|template)"
_HINT = re.compile(
    rf"\b(?:same|its|their|those|these|existing|original|given|all)\b[^.]{{0,30}}\b{_THING}\b"
    rf"|\b{_THING}\b[^.]{{0,20}}\b(?:of|as in|from|in|like)\b|\bas in\b|\b(?:follow\w*|after|by) the {_THING}\b"
    r"|\bafter the (?:pattern|model|example)\b",
    re.I,
)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MAX_INPUT = 200_000


class _Demand(NamedTuple):
    """Names of one kind that a file must have."""

    kind: str
    deliverable: str
    names: tuple[str, ...]
    span: Span


def hidden_requirements(task: Task, facts: list[Facts]) -> None:
    """Reports what is demanded and not told, once for each deliverable and kind."""
    if not task.instruction or task.stated:
        return
    told = spelled(task.told)
    hinted: bool | None = None
    given: list[str] = []  # the inputs are read only if the instruction leaves something open
    reported: set[tuple[str, str]] = set()
    for demand in [*_declared(task), *_expected(task, facts)]:
        missing = [n for n in demand.names if spelled(n) and spelled(n) not in told]
        if not missing:
            continue
        hinted = _HINT.search(task.told) is not None if hinted is None else hinted
        if hinted and demand.kind != "file":
            continue
        given = given or [_inputs(task)]
        missing = [n for n in missing if spelled(n) not in given[0]]
        if not missing or (demand.kind, demand.deliverable) in reported:
            continue
        reported.add((demand.kind, demand.deliverable))
        shown = ", ".join(f"`{n}`" for n in missing[:6]) + (" …" if len(missing) > 6 else "")
        plural = "s" if len(missing) > 1 else ""
        task.context.diagnostics.add(
            "W0601", task.source, demand.span,
            f"nothing tells the agent that `{demand.deliverable}` must have the {demand.kind}{plural} {shown}",
            "say so in the instruction, or do not demand it",
        )  # fmt: skip
    _limits(task, facts)


def _inputs(task: Task) -> str:
    """The texts of all inputs, and their paths."""
    texts = [i.file.path for i in task.inputs]
    texts += [i.data[:MAX_INPUT].decode("utf-8", "replace") for i in task.inputs if b"\0" not in i.data[:1000]]
    return spelled(" ".join(texts))


def _declared(task: Task) -> Iterator[_Demand]:
    for deliver in task.delivers:
        where = deliver.span
        for kind, names in (("column", deliver.columns), ("key", deliver.keys), ("section", deliver.sections)):
            if names:
                yield _Demand(kind, deliver.name, names, where)


def _expected(task: Task, facts: list[Facts]) -> Iterator[_Demand]:
    by_name = {d.name: d for d in task.delivers}
    for fact in facts:
        for call in fact.calls:
            if call.function == "equal":
                yield from _compared(by_name, call.args[0], call.args[1])
                yield from _compared(by_name, call.args[1], call.args[0])
            elif call.function == "get" and (name := whole_file(call.args[0])) and (key := text_of(call.args[1])):
                if (
                    name in by_name
                    and not by_name[name].edits
                    and by_name[name].kind in ("json", "yaml", "toml", "ini")
                ):
                    yield _Demand("key", name, (key,), call.args[1].span)
            elif call.function == "section" and (name := whole_file(call.args[0])) and (title := text_of(call.args[1])):
                if name in by_name and not by_name[name].edits:
                    yield _Demand("section", name, (title,), call.args[1].span)
            elif call.function == "field" and (name := whole_file(call.args[0])) and (label := text_of(call.args[1])):
                if name in by_name and not by_name[name].edits:
                    yield _Demand("line", name, (label,), call.args[1].span)
            elif call.function == "file_at" and isinstance(call.args[0], core.Deliverable):
                if (path := text_of(call.args[1])) and not by_name[call.args[0].name].edits:
                    yield _Demand("file", call.args[0].name, (path,), call.args[1].span)


def _compared(by_name: dict[str, DeliverDecl], left: Core, right: Core) -> Iterator[_Demand]:
    """Columns and keys of a static value that the whole of a deliverable must equal."""
    name = whole_file(left)
    deliver = by_name.get(name)
    if deliver is None or deliver.edits or right.dynamic or right.free:
        return
    type = through(right).type
    if isinstance(type, TableType) and deliver.columns is None and not type.open and type.names != ["value"]:
        yield _Demand("column", name, tuple(type.names), right.span)
    elif (
        isinstance(type, RecordType)
        and deliver.keys is None
        and not type.open
        and deliver.kind in ("json", "yaml", "toml")
    ):
        yield _Demand("key", name, tuple(n for n, _ in type.fields), right.span)


def _limits(task: Task, facts: list[Facts]) -> None:
    """Limits of words that stand in a check alone."""
    told = task.told.casefold()
    for fact in facts:
        for call in fact.calls:
            if call.function not in ("at_most", "at_least", "less", "more", "is_in", "equal") or len(call.args) < 2:
                continue
            counted, bound = through(call.args[0]), call.args[1]
            if not isinstance(counted, core.Call) or counted.function != "words" or bound.dynamic or bound.free:
                continue
            try:
                value = evaluate(bound, task.context.task)
            except EvaluationFault:
                continue
            high = (
                value.high
                if isinstance(value, Range)
                else value
                if call.function in ("at_most", "less", "equal")
                else None
            )
            low = (
                value.low
                if isinstance(value, Range)
                else value
                if call.function in ("at_least", "more", "equal")
                else None
            )
            # That it shall be short tells nobody how long it has to be.
            long = isinstance(low, int) and isinstance(high, int) and low > _SHORT and high < 2 * low
            vague = r"\bwords?\b" if long else r"\b(?:short|brief|concise|long|words?)\b"
            if not isinstance(high, int) or _says(told, high) or re.search(vague, told):
                continue
            task.context.diagnostics.add(
                "W0601", task.source, call.span, f"nothing tells the agent of a limit of {high} words",
                "say so in the instruction, or do not demand it",
            )  # fmt: skip


_SHORT = 12  # words that any answer may be expected to have
_ADJECTIVE = re.compile(r"\b(?:short|brief|concise|succinct|crisp|tight|one[- ]page)")


def _says(told: str, number: int) -> bool:
    spelled_out = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return re.search(rf"(?<!\d){number}(?!\d)|\b{spelled_out}\b", told) is not None
