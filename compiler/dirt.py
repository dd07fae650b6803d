"""What is wrong with generated rows in the file that they are written to; the rows themselves stay clean.

Each kind of dirt is a function from a table to a table that draws from a seed of its own, so that one more changes no
other. Compile time only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from clawc.compiler.elaborate.context import Context, Dirtied, is_unsound, nearest, nearest_fix
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.generate import Source
from clawc.compiler.model import CheckDecl, Task
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate, report
from clawc.spec import ast, core
from clawc.spec.core import Const, Core
from clawc.spec.functions import BY_NAME, DIRT_NAMES, Function
from clawc.spec.types import ANY, BOOL, DATE, NUMBER, TEXT, TableType, Type, phrase
from clawc.stdlib.checks.dates import MONTH_NAMES
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import File, Table, Unmet

# The types of columns that a kind of dirt is for; of the others it takes every one.
FITS: dict[str, tuple[Type, ...]] = {
    "garble": (TEXT, ANY), "mixed_case": (TEXT, ANY), "stray_spaces": (TEXT, NUMBER, DATE, BOOL, ANY),
    "mixed_date_formats": (DATE,), "outlier": (NUMBER,),
}  # fmt: skip
_WHAT = {
    "garble": "texts",
    "mixed_case": "texts",
    "mixed_date_formats": "dates",
    "outlier": "numbers",
    "stray_spaces": "single values",
}
# Keys beside each other on a keyboard.
_BESIDE = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxfrghjoklknmpowtdyibecux", strict=True))
FACTORS = (100, 1000)


@dataclass(frozen=True, slots=True)
class Stain:
    """One element of `dirt`: which kind, in which column ("": in none), and how much."""

    kind: str
    column: str
    amount: Decimal


def soil(cx: Context, name: str, node: ast.Expr, clean: Const) -> None:
    """Makes the table as it is written, and keeps it beside the clean one. Mistakes are reported."""
    nodes = node.items if isinstance(node, ast.ListOf) else (node,)
    stains = [_stain(cx, part, clean) for part in nodes]
    if any(stain is None for stain in stains):
        return
    table = clean.value
    for place, (stain, part) in enumerate(zip(stains, nodes)):
        assert stain is not None
        seed = (cx.task.name, name, cx.task.seed, cx.task.draw, "dirt", place)
        try:
            table = KINDS[stain.kind](table, stain, seed)
        except Unmet as problem:
            cx.error("E0216", part.span, f"`{stain.kind}` cannot be applied to `{name}`: {problem}")
            return
    touched = {s.column: s.kind for s in stains if s is not None and s.column}
    cells = {c: ANY if c in touched and touched[c] != "outlier" else t for c, t in clean.type.columns}  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
    written = replace(clean, value=table, type=TableType(tuple(cells.items())))  # pyright: ignore[reportUnknownArgumentType]
    cx.task.dirt.append(Dirtied(name, clean.value, written, node.span))


def with_dirt(cx: Context, node: Core, path: str) -> Core:
    """The content of a file, with each generated table that is written as it is, alone or as a part, in its dirty form."""
    if isinstance(node, core.LetRef):
        return with_dirt(cx, node.value, path)
    if isinstance(node, Const):
        for found in cx.task.dirt:
            if found.clean is node.value:
                found.paths.append(path)
                return found.written
        return node
    if isinstance(node, core.Call) and node.function.startswith("render_"):
        args = [with_dirt(cx, arg, path) for arg in node.args]
        return core.call(node.function, args, node.type, node.span, **dict(node.kwargs))
    if isinstance(node, core.Record):
        return core.record([(key, with_dirt(cx, value, path)) for key, value in node.entries], node.type, node.span)
    if isinstance(node, core.Items):
        return core.items([with_dirt(cx, i, path) for i in node.items], node.type, node.span, as_tuple=node.tuple)
    return node


def report_unseen(cx: Context) -> None:
    """Dirt that no file shows: the table is written nowhere, or only what was made from it."""
    for found in cx.task.dirt:
        if not found.paths and not cx.diagnostics.has_errors:
            cx.error("W0614", found.span, f"no file shows the dirt of `{found.name}`",
                     f"dirt comes into a file whose content is the table itself, such as `csv({found.name})`")  # fmt: skip


def report_mixed(task: Task) -> None:
    """Checks that read both the clean table and a file with its dirt: what they compare need not be the same."""
    for check in task.checks:
        nodes = [n for core_ in _cores(check) for n in core.walk(core_) if isinstance(n, Const)]
        tables = [n.value for n in nodes if isinstance(n.value, Table)]
        files = [n.value for n in nodes if isinstance(n.value, File)]
        for found in task.context.task.dirt:
            file = next((f for f in files if f.path in found.paths), None)
            if file is not None and any(t is found.clean for t in tables):
                kind = file.kind if file.kind in ("csv", "tsv", "json", "jsonl") else "csv"
                task.blame(check, "W0613", f"`{check.name}` reads `{found.name}` as it was before any dirt, and `{file.name}`, which shows the dirt",
                           f"write `{kind}({file.name})` in place of `{found.name}`, or leave the file out")  # fmt: skip


def _cores(check: CheckDecl) -> list[Core]:
    return [*(e.core for e in check.expects), *(node for _, node in check.lets)]


def _stain(cx: Context, node: ast.Expr, clean: Const) -> Stain | None:
    """One element of the list; None after a diagnostic."""
    if isinstance(node, ast.Broken):
        return None
    if not isinstance(node, ast.CallOf) or node.function.text not in DIRT_NAMES:
        at = node.function if isinstance(node, ast.CallOf) else node
        name = cx.source.slice(at.span)[:60]
        cx.error("E0216", at.span, f"`{name}` is no kind of dirt{nearest(name, DIRT_NAMES)}",
                 "write `dirt = [duplicate_rows(2), blank(COLUMN, 0.1)]`; kinds: " + ", ".join(sorted(DIRT_NAMES)),
                 nearest_fix(name, DIRT_NAMES, at.span) if isinstance(node, ast.CallOf) else None)  # fmt: skip
        return None
    row = BY_NAME[node.function.text]
    given = _arguments(cx, row, node)
    if given is None:
        return None
    column, amount = "", Decimal(1) / 2
    for parameter in row.parameters:
        if parameter.name not in given:
            continue
        value = given[parameter.name]
        if parameter.letters == "X":
            found = _column(cx, row, value, clean)
            if not found:
                return None
            column = found
            continue
        number = _amount(cx, row, value, whole=parameter.name == "n")
        if number is None:
            return None
        amount = number
    return Stain(row.name, column, amount)


def _arguments(cx: Context, row: Function, node: ast.CallOf) -> dict[str, ast.Expr] | None:
    known = [p.name for p in row.parameters]
    given: dict[str, ast.Expr] = {}
    for place, arg in enumerate(node.args):
        name = arg.name.text if arg.name is not None else known[place] if place < len(known) else ""
        if name not in known or name in given:
            what = f"has no argument `{name}`" if name and name not in known else "is given one argument too many"
            cx.error("E0401", arg.span, f"`{row.name}` {what}", row.signature)
            return None
        given[name] = arg.value
    missing = next((p.name for p in row.parameters if p.required and p.name not in given), "")
    if missing:
        cx.error("E0401", node.span, f"`{row.name}` lacks its argument `{missing}`", row.signature)
        return None
    return given


def _column(cx: Context, row: Function, node: ast.Expr, clean: Const) -> str:
    """The name of a column that the dirt fits; "" after a diagnostic."""
    table = clean.type
    assert isinstance(table, TableType)
    if not isinstance(node, ast.Ident):
        cx.error("E0401", node.span, f"`{row.name}` wants the name of a column, without quotes", row.signature)
        return ""
    of = table.get(node.text)
    if of is None:
        cx.error("E0402", node.span, f"unknown column `{node.text}`{nearest(node.text, table.names)}",
                 "columns: " + ", ".join(table.names[:12]), nearest_fix(node.text, table.names, node.span))  # fmt: skip
        return ""
    if row.name in FITS and of not in FITS[row.name]:
        cx.error("E0216", node.span, f"`{row.name}` is for {_WHAT[row.name]}; `{node.text}` is {phrase(of)}")
        return ""
    return node.text


def _amount(cx: Context, row: Function, node: ast.Expr, *, whole: bool) -> Decimal | None:
    made = expression(cx, node)
    if is_unsound(made):
        return None
    if made.type is not NUMBER or made.dynamic:
        cx.error("E0401", node.span, f"`{row.name}` wants a number here, not {phrase(made.type)}", row.signature)
        return None
    try:
        value = Decimal(evaluate(made, cx.task))
    except EvaluationFault as fault:
        report(cx, fault)
        return None
    if whole and (value != value.to_integral_value() or value < 0):
        cx.error("E0216", node.span, f"`{row.name}` wants a whole number that is not negative")
        return None
    if not whole and not 0 <= value <= 1:
        cx.error("E0216", node.span, f"`{row.name}` wants a share between 0 and 1")
        return None
    return value


Seed = tuple[object, ...]


def _share(stain: Stain, places: list[int]) -> int:
    """How many of these places: the share, rounded half up, but one at least where the share is not 0."""
    exact = stain.amount * len(places)
    count = int(exact + Decimal("0.5"))
    return min(len(places), max(count, 1 if exact else 0))


def _chosen(table: Table, stain: Stain, seed: Seed, fits: Callable[[Any], bool], count: int | None = None) -> list[int]:
    """The places of some rows whose cell fits; a share of them unless a number is given, which raises Unmet when too large."""
    places = [at for at, row in enumerate(table.rows) if fits(row[stain.column])]
    if count is not None and count > len(places):
        raise Unmet(f"it asks for {count} rows, and {len(places)} have a value in `{stain.column}`")
    picked = Source(*seed).sample(len(places), _share(stain, places) if count is None else count)
    return [places[at] for at in picked]


def _changed(table: Table, column: str, places: list[int], seed: Seed, change: Callable[[Source, Any], Any]) -> Table:
    chosen = set(places)
    rows = [
        {**row, column: change(Source(*seed, at), row[column])} if at in chosen else row
        for at, row in enumerate(table.rows)
    ]
    return Table(table.columns, rows)


def duplicate_rows(table: Table, stain: Stain, seed: Seed) -> Table:
    """Some rows once more, anywhere below themselves."""
    count = int(stain.amount)
    if count > len(table.rows):
        raise Unmet(f"it asks for {count} rows, and there are {len(table.rows)}")
    source = Source(*seed)
    rows = list(table.rows)
    for at in reversed(source.sample(len(rows), count)):  # what was put in so far stands below
        rows.insert(at + 1 + source.below(len(rows) - at), dict(rows[at]))
    return Table(table.columns, rows)


def shuffle_rows(table: Table, stain: Stain, seed: Seed) -> Table:
    rows = list(table.rows)
    source = Source(*seed)
    for at in range(len(rows) - 1, 0, -1):
        other = source.below(at + 1)
        rows[at], rows[other] = rows[other], rows[at]
    return Table(table.columns, rows)


def blank_cells(table: Table, stain: Stain, seed: Seed) -> Table:
    places = _chosen(table, stain, seed, lambda v: v is not None)
    return _changed(table, stain.column, places, seed, lambda _, v: None)


def garble_cells(table: Table, stain: Stain, seed: Seed) -> Table:
    """One slip in a text: two letters swapped, one left out, doubled, or hit beside."""
    places = _chosen(table, stain, seed, lambda v: isinstance(v, str) and sum(c.isalpha() for c in v) >= 2)
    return _changed(table, stain.column, places, seed, _garbled)


def _garbled(source: Source, text: str) -> str:
    letters = [at for at, sign in enumerate(text) if sign.isalpha()]
    slips = [_slip(text, at, kind) for kind in range(4) for at in letters]
    different = [slip for slip in slips if slip != text]
    return source.pick(different) if different else text


def _slip(text: str, at: int, kind: int) -> str:
    if kind == 0:
        return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    beside = _BESIDE.get(text[at].lower(), text[at])
    return text[:at] + (beside.upper() if text[at].isupper() else beside) + text[at + 1 :]


def mixed_case(table: Table, stain: Stain, seed: Seed) -> Table:
    places = [at for at, row in enumerate(table.rows) if isinstance(row[stain.column], str)]
    forms: tuple[Callable[[str], str], ...] = (str.upper, str.lower, lambda s: s, lambda s: s)
    return _changed(table, stain.column, places, seed, lambda source, v: source.pick(forms)(v))


def stray_spaces(table: Table, stain: Stain, seed: Seed) -> Table:
    places = _chosen(table, stain, seed, lambda v: v is not None and as_text(v) != "")
    forms = (" {}", "{} ", "  {}", " {} ", "{}  ")

    def spaced(source: Source, value: Any) -> str:
        text = as_text(value)
        shape = source.below(len(forms) + 1)
        return (
            text.replace(" ", "  ") if shape == len(forms) and " " in text else forms[shape % len(forms)].format(text)
        )

    return _changed(table, stain.column, places, seed, spaced)


def mixed_date_formats(table: Table, stain: Stain, seed: Seed) -> Table:
    """Dates in five spellings, each of them in every five rows: the day is never taken for the month in any."""
    places = [at for at, row in enumerate(table.rows) if isinstance(row[stain.column], date)]
    turns = {at: (number + Source(*seed, number // 5).below(5)) % 5 for number, at in enumerate(places)}
    rows = [
        {**row, stain.column: DATE_SPELLINGS[turns[at]](row[stain.column])} if at in turns else row
        for at, row in enumerate(table.rows)
    ]
    return Table(table.columns, rows)


def _month(day: date) -> str:
    return MONTH_NAMES[day.month - 1].capitalize()


DATE_SPELLINGS: tuple[Callable[[date], str], ...] = (
    lambda d: f"{d.year:04}-{d.month:02}-{d.day:02}",
    lambda d: f"{d.year:04}/{d.month:02}/{d.day:02}",
    lambda d: f"{d.day} {_month(d)} {d.year:04}",
    lambda d: f"{_month(d)[:3]} {d.day}, {d.year:04}",
    lambda d: f"{d.day:02}-{_month(d)[:3]}-{d.year:04}",
)


def outliers(table: Table, stain: Stain, seed: Seed) -> Table:
    places = _chosen(table, stain, seed, lambda v: isinstance(v, (int, Decimal)) and v != 0, int(stain.amount))
    return _changed(table, stain.column, places, seed, lambda source, v: v * source.pick(FACTORS))


KINDS: dict[str, Callable[[Table, Stain, Seed], Table]] = {
    "duplicate_rows": duplicate_rows, "shuffle_rows": shuffle_rows, "blank": blank_cells, "garble": garble_cells,
    "mixed_date_formats": mixed_date_formats, "mixed_case": mixed_case, "stray_spaces": stray_spaces, "outlier": outliers,
}  # fmt: skip
