"""Blocks and attributes against the table: what stands where it may not, twice, or not at all."""

from __future__ import annotations

from clawc.compiler.elaborate.context import closest, nearest, nearest_fix
from clawc.compiler.passes.habits import STATEMENTS as STARTED_OTHERWISE
from clawc.compiler.source import Diagnostics, Fix, Source
from clawc.spec import ast
from clawc.spec.blocks import BY_KIND, TOP_LEVEL, BlockKind
from clawc.spec.functions import VERB_NAMES

MAX_HOMES = 3  # blocks that a message names for an attribute
# Attributes as other languages of blocks call them.
CALLED_ELSEWHERE = {"depends_on": "after", "requires": "after", "needs": "after", "for_each": "each", "foreach": "each"}
CONDITIONS = ("condition", "assert", "assertion", "that")
STATEMENTS = {ast.Let: "let", ast.Def: "def", ast.Use: "use", ast.Expect: "expect"}


TOP = BlockKind("", "", (), {}, TOP_LEVEL, ("let", "def", "use"))


def check_shape(source: Source, file: ast.File, diagnostics: Diagnostics) -> None:
    """Reports everything that the table of blocks does not allow."""
    _items(source, TOP, file.items, diagnostics, "a file", ast.Span(0, 0))


def known(block: ast.Block, parent: str) -> bool:
    """May later passes look into this block?"""
    row = BY_KIND.get(block.kind.text)
    if row is None or row.later:
        return False
    return block.kind.text in (TOP_LEVEL if parent == "" else BY_KIND[parent].children)


def unread(item: ast.Item, parent: str) -> bool:
    """Was the item reported and left out, so that what is missing may stand in it?"""
    return isinstance(item, ast.BrokenItem) or (isinstance(item, ast.Block) and not known(item, parent))


def _items(source: Source, parent: BlockKind, items: tuple[ast.Item, ...], diagnostics: Diagnostics, where: str,
           head: ast.Span) -> None:  # fmt: skip
    seen: dict[str, ast.Span] = {}
    broken = {name for item in items if isinstance(item, ast.BrokenItem) for name in item.names}
    for item in items:
        if isinstance(item, ast.Block):
            _block(source, parent, item, diagnostics, where, seen)
        elif isinstance(item, ast.Attribute):
            _attribute(source, parent, item, diagnostics, where, seen)
        elif isinstance(item, ast.Labelled):
            if item.verb.text not in parent.statements:
                _misplaced(source, item.verb, parent, diagnostics, where)
        elif not isinstance(item, ast.BrokenItem):
            word = STATEMENTS[type(item)]
            if word not in parent.statements:
                diagnostics.add("E0209", source, ast.Span(item.span.start, item.span.start + len(word)),
                                f"`{word}` has no place in {where}", _home(word))  # fmt: skip
    for name, attribute in (parent.attributes or {}).items():
        if attribute.required and name not in seen and name not in broken:
            diagnostics.add("E0208", source, head, f"{where} lacks `{name}`",
                            f"{name}: {attribute.doc}")  # fmt: skip


def _block(
    source: Source,
    parent: BlockKind,
    block: ast.Block,
    diagnostics: Diagnostics,
    where: str,
    seen: dict[str, ast.Span],
) -> None:
    kind = block.kind.text
    row = BY_KIND.get(kind)
    if row is None or kind not in parent.children:
        if row is None:
            unknown_block(source, parent, block, diagnostics)
        else:
            homes = sorted(r.kind for r in BY_KIND.values() if kind in r.children)
            diagnostics.add("E0202", source, block.kind.span, f"`{kind}` has no place in {where}", _belongs(homes))
        return
    if row.later:
        diagnostics.add("E0207", source, block.kind.span, f"`{kind}` is not in this version")
        return
    if row.once and parent is not TOP:
        if kind in seen:
            diagnostics.add("E0210", source, block.head, f"{where} has two blocks `{kind}`", "put everything into one")
        seen[kind] = block.span
    _labels(source, row, parent, block, diagnostics)
    _items(source, row, block.items, diagnostics, inside(block), block.head)


