"""What the tables say of a word: a diagnostic by its code, a kind of block, an attribute, a function, a word of the taxonomy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from clawc.compiler.elaborate.context import closest
from clawc.compiler.service.hover import SAID
from clawc.spec import blocks, diagnostics, functions, graders, taxonomy, types
from clawc.spec.blocks import BlockKind
from clawc.spec.functions import Function

_LABELS = {"name": "NAME", "path": '"PATH"', "title": '"TITLE"', "code": '"""…"""'}


class Explanation(NamedTuple):
    """`kind` is what the word is, `head` how it is written, `wrong` and `right` are examples of a diagnostic, "" for others."""

    kind: str
    name: str
    head: str
    text: str
    wrong: str = ""
    right: str = ""


def explained(word: str) -> tuple[Explanation, ...]:
    """All meanings of a word; none for one that the language does not have. Case counts for words, not for codes."""
    word = word.strip()
    code = diagnostics.BY_CODE.get(word.upper())
    if code is not None:
        text = code.explanation.replace("{categories}", ", ".join(taxonomy.dotted(taxonomy.CATEGORIES)))
        text = text.replace("{operations}", ", ".join(taxonomy.dotted(taxonomy.OPERATIONS)))
        return (Explanation("diagnostic", code.code, f"{code.severity}: {code.title}", text, code.bad, code.good),)
    return tuple(e for e in _words() if e.name == word)


def meant(word: str) -> tuple[str, ...]:
    """At most three words or codes that an unknown one may be meant for."""
    codes = [c for c in diagnostics.BY_CODE if c.startswith(word.upper()[:3])] if word[:1] in "EWew" else []
    return closest(word.strip(), [*(e.name for e in _words()), *codes])


@cache
def _words() -> tuple[Explanation, ...]:
    return (*_blocks(), *_attributes(), *_functions(), *_others())


def _blocks() -> Iterator[Explanation]:
    for row in blocks.TABLE:
        if row.later:
            continue
        attributes = {n: a for n, a in (row.attributes or {}).items() if not a.later}
        lines = [f"{n}{' (needed)' if a.required else ''}: {a.type}; {a.doc}" for n, a in attributes.items()]
        inside = [*(c for c in row.children if not blocks.BY_KIND[c].later), *row.statements]
        parts = [row.doc + (", at most once" if row.once else "") + "."]
        parts += ["Attributes:\n" + "\n".join(f"- {line}" for line in lines)] if lines else []
        parts += ["Further attributes of any name."] if row.open else []
        parts += [f"Inside: {', '.join(inside)}."] if inside else []
        around = [k.kind for k in blocks.TABLE if row.kind in k.children and not k.later]
        around = ["the file itself", *around] if row.kind in blocks.TOP_LEVEL else around
        parts += [f"Stands in: {', '.join(around)}."] if around else []
        yield Explanation("block", row.kind, _head(row), "\n".join(parts))


def _head(row: BlockKind) -> str:
    heads = [" ".join([row.kind, *(_LABELS[label] for label in row.labels)])]
    if row.outside is not None:
        heads.append("outside of tasks " + " ".join([row.kind, *(_LABELS[label] for label in row.outside)]))
    return "; ".join(heads)


def _attributes() -> Iterator[Explanation]:
    """An attribute that several blocks have, with one meaning, once."""
    found: dict[tuple[str, str, str, bool], list[str]] = {}
    for row in blocks.TABLE:
        for name, a in (row.attributes or {}).items():
            if not (a.later or row.later):
                found.setdefault((name, a.type, a.doc, a.required), []).append(row.kind)
    for (name, type, doc, required), kinds in found.items():
        needed = " (needed)" if required else ""
        yield Explanation("attribute", name, f"{name} = {type}{needed}", f"In {', '.join(kinds)}: {doc}.")


def _functions() -> Iterator[Explanation]:
    letters = types.LETTERS

    def of(kind: str, row: Function, more: str = "") -> Explanation:
        used = dict.fromkeys(x for p in row.parameters for x in p.letters if x in letters)
        legend = f" ({', '.join(f'{x}: {letters[x]}' for x in used)})" if used else ""
        return Explanation(kind, row.name, row.signature, f"{row.doc}.{more}{legend}")

    yield from (of("function", row) for row in functions.TABLE)
    yield from (of("aggregate", row, " In `group` and `window`.") for row in functions.AGGREGATES)
    yield from (of("verb", row, f" Written `table | {row.name} …`.") for row in functions.VERBS)
    for row in functions.PROVIDERS:
        yield of("provider", row, f" For `data` and `param`, after `use std.{row.group} ({row.name})`.")


def _others() -> Iterator[Explanation]:
    yield from (Explanation("word", name, name, text + ".") for name, text in SAID.items())
    yield from (Explanation("format", name, f"format = {name}", "A format of files.") for name in blocks.FORMATS)
    yield from (Explanation("protocol", p.name, p.entry, f"{p.doc}.") for p in graders.TABLE)
    for name in taxonomy.dotted(taxonomy.CATEGORIES):
        yield Explanation("category", name, f"category = {name}", "An area and kind of work.")
    for name in taxonomy.dotted(taxonomy.OPERATIONS):
        yield Explanation("operation", name, f"operations = [{name}]", "What an agent has to do.")
