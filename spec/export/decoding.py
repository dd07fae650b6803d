"""The grammar for one engine: chosen start, cut to the tables and a scope or not, in the engine's notation."""

from __future__ import annotations

from typing import Literal

from clawc.spec.export.bnf_text import bnf_text
from clawc.spec.export.llguidance_text import llguidance_text
from clawc.spec.export.prepare import Start, for_characters, for_lexer, full_grammar
from clawc.spec.export.scope import Scope
from clawc.spec.export.specialise import specialised
from clawc.spec.export.tidy import tidied
from clawc.spec.grammar import grammar_text

Target = Literal["llguidance", "gbnf", "ebnf", "lark"]
TARGETS: tuple[Target, ...] = ("llguidance", "gbnf", "ebnf", "lark")


def decoding_grammar(
    target: Target, start: Start = "file", *, cut: bool = False, scope: Scope | None = None, tidy: bool = False
) -> str:  # fmt: skip
    """The text of a grammar. `cut`: specialised by the tables, and by a scope if there is one. `tidy`, of `llguidance` alone: without
    comments, and with blanks and line ends in the amounts that people use.

    For `lark` it is the file of the grammar, which holds both starts; it is never cut.
    """
    if target == "lark":
        return grammar_text()
    grammar = full_grammar(start)
    if cut:
        grammar = specialised(grammar, scope)
    if target != "llguidance":
        return bnf_text(for_characters(grammar), target)
    lexed = for_lexer(grammar)
    return llguidance_text(tidied(lexed) if tidy else lexed)