def inside(block: ast.Block) -> str:
    """How messages call the inside of a block."""
    name = block.labels[0].text if block.labels and isinstance(block.labels[0], ast.Ident) else ""
    return f"`{block.kind.text} {name}`" if name else f"`{block.kind.text}`"


def unknown_block(source: Source, parent: BlockKind, block: ast.Block, diagnostics: Diagnostics) -> None:
    kind = block.kind.text
    candidates = [*parent.children, *(parent.attributes or {})]
    if (row := parent.attribute(kind)) is not None and not row.later:
        alone = block.labels[0] if len(block.labels) == 1 and not block.has_body else None
        value = source.slice(alone.span) if isinstance(alone, ast.Text) else "…"
        written = f"{kind} = [{value}]" if row.type == "text list" else f"{kind} = {value}"
        diagnostics.add("E0201", source, block.kind.span, f"`{kind}` is an attribute here, not a block", f"write `{written}`",
                        Fix(block.span, written, f"write `{written}`") if value != "…" else None)  # fmt: skip
        return
    if kind in VERB_NAMES and not closest(kind, candidates):
        start = ast.Span(block.kind.span.start, block.kind.span.start)
        diagnostics.add("E0201", source, block.kind.span, f"unknown block `{kind}`; as a stage it begins with `|`",
                        f"write `| {kind}`", Fix(start, "| ", "begin a stage"))  # fmt: skip
        return
    diagnostics.add("E0201", source, block.kind.span, f"unknown block `{kind}`{nearest(kind, candidates)}",
                    _listing("blocks here", parent.children), nearest_fix(kind, candidates, block.kind.span))  # fmt: skip


def _labels(source: Source, row: BlockKind, parent: BlockKind, block: ast.Block, diagnostics: Diagnostics) -> None:
    labels = row.outside if parent is TOP and row.outside is not None else row.labels
    wanted = " ".join(
        {"name": "NAME", "path": '"path"', "title": '"title"', "code": '"""…"""'}[label] for label in labels
    )
    shape = f"`{row.kind} {wanted}`" if wanted else f"`{row.kind}` without a label"
    if len(block.labels) != len(labels):
        found, wanted_ = len(block.labels), len(labels)
        diagnostics.add("E0204", source, block.head, f"`{row.kind}` takes {_labels_of(wanted_)}, here it has {_labels_of(found)}",
                        f"write {shape}")  # fmt: skip
        return
    for label, what in zip(block.labels, labels):
        if (what == "name") != isinstance(label, ast.Ident):
            kind = "a name without quotes" if what == "name" else "a text in quotes"
            diagnostics.add("E0204", source, label.span, f"this label must be {kind}", f"write {shape}")
            return  # labels in the wrong order are one mistake


def swapped_labels(source: Source, row: BlockKind, block: ast.Block, diagnostics: Diagnostics) -> None:
    """A path before the name."""
    first, second = block.labels
    diagnostics.add("E0204", source, first.span, "this label must be a name without quotes", f'write `{row.kind} NAME "path"`',
                    Fix(ast.Span(first.span.start, second.span.end), f"{source.slice(second.span)} {source.slice(first.span)}",
                        "name first, then the path"))  # fmt: skip


def _labels_of(number: int) -> str:
    return "no label" if number == 0 else "1 label" if number == 1 else f"{number} labels"


def _attribute(
    source: Source,
    parent: BlockKind,
    item: ast.Attribute,
    diagnostics: Diagnostics,
    where: str,
    seen: dict[str, ast.Span],
) -> None:
    name = item.name.text
    row = parent.attribute(name)
    if row is None and parent.open:
        return
    if row is None:
        unknown_attribute(source, parent, item, diagnostics, where)
    elif row.later:
        diagnostics.add("E0207", source, item.name.span, f"`{name}` is not in this version")
    if name in seen and row is not None:
        same = source.slice(seen[name]) == source.slice(item.span)
        diagnostics.add("E0206", source, item.name.span, f"`{name}` is given twice in {where}", "keep one",
                        Fix(item.span, "", "remove this one") if same else None)  # fmt: skip
    seen[name] = item.span


