"""What makes tasks bad although they compile: one file for each family of findings, each a function over a task."""

from __future__ import annotations

from clawc.compiler.model import Task
from clawc.compiler.passes.lints.conditions import checks_given_twice, loose_mentions, undeclared_paths
from clawc.compiler.passes.lints.credit import edits_unseen, vacuous
from clawc.compiler.passes.lints.facts import facts_of
from clawc.compiler.passes.lints.hidden import hidden_requirements
from clawc.compiler.passes.lints.orders import asked_and_compared, order_lints
from clawc.compiler.passes.lints.prompt import answers_told, depends_on_today, unjudged_sentences
from clawc.compiler.passes.lints.rounding import rounding
from clawc.compiler.passes.lints.unread import unread
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trace import Quotation
from clawc.spec import ast

__all__ = ["advise", "order_lints", "unread", "vacuous"]


def advise(part: Task, block: ast.Block, sealer: Sealer, quotations: list[Quotation], sound: bool) -> set[str]:
    """Warnings about the sound part of a task; those that look for what is missing, only where nothing is mistaken.

    Gives the checks of which no answer is to be derived, as what they ask for was said to be a slip.
    """
    facts = facts_of(part)
    checks_given_twice(part)
    blamed = undeclared_paths(part, facts)
    depends_on_today(part, block)
    if not sound:
        return blamed  # the rest looks for what is missing, and mistakes come first
    loose_mentions(part, facts)
    hidden_requirements(part, facts)
    rounding(part, facts)
    asked_and_compared(part, facts)
    unjudged_sentences(part, block, facts, quotations)
    answers_told(part, facts, sealer)
    edits_unseen(part, facts, sealer)
    return blamed
