"""The grammar for one engine: chosen start, cut to the tables and a scope or not, in the engine's notation."""

from __future__ import annotations

from typing import Literal

from clawc.spec.export.bnf_text import bnf_text
from clawc.spec.export.llguidance_text import llguidance_text
from clawc.spec.export.prepare import Start, for_characters, for_lexer, full_grammar
from clawc.spec.export.scope import Scope
from clawc.spec.export.specialise import specialised
from clawc.spec.grammar import grammar_text

Target = Literal["llguidance", "gbnf", "ebnf", "lark"]
TARGETS: tuple[Target, ...] = ("llguidance", "gbnf", "ebnf", "lark")


def decoding_grammar(
    target: Target, start: Start = "file", *, cut: bool = False, scope: Scope | None = None
) -> str:  # fmt: skip
    """The text of a grammar. `cut`: specialised by the tables, and by a scope if there is one.

    For `lark` it is the file of the grammar, which holds both starts; it is never cut.
    """
    if target == "lark":
        return grammar_text()
    grammar = full_grammar(start)
    if cut:
        grammar = specialised(grammar, scope)
    return llguidance_text(for_lexer(grammar)) if target == "llguidance" else bnf_text(for_characters(grammar), target)