def foreign_attribute(parent: BlockKind, name: str) -> str:
    """The attribute that is meant by its name in another language, else ""."""
    meant = CALLED_ELSEWHERE.get(name, "")
    return meant if parent.attribute(meant) is not None else ""


def attribute_for_expect(source: Source, item: ast.Attribute, diagnostics: Diagnostics, where: str) -> None:
    """A condition that is written as the value of an attribute."""
    name = item.name.text
    diagnostics.add("E0205", source, item.name.span, f"unknown attribute `{name}` in {where}", "a condition is written `expect …`",
                    Fix(ast.Span(item.span.start, item.value.span.start), "expect ", "write `expect`"))  # fmt: skip


def unknown_attribute(
    source: Source, parent: BlockKind, item: ast.Attribute, diagnostics: Diagnostics, where: str
) -> None:
    name = item.name.text
    candidates = [*(parent.attributes or {}), *parent.children]
    if meant := foreign_attribute(parent, name):
        diagnostics.add("E0205", source, item.name.span, f"unknown attribute `{name}` in {where}; did you mean `{meant}`?",
                        "", Fix(item.name.span, meant, f"write `{meant}`"))  # fmt: skip
        return
    help = _listing("attributes", tuple(n for n, a in (parent.attributes or {}).items() if not a.later))
    if not nearest(name, candidates):
        homes = [
            r.kind for r in BY_KIND.values() if not r.later and (a := r.attribute(name)) is not None and not a.later
        ]
        if name == "weight" and parent.kind in ("require", "forbid"):
            help = f"a `{parent.kind}` earns no credit; `weight` belongs into `check`"
        elif homes and len(homes) <= MAX_HOMES:
            help = f"`{name}` belongs into " + " or ".join(f"`{h}`" for h in homes)
        elif "let" in parent.statements:
            help = f"to name a value write `let {name} = …`"
    diagnostics.add("E0205", source, item.name.span, f"unknown attribute `{name}` in {where}{nearest(name, candidates)}",
                    help, nearest_fix(name, candidates, item.name.span))  # fmt: skip


def renamed_attribute(
    source: Source, item: ast.Attribute, meant: str, sure: bool, diagnostics: Diagnostics, where: str
) -> None:
    """An attribute that is unknown, in a block that lacks one: the one is meant for the other."""
    diagnostics.add("E0205", source, item.name.span, f"unknown attribute `{item.name.text}` in {where}, which lacks `{meant}`",
                    f"write `{meant} = …`", Fix(item.name.span, meant, f"write `{meant}`") if sure else None)  # fmt: skip


def _misplaced(source: Source, verb: ast.Ident, parent: BlockKind, diagnostics: Diagnostics, where: str) -> None:
    actions = ("write", "replace", "edit", "delete")
    if verb.text in actions:
        diagnostics.add("E0209", source, verb.span, f"`{verb.text}` has no place in {where}", _home(verb.text))
    elif verb.text in STARTED_OTHERWISE:
        word = STARTED_OTHERWISE[verb.text]
        diagnostics.add("E0201", source, verb.span, f"unknown statement `{verb.text}`; did you mean `{word}`?", "",
                        Fix(verb.span, word, f"write `{word}`"))  # fmt: skip
    else:
        here = [a for a in actions if a in parent.statements]
        meant = here if nearest(verb.text, here) else actions
        diagnostics.add("E0201", source, verb.span, f"unknown statement `{verb.text}`{nearest(verb.text, meant)}",
                        "", nearest_fix(verb.text, meant, verb.span))  # fmt: skip


def _home(word: str) -> str:
    """Where a statement may stand."""
    return _belongs([r.kind for r in BY_KIND.values() if word in r.statements and not r.later])


def _belongs(homes: list[str]) -> str:
    return "it belongs into " + " or ".join(f"`{h}`" for h in homes[:4]) if homes else ""


def _listing(title: str, names: tuple[str, ...]) -> str:
    names = tuple(n for n in names if n not in BY_KIND or not BY_KIND[n].later)
    return f"{title}: {', '.join(names)}" if names else ""
