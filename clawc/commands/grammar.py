"""`clawc grammar`: grammars for constrained decoding, and those of editors."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from clawc import exits
from clawc.commands.output import put
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.exits import UserError
from clawc.spec.export.decoding import TARGETS, Target, decoding_grammar
from clawc.spec.export.prepare import STARTS, Start
from clawc.spec.export.scope import Scope, scope_of
from clawc.spec.export.textmate import textmate_text
from clawc.spec.export.tree_sitter import tree_sitter_text

# What editors colour by: the whole language, in one form.
_OF_EDITORS = {"textmate": textmate_text, "tree-sitter": tree_sitter_text}


def grammar_command(target: str, start: str, cut: bool, scope: Path | None, out: Path | None) -> int:
    """Prints the grammar for an engine. A scope may have mistakes: what can be read of it gives names."""
    if target not in (*TARGETS, *_OF_EDITORS):
        raise UserError(f"there is no grammar for `{target}`", f"grammars: {', '.join((*TARGETS, *_OF_EDITORS))}")
    if start not in STARTS:
        raise UserError(f"the start `{start}` is unknown", f"starts: {', '.join(STARTS)}")
    if scope is not None and not cut:
        raise UserError("`--scope` belongs to `--specialised`", "add `--specialised`")
    if target in _OF_EDITORS:
        if cut or start != "file":
            raise UserError(f"the grammar for `{target}` is the whole language",
                            "leave out `--start` and `--specialised`: they are for decoding")  # fmt: skip
        put(_OF_EDITORS[target](), out)
        return exits.OK
    if target == "lark" and (cut or start != "file"):
        raise UserError("the Lark grammar is printed as it is",
                        "it holds both starts, `start` and `pipe`; specialised grammars are for decoding")  # fmt: skip
    names = None if scope is None else _scope(scope)
    put(decoding_grammar(cast(Target, target), cast(Start, start), cut=cut, scope=names), out)
    return exits.OK


def _scope(path: Path) -> Scope:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"`{path}` is not UTF-8 text", "save it as UTF-8") from error
    return scope_of(parse(Source.of(str(path), text), Diagnostics()).file)
