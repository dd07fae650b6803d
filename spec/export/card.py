"""The language card: what a model needs to write a correct source file, in fewer than 4,000 tokens.

Blocks, attributes and functions come from the tables; a test holds that every one of them occurs.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from clawc.spec import blocks, functions, taxonomy
from clawc.spec.blocks import BlockKind
from clawc.spec.export.prepare import RESERVED
from clawc.spec.functions import Function, Parameter

# A copy of one of the examples, so that it travels with the package.
EXAMPLE = "example.claw"

_SHAPE = """\
# The .claw language, edition 1

One file states a task: the files an agent finds, what it is told, what it must deliver, how that is judged. Expected
values are computed from the inputs by queries, never typed. Answer with the file alone.

```
{example}```

## Syntax

- Line 1 is `claw 1`. Items are `name = expr`, `kind labels { … }`, `let n = expr`, `def f(x) = expr`, `use std.numbers (percent)`,
  `expect condition`. A line end or `;` ends an item. Only a comma, an operator, `=`, `then`, `else` at a line's end or a `|`
  at the next line's start continue it. `#` comment, `##` doc of a block.
- Values: `"text"`, `\"""text\"""` (dedented), `re"regex"`, `3`, `2.5`, `90s 5min 2h 3d`, `64MiB`, `@2026-01-31`, `@2026-01-31T09:30Z`,
  `[a, b]`, `{key: v}`, `a..b`, `true false null`. `{{ expr }}` is a hole in instructions, paths and texts; never in `content`.
- Operators, loosest first: `if c then a else b`, `??`, `or`, `and`, `not`, `== != < <= > >= in`, `not in`, `within` (`a == b within 0.01`, `within 5%`),
  `..`, `+ -`, `* /`, `x.key x[i]`. Comparisons do not chain.
- `x | f a` is `f(x, a)`. In arguments of verbs bare names are columns first, then what is bound outside.
- Reserved: {reserved}. Bound by the language: `path.NAME` (path of an input or deliverable),
  `workspace`, `solution`, `inputs`, `transcript.calls`, `transcript.commands`, `final_message`.
"""

_RULES = """\
## Rules that are often broken

- Every deliverable is named in the instruction (`{{ path.report }}`) and read by a check; every check reads a deliverable.
- An input stands for its pristine bytes, a deliverable for what the agent leaves. Its format and `columns`, `keys`, `sections` are
  prerequisites, never credit; do not check them again.
- A check that holds on the untouched workspace is an error: `unchanged(workspace)` belongs into `require`.
- A deliverable at the path of an input needs `edits = INPUT`.
- `because` quotes the instruction word for word.
- `rows(d) == t` compares the declared columns of `d`. Order counts only if `t` ends in `sort`; break ties with a last key. `take` needs a `sort`.
- An argument of `group` without an aggregate is a key: `group team, n = count(), total = sum(x)`. `count()` only there; elsewhere `count(t)`.
- `sort -total, name`, not `sort total desc`. `select n = a == b` needs its name. `join t on a == b`.
- Cells of CSV inputs are numbers or dates if the whole column is; leading zeros stay text. JSON keeps types: `"3"` is not `3`.
- null: comparisons with it are false but for `== null`; aggregates skip it; `sort` puts it last; `??` replaces it.
- `==` on numbers is exact; add `within`. `round` rounds half up. Division by zero is null.
- `mentions` finds whole tokens. Prose needs `mentions…`, `section`, `words`, not equality.
- Answers that cannot be derived (programs, prose tied to code) need `solution { write d = … }`. `python` needs `solution` and `mutant`.
- Rows of lists have the column `value`: `paragraphs(d) | all mentions(value, x)`.
"""


def card() -> str:
    """The whole card."""
    example = (resources.files("clawc.spec.export") / EXAMPLE).read_text(encoding="utf-8")
    reserved = f"`{' '.join(RESERVED)}`"
    return "\n".join([
        _SHAPE.replace("{example}", example).replace("{reserved}", reserved),
        "## Blocks\n",
        "`!`: needed. `open`: further attributes are columns. Words of a `text list`, `columns` and `names` need no quotes.\n",
        _blocks(),
        f"Outside of tasks: {' '.join(blocks.TOP_LEVEL)}, let, def, use. Formats: {' '.join(blocks.FORMATS)}.",
        f"Categories: {_grouped(taxonomy.CATEGORIES)}.",
        f"Operations: {_grouped(taxonomy.OPERATIONS)}.\n",
        "## Functions\n",
        "T table, L list, R record, S text, N number, B condition, D date, U duration, V any value, F file, G range, P regex, X row "
        "expression; `FS`: F or S; `x=` may be left out; behind `)` the result, where it is fixed.\n",
        _functions(),
        _RULES.rstrip(),
    ]) + "\n"  # fmt: skip


def _grouped(table: dict[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{group}.({' '.join(members)})" for group, members in table.items())


def _blocks() -> str:
    return "".join(_block(row) + "\n" for row in blocks.TABLE if not (row.later or row.kept))


def _block(row: BlockKind) -> str:
    labels = {"name": "NAME", "path": '"path"', "title": '"title"', "code": '"""code"""'}
    head = " ".join([row.kind, *(labels[label] for label in row.labels)])
    if row.outside is not None:
        head += "`; outside of tasks `" + " ".join([row.kind, *(labels[label] for label in row.outside)])
    attributes = [
        f"{n}{'!' if a.required else ''}: {a.type}"
        for n, a in (row.attributes or {}).items()
        if not (a.later or a.kept)
    ]
    inside = [*(c for c in row.children if not (blocks.BY_KIND[c].later or blocks.BY_KIND[c].kept)), *row.statements]
    parts = [
        row.doc,
        ", ".join([*attributes, "open"] if row.open else attributes),
        f"in it {' '.join(inside)}" if inside else "",
    ]
    return f"- `{head}` {'. '.join(filter(None, parts))}"


def _functions() -> str:
    lines: list[str] = []
    groups = dict.fromkeys(row.group for row in (*functions.TABLE, *functions.AGGREGATES) if row.group != "kept")
    for group in groups:
        rows = [r for r in (*functions.TABLE, *functions.AGGREGATES) if r.group == group]
        lines.append(f"{group}: " + " ".join(_signature(r) for r in rows))
    modules = dict.fromkeys(row.group for row in functions.PROVIDERS)
    given = (" ".join([f"std.{m}", *(_named(r) for r in functions.PROVIDERS if r.group == m)]) for m in modules)
    lines.append("in `data` and `param`, after `use`: " + "; ".join(given))
    lines.append("verbs: " + " · ".join(f"{r.name} {_parameters(r.parameters[1:])}: {r.doc}" for r in functions.VERBS))
    return "\n".join(lines) + "\n"


def _named(row: Function) -> str:
    """A name; with brackets where something has to be given."""
    needed = [p for p in row.parameters if p.required]
    return f"{row.name}({_parameters(needed)})" if needed else row.name


def _signature(row: Function) -> str:
    result = "" if row.result == "?" else row.result
    return f"{row.name}({_parameters(row.parameters)}){result}"


def _parameters(found: Iterable[Parameter]) -> str:
    return ", ".join(_parameter(p) for p in found)


def _parameter(p: Parameter) -> str:
    letters = p.letters.replace("|", "")
    return f"{letters}…" if p.rest else letters if p.required else f"{p.name}="
