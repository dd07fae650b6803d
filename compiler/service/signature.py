"""The function whose arguments are being written, and which of them."""

from __future__ import annotations

from typing import NamedTuple

from clawc.compiler.passes.lex import lex
from clawc.compiler.service.document import Document
from clawc.compiler.service.names import Names
from clawc.compiler.service.situation import situation_at
from clawc.spec import ast
from clawc.spec.functions import BY_NAME, PROVIDED

_OPENS = frozenset(("LPAR", "LSQB", "LBRACE"))
_CLOSES = frozenset(("RPAR", "RSQB", "RBRACE"))


class Signature(NamedTuple):
    """`parameters` in their order; `active` counts from 0 and may lie behind the last."""

    text: str
    parameters: tuple[str, ...]
    active: int
    doc: str


def signature(document: Document, offset: int, names: Names) -> Signature | None:
    """The call around an offset; None where none is."""
    leaf = document.piece_at(offset).leaf_at(offset)
    where = situation_at(document, offset)
    before = leaf.text[: offset - leaf.start]
    call, commas, piped = _open_call(before)
    call = call or where.call
    row = BY_NAME.get(call) or PROVIDED.get(call)
    if row is not None:
        said = tuple(
            part.strip()
            for part in row.signature[row.signature.index("(") + 1 : row.signature.rindex(")")].split(",")
            if part.strip()
        )
        active = commas + (1 if piped else 0)
        starred = next((i for i, p in enumerate(said) if p.startswith("*")), None)
        return Signature(row.signature, said, active if starred is None else min(active, starred), row.doc)
    declared = names.scope_at(offset).find(call) if call else None
    if declared is not None and isinstance(declared.node, ast.Def):
        params = tuple(p.text for p in declared.node.params)
        return Signature(f"{call}({', '.join(params)})", params, commas + (1 if piped else 0), "")
    return None


def _open_call(before: str) -> tuple[str, int, bool]:
    """The innermost call or stage that is open at the end of a text, the commas since it began, and whether a pipe feeds it."""
    tokens = lex(before).tokens[:-1]
    depth, commas = 0, 0
    for number in range(len(tokens) - 1, -1, -1):
        kind = tokens[number].kind
        if kind in _CLOSES:
            depth += 1
        elif kind in _OPENS:
            if depth == 0:
                named = number and tokens[number - 1].kind == "NAME" and kind == "LPAR"
                piped = number > 1 and tokens[number - 2].kind == "_PIPE"
                return (tokens[number - 1].text, commas, piped) if named else ("", 0, False)
            depth -= 1
        elif depth == 0 and kind == "_COMMA":
            commas += 1
        elif depth == 0 and kind == "_PIPE":
            behind = tokens[number + 1] if number + 1 < len(tokens) else None
            return (behind.text, commas, True) if behind is not None and number + 2 <= len(tokens) else ("", 0, False)
        elif depth == 0 and kind in ("_NL", "SEMICOLON"):
            return "", 0, False
    return "", 0, False
