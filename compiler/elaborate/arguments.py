"""Arguments of the right type that cannot be meant: a file of another format, a text that is no date, another table.

A call comes here when its arguments fit the signature; a function with a rule of its own stands in `RULES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from clawc.compiler.elaborate.context import Context, DeliverableBinding, InputBinding, is_unsound
from clawc.compiler.elaborate.unlike import named_columns
from clawc.compiler.source import Fix
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import Function
from clawc.spec.types import (
    ANY,
    DATE,
    DATETIME,
    ERROR,
    NULL,
    NUMBER,
    REGEX,
    SIZE,
    TEXT,
    FileType,
    ListType,
    TableType,
    Type,
    phrase,
)
from clawc.stdlib.checks.dates import date_of, datetime_of, read_date
from clawc.stdlib.checks.values import Unmet

# The formats that a reader of one format reads beside text: YAML holds JSON, and pages may be XML.
READ_BY: dict[str, tuple[str, ...]] = {
    "csv": ("csv",), "tsv": ("tsv",), "json": ("json",), "jsonl": ("jsonl",), "yaml": ("yaml", "json"),
    "yaml_all": ("yaml", "json"), "toml": ("toml",), "ini": ("ini",), "python": ("program",), "diff": ("diff",),
    "md_table": ("markdown",), "xml": ("xml", "html"), "xml_select": ("xml", "html"), "html": ("html", "xml"),
    "html_select": ("html", "xml"), "html_table": ("html", "xml"), "email": ("email",), "ics": ("ics",),
    "sqlite": ("sqlite",), "sqlite_tables": ("sqlite",), "xlsx": ("xlsx",), "xlsx_sheets": ("xlsx",), "zip": ("zip",),
    "zip_file": ("zip",),
}  # fmt: skip
READERS = {"program": "python", "markdown": "text"}  # where the reader is not called as the format
TABLES = ("csv", "tsv", "jsonl", "xlsx")
BINARY = ("sqlite", "xlsx", "zip")
OF_ANY_FILE = ("exists", "rows", "changed_lines", "file_size")
SAID = (TEXT, NUMBER, SIZE, DATE, DATETIME, NULL, ANY, ERROR)
_PATH = re.compile(r"path\.(\w+)")
FORM_HELP = "a form is written by directives, such as %Y-%m-%d, %d.%m.%Y or %d %B %Y"
# How dates are spelled where letters stand for digits.
LETTERS_OF_DATES = (("yyyy", "%Y"), ("yy", "%y"), ("mmmm", "%B"), ("mmm", "%b"), ("mm", "%m"), ("dd", "%d"))


def is_meant(cx: Context, row: Function, named: dict[str, Core], rest: list[Core], span: Span) -> bool:
    """Can the arguments be meant? What cannot is reported."""
    return (
        _file_itself(cx, row, named)
        and _formats(cx, row, named)
        and all(rule(cx, row, named, rest, span) for rule in RULES.get(row.name, ()))
    )


def _file_itself(cx: Context, row: Function, named: dict[str, Core]) -> bool:
    """Does a reader take a file, not the text `path.NAME`?"""
    value = named.get(row.parameters[0].name) if row.group == "readers" and row.name != "from" else None
    if not isinstance(value, Const) or value.type is not TEXT:
        return True
    meant = _PATH.fullmatch(cx.source.slice(value.span))
    binding = cx.find(meant[1]) if meant is not None else None
    if meant is None or not isinstance(binding, (InputBinding, DeliverableBinding)):
        return True
    binding.used = True
    cx.error("E0401", value.span, f"`{row.name}` reads a file; `{meant[0]}` is the text of its path",
             f"write `{row.name}({meant[1]})`", Fix(value.span, meant[1], "name the file"))  # fmt: skip
    return False


def _formats(cx: Context, row: Function, named: dict[str, Core]) -> bool:
    """Is every file that the agent leaves of a format that the function reads?"""
    wanted = READ_BY.get(row.name)
    if row.name in OF_ANY_FILE:
        return True
    for parameter in row.parameters[:1] if wanted is not None else row.parameters:
        value = named.get(parameter.name)
        file = None if value is None else value.type
        if value is None or not isinstance(file, FileType) or file.role != "deliverable" or file.kind == "text":
            continue
        if wanted is None and (file.kind not in BINARY or "F" not in parameter.letters):
            continue
        if wanted is not None and file.kind in wanted:
            continue
        table = file.kind in TABLES or (file.kind in ("json", "markdown") and row.name in TABLES)
        reader = "rows" if table else READERS.get(file.kind, file.kind)
        cx.error("E0401", value.span, f"`{row.name}` reads {wanted[0] if wanted is not None else 'text'}; "
                 f"`{file.name}` is a file of format {file.kind}",
                 f"write `{reader}({file.name})`, or give the deliverable another `format`")  # fmt: skip
        return False
    return True


def _looked_for(cx: Context, row: Function, named: dict[str, Core], rest: list[Core], span: Span) -> bool:
    """What `mentions` and its like look for is text, a number or a date; lists are for the others."""
    source, what = named["in"], named["what"]
    t = what.type
    if isinstance(t, FileType):
        if source.dynamic:
            cx.error("E0401", what.span, f"`{row.name}` looks for a value, not for a file",
                     f"read what is meant, for example `text({t.name})`")  # fmt: skip
            return False
        written = [cx.source.slice(node.span) for node in (what, source)]
        inside = all(span.start <= node.span.start and node.span.end <= span.end for node in (what, source))
        whole = Span(source.span.start, what.span.end)
        swapped = f"{written[0]}, {written[1]}"
        sure = inside and source.span.end < what.span.start and cx.source.slice(whole) == ", ".join(reversed(written))
        cx.error("E0401", what.span, f"`{row.name}` looks in its first argument for its second; these stand the other way round",
                 f"write `{row.name}({swapped})`" if sure else row.signature,
                 Fix(whole, swapped, "in the other order") if sure else None)  # fmt: skip
        return False
    many = row.name != "mentions"
    if isinstance(t, (ListType, TableType)) and not many:
        column = "; of a table name the column" if isinstance(t, TableType) else ""
        cx.error("E0401", what.span, f"`mentions` looks for one value, not for {phrase(t)}",
                 f"`mentions_all` wants each of a list, `mentions_any` one of it{column}")  # fmt: skip
        return False
    element = t.element if many and isinstance(t, ListType) else ANY if many else t
    if element in SAID and not _is_null(what):
        return True
    help = 'a regex is looked for by `matches(text(d), re"…")`' if element is REGEX else "spell what is meant as text"
    cx.error("E0401", what.span, f"`{row.name}` looks for text, numbers and dates, not for {phrase(element)}", help)
    return False


def _is_null(node: Core) -> bool:
    return isinstance(node, Const) and node.type is NULL


def _text(node: Core | None) -> str | None:
    """A text that is written out, or None."""
    while isinstance(node, core.LetRef):
        node = node.value
    return node.value if isinstance(node, Const) and isinstance(node.value, str) else None


def _date(cx: Context, row: Function, named: dict[str, Core], rest: list[Core], span: Span) -> bool:
    """A form has directives, and a text that is written out spells a date."""
    form, text = named.get("format"), _text(named["of"])
    written = _text(form)
    if form is not None and written is not None:
        try:
            date_of("", written)
        except Unmet as problem:
            cx.error("E0401", form.span, str(problem), FORM_HELP)
            return False
        if "%" not in written:
            meant = _with_directives(written)
            fix = (
                Fix(form.span, f'"{meant}"', f'write `"{meant}"`')
                if meant and cx.source.slice(form.span) == f'"{written}"'
                else None
            )
            cx.error(
                "E0401", form.span, f"the date format `{written}` has no directive, so no date is in it", FORM_HELP, fix
            )
            return False
    if text is None or (form is not None and written is None) or read_date(text, written) is not None:
        return True
    cx.error("E0501", span, f"`{text[:60]}` spells no date" + (f" in the format `{written}`" if written is not None else ""),
             "" if written is not None else 'dates are spelled "2026-01-31"; for another spelling give its `format`')  # fmt: skip
    return False


def _with_directives(form: str) -> str:
    """A form that is spelled by letters, with directives; "" where not all of it is understood."""
    made = form.casefold()
    for letters, directive in LETTERS_OF_DATES:
        made = re.sub(f"(?<![a-z%]){letters}(?![a-z])", directive, made)
    plain = re.sub("%.", "", made)
    return (
        made
        if plain != made and not re.search(r"[a-z]", plain) and date_of(date(2026, 11, 23).strftime(made), made)
        else ""
    )


def _datetime(cx: Context, row: Function, named: dict[str, Core], rest: list[Core], span: Span) -> bool:
    """A zone is an offset, and a text that is written out spells a time."""
    zone, text = named.get("zone"), _text(named["of"])
    if zone is not None and _text(zone) is not None:
        try:
            datetime_of("2026-01-31T00:00", _text(zone))
        except Unmet as problem:
            cx.error("E0401", zone.span, str(problem))
            return False
    if text is None or datetime_of(text) is not None:
        return True
    cx.error(
        "E0501",
        span,
        f"`{text[:60]}` spells no date with time",
        'they are spelled "2026-01-31T09:30", with an offset or not',
    )
    return False


def _same_columns(cx: Context, row: Function, named: dict[str, Core], rest: list[Core], span: Span) -> bool:
    """Do all tables have the columns of the first? Rows that are written out may leave some out: they are null there."""
    first, *others = [*named.values(), *rest]
    if not _is_known(first.type) or is_unsound(first):
        return True
    for other in others:
        if (
            not _is_known(other.type)
            or is_unsound(other)
            or not isinstance(first.type, TableType)
            or not isinstance(other.type, TableType)
        ):
            continue
        lacking = next((n for n in first.type.names if n not in other.type.names), None)
        if (
            lacking is not None
            and isinstance(other, core.Call)
            and other.function == "table"
            and isinstance(other.args[0], core.Items)
        ):
            lacking = None
        surplus = next((n for n in other.type.names if n not in first.type.names), None)
        if lacking is None and surplus is None:
            continue
        message = (
            f"this table lacks the column `{lacking}`, which"
            if lacking is not None
            else f"this table has the column `{surplus}`, which"
        )
        verb = "has" if lacking is not None else "lacks"
        cx.error("E0402", other.span, f"{message} the first table of `{row.name}` {verb}",
                 f"take the same columns of each: {named_columns(first.type)} and {named_columns(other.type)} differ")  # fmt: skip
        return False
    return True


def _is_known(t: Type) -> bool:
    return isinstance(t, TableType) and not t.open and not t.guess and bool(t.columns)


Rule = Callable[[Context, Function, dict[str, Core], list[Core], Span], bool]
RULES: dict[str, tuple[Rule, ...]] = {
    **dict.fromkeys(("mentions", "mentions_all", "mentions_any", "mentions_in_order"), (_looked_for,)),
    **dict.fromkeys(("union", "except", "intersect"), (_same_columns,)),
    "date": (_date,), "datetime": (_datetime,),
}  # fmt: skip
