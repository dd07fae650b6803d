"""What makes tasks bad although they compile: one file for each family of findings, each a function over a task."""

from __future__ import annotations

from dataclasses import replace

from clawc.compiler.model import Task
from clawc.compiler.passes.lints.conditions import conditions_given_twice, loose_mentions, undeclared_paths
from clawc.compiler.passes.lints.credit import edits_unseen, vacuous
from clawc.compiler.passes.lints.facts import facts_of
from clawc.compiler.passes.lints.hidden import hidden_requirements
from clawc.compiler.passes.lints.orders import order_lints, order_not_asked, order_not_compared
from clawc.compiler.passes.lints.prompt import answers_told, depends_on_today, unjudged_sentences
from clawc.compiler.passes.lints.rounding import rounding
from clawc.compiler.passes.lints.structure import unjudged_structure
from clawc.compiler.passes.lints.unread import unread
from clawc.compiler.passes.mentioned import error_spans, inside
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trace import Quotation
from clawc.spec import ast

__all__ = ["advise", "order_lints", "unread", "vacuous"]


def advise(part: Task, block: ast.Block, sealer: Sealer, quotations: list[Quotation], sound: bool) -> set[str]:
    """Warnings about the sound part of a task; those that look for what is missing, only where nothing is mistaken.

    Gives the checks of which no answer is to be derived, as what they ask for was said to be a slip.
    """
    if part.imported:
        return set()  # its authors are others, and it is kept as it is
    facts = facts_of(part)
    conditions_given_twice(part)
    blamed = undeclared_paths(part, facts)
    depends_on_today(part, block)
    told = part if sound else _as_told(part, block)
    hidden_requirements(told, facts)
    rounding(told, facts)
    order_not_asked(told, facts)
    answers_told(told, facts, sealer)
    if not sound and not _read_as_meant(part):
        return blamed  # the rest looks for what is missing, and may be what was mistaken
    loose_mentions(part, facts)
    order_not_compared(told, facts)
    unjudged_structure(told, facts)
    unjudged_sentences(told, block, facts, quotations)
    edits_unseen(told, facts, sealer)
    return blamed


# Errors about a task that was read as it is written: no check is left out for them that reads another deliverable.
_OF_SENSE = ("E0605", "E0607", "E0618")


def _read_as_meant(part: Task) -> bool:
    """Are all mistakes such that nothing was left unread for them?"""
    return all(d.code in _OF_SENSE for d in part.context.diagnostics.sorted() if d.severity == "error")


def _as_told(part: Task, block: ast.Block) -> Task:
    """The part without deliverables that hold a mistake, and without an instruction where a mistake in it, or in the inputs,
    may have changed what the agent knows.
    """
    wrong = error_spans(part.context)
    blocks = [i for i in block.items if isinstance(i, ast.Block) and inside(wrong, i.span)]
    spans = [part.instruction_span, *part.turn_spans]
    misread = [d.span for d in part.context.diagnostics.sorted() if d.severity == "error" and d.code not in _OF_SENSE]
    unsure = any(b.kind.text == "workspace" for b in blocks) or any(inside(misread, s) for s in spans)
    if unsure or any(isinstance(i, ast.BrokenItem) for i in block.items):
        return replace(part, instruction="", turns=[])
    mistaken = [b.head for b in blocks if b.kind.text == "deliver"]
    return replace(part, delivers=[d for d in part.delivers if d.span not in mistaken])
