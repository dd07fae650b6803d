"""The instruction by itself: what it asks for and nothing judges, dates that depend on today, answers that it gives away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from clawc.compiler.model import Task
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.compiler.passes.lints.facts import Facts, through
from clawc.compiler.passes.lints.told import Sentence, sentences, span_of
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trace import Quotation
from clawc.spec import ast, core
from clawc.spec.core import Core
from clawc.spec.types import TableType
from clawc.stdlib.checks.values import File, Table

_MUST = re.compile(
    r"\b(?:must|should|shall|exactly|only|do not|don't|never|at least|at most|sorted|rounded|no more than|no fewer than|has to|have to)\b",
    re.I,
)
# How to work, which no result shows.
_CONDUCT = re.compile(
    r"\b(?:use only|only use|provided|internet|network|external|dependenc|librar|install|relative|workspace|command line|packages?|tools?)",
    re.I,
)
_WORD = re.compile(r"[A-Za-z]{4,}|\d+(?:[.,]\d+)*")
_COMMENT = re.compile(r"(?m)#.*$")
# Words that say nothing about what is required.
_COMMON = frozenset(re.findall(r"\w+", """
    must should shall exactly only never least most more than that this these those with from into each every have
    has will would could when where which what there their them they your also then else both other another same make
    made sure please write read file files using used uses give given need needs does about after before over under
    been being such very just like some many much want include included contain contains following task folder output
    input workspace name named path paths create save keep kept here once fewer note dont
    """))  # fmt: skip
STEM = 4
MAX_REPORTED = 5


def unjudged_sentences(task: Task, block: ast.Block, facts: list[Facts], quotations: list[Quotation]) -> None:
    """Sentences with a requirement that no check quotes and of which no word occurs in what judges."""
    if not task.instruction or any(f.runs for f in facts):
        return  # what programs are tried on is not read here
    judged: str | None = None
    reported = 0
    for sentence in sentences(task.told):
        if not _MUST.search(sentence.text) or _CONDUCT.search(sentence.text) or _quoted(sentence, quotations):
            continue
        words = {w.casefold()[:STEM] for w in _WORD.findall(sentence.text) if w.casefold() not in _COMMON}
        if len(words) < 2:
            continue
        if judged is None:
            judged = _judging(task, block, facts)
        if any(word in judged for word in words) or reported >= MAX_REPORTED:
            continue
        reported += 1
        task.context.diagnostics.add(
            "W0602", task.source, span_of(task, sentence.start, sentence.end),
            f"no check, deliverable or rubric reads this requirement: `{_short(sentence.text)}`",
            "judge it, quote it by `because` where it is judged, or leave it out",
        )  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _quoted(sentence: Sentence, quotations: list[Quotation]) -> bool:
    return any(q.start < sentence.end and sentence.start < q.end for q in quotations)


def _judging(task: Task, block: ast.Block, facts: list[Facts]) -> str:
    """The words of all that judges: checks, deliverables, definitions, rubrics, and the columns of tables compared."""
    parts: list[str] = []
    for item in block.items:
        if isinstance(item, (ast.Let, ast.Def)) or (
            isinstance(item, ast.Block) and item.kind.text in ("verify", "deliver", "solution", "data")
        ):
            parts.append(_COMMENT.sub("", task.source.slice(item.span)))
    parts += [e.source for check in task.checks for e in check.expects]
    parts += [check.name.replace("_", " ") for check in task.checks]
    parts += [c.text for r in task.rubrics for c in r.criteria]
    for fact in facts:
        for node in fact.statics:
            if isinstance(node.type, TableType):
                parts += node.type.names
    return " ".join(parts).casefold()


_TODAY = re.compile(
    r"\b(?:today|yesterday|tomorrow|tonight|right now|as of now|by now|(?:this|last|next|past|coming|current) "
    r"(?:week|month|quarter|year|date|day|weekend|morning|monday|tuesday|wednesday|thursday|friday|saturday|sunday)(?! (?:of|in|for) (?:the|that|this|each|every|a) )"
    r"|current (?:time|state of the calendar)|recently|recent(?= (?:\w+ )?(?:days?|weeks?|months?|entries|orders|posts|events)))\b(?!')",
    re.I,
)
# Without one of these nothing of the kind is said.
_DAYS = (
    "day",
    "tomorrow",
    "tonight",
    "now",
    "week",
    "month",
    "quarter",
    "year",
    "date",
    "morning",
    "current",
    "recent",
)
_DATED = re.compile(
    r"\d{4}-\d{2}-\d{2}|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    r"|\b\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,4}",
    re.I,
)
_IN_QUOTES = re.compile(r"`[^`]*`|\"[^\"\n]*\"|“[^”]*”|\{[^}]*\}")


_DATES = re.compile(r"@\d{4}-|\b(?:date|datetime|add_months|workdays|weekday|overlap|days)\(")


def depends_on_today(task: Task, block: ast.Block) -> None:
    """Words such as "today" without a date that says what day that is, where days matter to what is judged."""
    texts = [task.told, *(c.text for r in task.rubrics for c in r.criteria)]
    if task.stated or not any(word in text.casefold() for text in texts for word in _DAYS) or _DATED.search(task.told):
        return
    found = _TODAY.search(_IN_QUOTES.sub(lambda m: " " * len(m.group()), task.told))
    if found is not None and _DATES.search(task.source.text, block.span.start, block.span.end):
        task.context.diagnostics.add(
            "W0607", task.source, span_of(task, found.start(), found.end()),
            f"`{found.group()}` means another day on each run", "give the date, for example \"today, 31 January 2026\"",
        )  # fmt: skip
    for rubric in task.rubrics:
        for criterion in rubric.criteria:
            word = _TODAY.search(_IN_QUOTES.sub(" ", criterion.text))
            if word is not None and not _DATED.search(criterion.text):
                task.context.diagnostics.add(
                    "W0607", task.source, rubric.span, f"`{word.group()}` in `{criterion.name}` means another day on each run",
                    "give the date in the criterion, or in the instruction",
                )  # fmt: skip


def answers_told(task: Task, facts: list[Facts], sealer: Sealer) -> None:
    """Computed answers that stand in the instruction."""
    told = task.told
    if not told or task.stated:
        return
    inputs: str | None = None
    for value, side in _answers(facts, sealer):
        shown = _shown(value)
        if not shown or shown not in told:
            continue
        computed, written = _parts(side)
        if not computed or str(value) in written:
            continue
        match = re.search(rf"(?<![\w.,]){re.escape(shown)}(?![\w]|[.,]\d)", told)
        if match is None:
            continue
        if inputs is None:
            inputs = "\n".join(i.data.decode("utf-8", "replace") for i in task.inputs)
        if shown in inputs:
            continue
        task.context.diagnostics.add(
            "W0608", task.source, span_of(task, match.start(), match.end()),
            f"`{shown}` is an answer that a check expects", "an example has other values than the answer",
        )  # fmt: skip
        return


def _answers(facts: list[Facts], sealer: Sealer) -> Iterator[tuple[Any, Core]]:
    """The values that are compared with what the agent leaves, and the expressions that they come from."""
    seen: set[int] = set()
    for fact in facts:
        for call in fact.calls:
            if call.function != "equal" and not call.function.startswith("mentions"):
                continue
            for side in call.args:
                if side.dynamic or side.free or id(through(side)) in seen or isinstance(through(side), core.Const):
                    continue
                seen.add(id(through(side)))
                try:
                    sealed = sealer.seal(side)
                except EvaluationFault:
                    continue
                if isinstance(sealed, core.Const):
                    yield from ((value, side) for value in _scalars(sealed.value, 0))


def _parts(node: Core) -> tuple[bool, set[str]]:
    """Does a value depend on an input? And the texts and numbers that are written in its expression."""
    found = [n.value for n in core.walk(node) if isinstance(n, core.Const)]
    return any(isinstance(v, (File, Table)) for v in found), {
        str(v) for v in found if isinstance(v, (str, int, Decimal, date))
    }


def _scalars(value: Any, depth: int) -> Iterator[Any]:
    if isinstance(value, Table):
        for row in value.rows[:200]:
            yield from row.values()
    elif isinstance(value, dict) and depth < 5:
        for inner in value.values():  # pyright: ignore[reportUnknownVariableType]
            yield from _scalars(inner, depth + 1)
    elif isinstance(value, list) and depth < 5:
        for inner in value[:200]:  # pyright: ignore[reportUnknownVariableType]
            yield from _scalars(inner, depth + 1)
    else:
        yield value


def _shown(value: Any) -> str:
    """How an answer is written, or "" for what is no secret: small whole numbers, short texts, conditions."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) >= 100 else ""
    if isinstance(value, Decimal):
        return format(value, "f") if value != value.to_integral_value() or abs(value) >= 100 else ""
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) and len(value) >= 6 and len(value) < 400 else ""
