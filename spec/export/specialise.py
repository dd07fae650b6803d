"""The grammar cut to what the tables have: blocks, attributes, values by type, functions by name; names of a file if given.

Every text of it is a text of the whole grammar. What is said twice or left out is not seen here, nor are types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from clawc.spec import blocks, functions, taxonomy
from clawc.spec.blocks import Attribute, BlockKind
from clawc.spec.export.lark_text import read_rule
from clawc.spec.export.model import Expr, Grammar, Ref, Terminal, choice, reachable, rebuilt
from clawc.spec.export.patterns import read_pattern
from clawc.spec.export.scope import Scope
from clawc.spec.functions import Function

_LABELS = {"name": "NAME", "path": "STRING", "title": "STRING", "code": "TRIPLE"}
_ROW = "_row"
_TOP = BlockKind("top", "", (), {}, blocks.TOP_LEVEL, ("let", "def", "use"))
# Attributes of these names take one of a list of words, the same in every block.
_DOTTED = {
    "category": taxonomy.dotted(taxonomy.CATEGORIES),
    "categories": taxonomy.dotted(taxonomy.CATEGORIES),
    "operations": taxonomy.dotted(taxonomy.OPERATIONS),
    "kind": ["program"],
}
_TERMINALS = {
    "DURATION": r"[0-9]+(\.[0-9]+)?(ms|s|min|h|d|w)",
    "SIZE": r"[0-9]+(\.[0-9]+)?(KiB|MiB|GiB)",
    "PLAIN_NUMBER": r"[0-9]+(\.[0-9]+)?",
}
_VALUES = {
    "text": "STRING | TRIPLE",
    "template": "expr",
    "raw": "pipe",
    "number": "PLAIN_NUMBER | name | call",
    "bool": '"true" | "false"',
    "duration": "DURATION | name",
    "size": "SIZE | name",
    "text list": '"[" _NL? [word (_COMMA word)* _COMMA? _NL?] "]" | pipe',
    "columns": '"[" _NL? [word (_COMMA word)* _COMMA? _NL?] "]" | pipe',
    "names": 'known | "[" _NL? [known (_COMMA known)* _COMMA? _NL?] "]"',
    "expression": "pipe",
}


def specialised(grammar: Grammar, scope: Scope | None = None) -> Grammar:
    """`grammar` is the whole one; with a scope, only its names stand for values where no row is read."""
    rules = dict(grammar.rules)
    if scope is None:
        rules |= _expressions(None, "")
    else:
        rules |= {f"{name}{_ROW}": _renamed(body, rules) for name, body in _family(grammar).items()}
        rules |= _expressions(scope, "") | _expressions(scope, _ROW)
    rules |= {name: read_rule(body) for name, body in _shared(scope).items()}
    rules |= {_value_rule(kind): read_rule(body) for kind, body in _VALUES.items()}
    for row in (_TOP, *blocks.TABLE):
        if not row.later:
            rules |= _block_rules(row, scope)
    rules["start"] = read_rule("_NL? EDITION (_NL item_top)* _NL?")
    terminals = {**grammar.terminals, **{n: Terminal(read_pattern(p)) for n, p in _TERMINALS.items()}}
    name = terminals["NAME"]
    for row in blocks.TABLE:
        if row.open:
            terminals[_open_name(row)] = Terminal(name.pattern, (*name.without, *(row.attributes or {})))
    return reachable(Grammar(grammar.start, rules, terminals))


def _shared(scope: Scope | None) -> dict[str, str]:
    """Rules that statements and values are made of."""
    return {
        "let_item": '"let" NAME "=" _NL? pipe',
        "word": "NAME | expr",
        "known": "NAME" if scope is None else "value_name",
        "value_name": "NAME" if scope is None else _one_of(scope.values),
        "file_name": "NAME" if scope is None or not scope.files else _one_of(scope.files),
    }


def _one_of(names: Iterable[str]) -> str:
    return " | ".join(f'"{name}"' for name in names)


# Blocks


def _value_rule(kind: str) -> str:
    return f"value_{kind.replace(' ', '_')}"


def _block_rules(row: BlockKind, scope: Scope | None) -> dict[str, Expr]:
    """The block inside of others and, where its labels differ, outside of tasks; and what may stand in it."""
    kind = row.kind
    rules = {f"block_{kind}": read_rule(_block(row, row.labels))}
    if row.outside is not None:
        rules[f"block_{kind}_outside"] = read_rule(_block(row, row.outside))
    items = list(_items(row, scope))
    if items:
        rules[f"item_{kind}"] = choice(*(read_rule(item) for item in items))
        rules[f"body_{kind}"] = read_rule(f'"{{" _NL? [item_{kind} (_sep item_{kind})* _sep?] "}}"')
    return rules


def _block(row: BlockKind, labels: tuple[str, ...]) -> str:
    head = " ".join([f'"{row.kind}"', *(_LABELS[label] for label in labels)])
    attributes = [a for a in (row.attributes or {}).values() if not a.later]
    if not (attributes or row.children or row.statements or row.open):
        return head
    needed = row.children or row.statements or not labels or any(a.required for a in attributes)
    return f"{head} body_{row.kind}" if needed else f"{head} [body_{row.kind}]"


def _items(row: BlockKind, scope: Scope | None) -> Iterator[str]:
    """One alternative each: attributes of a type, blocks, statements."""
    by_value: dict[str, list[str]] = {}
    for name, attribute in (row.attributes or {}).items():
        if not attribute.later:
            by_value.setdefault(_value(row, name, attribute), []).append(name)
    for value, names in by_value.items():
        yield f'({_one_of(names)}) "=" _NL? ({value})'
    if row.open:
        yield f'{_open_name(row)} "=" _NL? pipe{_ROW if scope is not None else ""}'
    for child in row.children:
        if not blocks.BY_KIND[child].later:
            outside = row is _TOP and blocks.BY_KIND[child].outside is not None
            yield f"block_{child}_outside" if outside else f"block_{child}"
    for statement in row.statements:
        if statement in ("let", "expect"):
            yield f"{statement}_item"
        elif statement not in ("def", "use"):
            yield f'"{statement}" known "=" _NL? pipe'
        elif scope is not None:  # what a file defines or takes in can be called only where its names are known
            yield f"{statement}_item"


def _open_name(row: BlockKind) -> str:
    """The terminal for attributes of any name: none that the table has, for this or a later version."""
    return f"{row.kind.upper()}_NAME"


def _value(row: BlockKind, name: str, attribute: Attribute) -> str:
    if name in _DOTTED:
        one = _one_of(_DOTTED[name])
        return one if attribute.type == "dotted" else f'"[" _NL? [({one}) (_COMMA ({one}))* _COMMA? _NL?] "]"'
    if attribute.type == "format":
        return _one_of(blocks.FORMATS)
    if (row.kind, name) in (("verifier", "params"), ("data", "unique")):  # names that it gives
        return '"[" _NL? [NAME (_COMMA NAME)* _COMMA? _NL?] "]"'
    return _value_rule(attribute.type)


# Expressions


def _family(grammar: Grammar) -> Mapping[str, Expr]:
    """The rules of expressions."""
    return reachable(replace(grammar, start="pipe")).rules


def _renamed(body: Expr, rules: Mapping[str, Expr]) -> Expr:
    return rebuilt(
        body, lambda e: Ref(e.name + _ROW) if isinstance(e, Ref) and e.name in rules and e.name[0] != "_" else e
    )


def _expressions(scope: Scope | None, suffix: str) -> dict[str, Expr]:
    """Names, calls and stages; `suffix` marks the rules of expressions that are read row by row."""
    rows = _ROW if scope is not None else ""
    found: dict[str, str] = {}
    known = tuple(functions.BY_NAME.values())
    shapes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for row in known:
        inner = rows if _by_row(row) else suffix
        shapes.setdefault((inner, _optional(row)), []).append(row.name)
    own = scope.functions if scope is not None else ()
    calls: list[str] = []
    for number, ((inner, names), called) in enumerate(shapes.items()):
        rule = f"args_{number}{suffix}"
        calls.append(f'({_one_of(called)}) "(" _NL? [{rule} _NL?] ")"')
        found[rule] = _arguments(rule, "NAME" if names == ("*",) else _one_of(names), inner)
    stages = [f"({_one_of(r.name for r in known if _by_row(r))}) {_stage(rows)}"]
    plain = [*(r.name for r in known if not _by_row(r)), *own]
    stages.append(f"({_one_of(plain)}) {_stage(suffix)}")
    if own:
        calls.append(f'({_one_of(own)}) "(" _NL? [args{suffix} _NL?] ")"')
        found[f"args{suffix}"] = _arguments(f"args{suffix}", "NAME", suffix)
    found[f"call{suffix}"] = " | ".join(calls)
    found[f"stage{suffix}"] = " | ".join(stages)
    found["path_name"] = '"path" "." file_name'
    own_params = scope is not None and bool(scope.params)
    if scope is not None and own_params:
        found["param_name"] = f'"param" "." ({_one_of(scope.params)})'
    # A column may have any name, `path` too.
    known_names = "value_name | path_name | param_name" if own_params else "value_name | path_name"
    found[f"name{suffix}"] = "NAME | QUOTED" if suffix or scope is None else known_names
    return {name: read_rule(body) for name, body in found.items()}


def _by_row(row: Function) -> bool:
    """Does it read an argument row by row?"""
    return any("X" in p.letters.split("|") for p in row.parameters)


def _optional(row: Function) -> tuple[str, ...]:
    """Arguments that are given by name; `*`: any name makes a column."""
    if any(p.rest and "X" in p.letters for p in row.parameters):
        return ("*",)
    return tuple(p.name for p in row.parameters if not p.required and not p.rest)


def _arguments(rule: str, named: str, suffix: str) -> str:
    """What stands in parentheses; `named`: what may be given by name."""
    plain = f"expr{suffix} [(_PIPE stage{suffix})+ | _COMMA [{rule}]]"
    return f'({named}) "=" _NL? expr{suffix} [_COMMA [{rule}]] | {plain}' if named else plain


def _stage(suffix: str) -> str:
    return f"[arg{suffix} (_COMMA arg{suffix})* [on_clause]]"
