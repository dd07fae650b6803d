"""The same content written otherwise: line ends, marks, quotes, indentation, spellings of numbers and dates."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from clawc.compiler.mutants import values
from clawc.compiler.mutants.model import Answer, Operator, Variant
from clawc.compiler.mutants.tree import place_of
from clawc.compiler.mutants.wording import orders_columns, orders_rows
from clawc.compiler.render import bytes_of
from clawc.compiler.writers import WRITERS
from clawc.stdlib.checks.values import Table, Unmet

FORM = "the form"
_TEXTS = ("csv", "tsv", "json", "jsonl", "yaml", "toml", "ini", "markdown", "text", "html", "xml", "email", "ics")


def _of_text(answer: Answer) -> str | None:
    return answer.text if answer.kind in _TEXTS else None


def _is_free(answer: Answer) -> bool:
    """Is a change of form none of content? Of an edited file the lines themselves may be compared."""
    return answer.base is None or not answer.pins.opaque


def _crlf(answer: Answer) -> Iterator[Variant]:
    text = _of_text(answer)
    if text and "\n" in text and "\r" not in text:
        yield Variant(
            text.replace("\n", "\r\n").encode(), FORM, "lines end as on Windows", answer.readers, _is_free(answer)
        )


def _bom(answer: Answer) -> Iterator[Variant]:
    if _of_text(answer) and answer.kind not in ("ics", "email") and not answer.data.startswith(b"\xef\xbb\xbf"):
        yield Variant(
            b"\xef\xbb\xbf" + answer.data,
            FORM,
            "the file begins with a byte order mark",
            answer.readers,
            _is_free(answer),
        )


def _no_end(answer: Answer) -> Iterator[Variant]:
    text = _of_text(answer)
    if text and text.endswith("\n") and text.strip():
        yield Variant(text.rstrip("\n").encode(), FORM, "the last line has no end", answer.readers, _is_free(answer))


def _more_end(answer: Answer) -> Iterator[Variant]:
    text = _of_text(answer)
    if text and text.strip() and answer.kind != "email":
        yield Variant(
            text.rstrip("\n").encode() + b"\n\n\n",
            FORM,
            "blank lines follow the last line",
            answer.readers,
            _is_free(answer),
        )


def _quoted(answer: Answer) -> Iterator[Variant]:
    if answer.kind not in ("csv", "tsv") or not answer.grids:
        return
    out = io.StringIO()
    comma = "," if answer.kind == "csv" else "\t"
    csv.writer(out, delimiter=comma, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [answer.grids[0].columns, *answer.grids[0].rows]
    )
    if out.getvalue().encode() != answer.data:
        yield Variant(out.getvalue().encode(), FORM, "every cell stands in quotes", answer.readers)


def _columns(answer: Answer) -> Iterator[Variant]:
    if answer.deliver.column_order or not answer.pins.rows or answer.pins.opaque or answer.kind == "sqlite":
        return
    for grid in answer.grids[:1]:
        if len(grid.columns) > 1:
            data = grid.write(grid.columns[::-1], [row[::-1] for row in grid.rows])
            yield Variant(data, FORM, "the columns stand in another order", answer.readers)


def _ordered_columns(answer: Answer) -> Iterator[Variant]:
    """Also where the order is demanded, unless the request names one."""
    if not answer.deliver.column_order or orders_columns(answer.task.told):
        return
    for grid in answer.grids[:1]:
        if len(grid.columns) > 1:
            data = grid.write(grid.columns[::-1], [row[::-1] for row in grid.rows])
            yield Variant(
                data, "column_order", "the columns stand in another order, which nobody asks for", answer.readers
            )


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.text or "", parse_float=Decimal) if answer.kind == "json" else None
    except (ValueError, RecursionError):
        return None


def _dumped(value: Any, **how: Any) -> bytes:
    def plain(v: Any) -> Any:
        if isinstance(v, Decimal):
            return _Number(v)
        if isinstance(v, dict):
            return {k: plain(x) for k, x in v.items()}  # pyright: ignore[reportUnknownVariableType]
        return [plain(x) for x in v] if isinstance(v, list) else v  # pyright: ignore[reportUnknownVariableType]

    return json.dumps(plain(value), **how).encode()


class _Number(float):
    """A decimal that is printed with its own digits."""

    def __new__(cls, value: Decimal) -> _Number:
        made = super().__new__(cls, value)
        made.digits = str(value)
        return made

    digits: str

    def __repr__(self) -> str:
        return self.digits


def _compact(answer: Answer) -> Iterator[Variant]:
    value = _json(answer)
    if isinstance(value, (dict, list)) and answer.base is None:
        yield Variant(
            _dumped(value, separators=(",", ":"), ensure_ascii=True),
            FORM,
            "all stands in one line, with escapes",
            answer.readers,
        )


def _indented(answer: Answer) -> Iterator[Variant]:
    value = _json(answer)
    if isinstance(value, (dict, list)) and answer.base is None:
        yield Variant(
            _dumped(value, indent=8, ensure_ascii=False) + b"\n", FORM, "lines are indented otherwise", answer.readers
        )


def _keys(answer: Answer) -> Iterator[Variant]:
    value = _json(answer)

    def turned(v: Any) -> Any:
        if isinstance(v, dict):
            return dict([(k, turned(x)) for k, x in v.items()][::-1])  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return [turned(x) for x in v] if isinstance(v, list) else v  # pyright: ignore[reportUnknownVariableType]

    if isinstance(value, (dict, list)) and answer.base is None and not answer.deliver.column_order:
        data = _dumped(turned(value), indent=2, ensure_ascii=False)
        yield Variant(data, FORM, "keys stand in another order", answer.readers)


_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)Z")


def _zones(answer: Answer) -> Iterator[Variant]:
    """`Z` as `+00:00`, where times are compared as times."""
    text = _of_text(answer)
    if text is None or answer.kind not in ("csv", "tsv", "json", "jsonl") or answer.base is not None:
        return
    made = _INSTANT.sub(r"\1+00:00", text)
    if made != text and any(
        isinstance(v, datetime.datetime) for d in answer.pins.of("rows", "value", "column") for v in _flat(d.value)
    ):
        yield Variant(
            made.encode(),
            FORM,
            "times have the zone `+00:00` instead of `Z`",
            _all_values(answer),
            bool(_all_values(answer)),
        )


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, Table):
        for row in value.rows:
            yield from _flat(row)
    elif isinstance(value, dict):
        for part in value.values():  # pyright: ignore[reportUnknownVariableType]
            yield from _flat(part)
    elif isinstance(value, (list, tuple)):
        for part in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _flat(part)
    else:
        yield value


def _floats(answer: Answer) -> Iterator[Variant]:
    """1 as 1.0: JSON knows one kind of number."""
    value = _json(answer)

    def turned(v: Any) -> Any:
        if isinstance(v, int) and not isinstance(v, bool) and abs(v) < 10**15:
            return Decimal(f"{v}.0")
        if isinstance(v, dict):
            return {k: turned(x) for k, x in v.items()}  # pyright: ignore[reportUnknownVariableType]
        return [turned(x) for x in v] if isinstance(v, list) else v  # pyright: ignore[reportUnknownVariableType]

    if isinstance(value, (dict, list)) and answer.base is None and turned(value) is not value:
        data = _dumped(turned(value), indent=2, ensure_ascii=False)
        if data != answer.data and b".0" in data:
            yield Variant(
                data,
                FORM,
                "whole numbers are written with a decimal",
                answer.pins.rows | _all_values(answer),
                bool(answer.pins.rows | _all_values(answer)),
            )


def _all_values(answer: Answer) -> frozenset[str]:
    return frozenset(d.check for d in answer.pins.of("value", "rows"))


def _numbers(answer: Answer) -> Iterator[Variant]:
    """12.5 as 12.50, 3 as 3.0, in the columns that are compared as numbers."""
    if answer.kind not in ("csv", "tsv"):
        return
    for grid in answer.grids:
        for column, name in enumerate(grid.columns):
            pinned = _compared_as_numbers(answer, name)
            if not pinned:
                continue
            rows = [[*row[:column], _longer(row[column]), *row[column + 1 :]] for row in grid.rows]
            if rows != grid.rows:
                yield Variant(
                    grid.with_rows(rows),
                    grid.place(name),
                    f"numbers in `{name}` are written with a decimal more",
                    pinned,
                )


def _longer(cell: str) -> str:
    if values.number_of(cell) is None:
        return cell
    return f"{cell}0" if "." in cell else f"{cell}.0"


def _compared_as_numbers(answer: Answer, name: str) -> frozenset[str]:
    """Checks that demand numbers of a column, and no text."""
    found: set[str] = set()
    for demand in answer.pins.demands:
        cells: list[Any] = []
        if demand.kind == "rows" and hasattr(demand.value, "rows") and name in demand.value.columns:
            cells = [row.get(name) for row in demand.value.rows]
        elif demand.kind == "column" and demand.value[0] == name:
            cells = list(demand.value[1])
        elif demand.kind == "rows":
            return frozenset()
        if not cells:
            continue
        if not all(isinstance(c, (int, Decimal)) and not isinstance(c, bool) for c in cells):
            return frozenset()
        found.add(demand.check)
    return frozenset(found) if not answer.pins.opaque else frozenset()


def _tolerated(answer: Answer) -> Iterator[Variant]:
    """Numbers within the tolerance of every check."""
    for grid in answer.grids:
        for column, name in enumerate(grid.columns):
            pinned = answer.pins.column(name)
            if not pinned or answer.pins.opaque:
                continue
            for at, row in enumerate(grid.rows):
                number = values.number_of(row[column])
                new = values.inside(row[column], answer.pins.reach(number, pinned)) if number is not None else None
                if new is not None:
                    what = f"row {at + 1}, `{name}`: `{new}` instead of `{row[column]}`, within the tolerance"
                    yield Variant(grid.with_cell(at, column, new), grid.place(name), what, pinned)
                    break
    if answer.tree is None or answer.pins.opaque:
        return
    for path, value in answer.tree.leaves():
        checks = answer.pins.value(path)
        number = values.number_of(value)
        if number is None or not checks or isinstance(value, str):
            continue
        new = values.inside(value, answer.pins.reach(number, checks))
        data = answer.tree.put(path, new) if new is not None else None
        if data is not None:
            yield Variant(
                data, place_of(path), f"`{'.'.join(path)}`: `{new}` instead of `{value}`, within the tolerance", checks
            )


def _list_order(answer: Answer) -> Iterator[Variant]:
    """A list in another order, which a check compares although nobody asks for one."""
    if answer.tree is None or answer.base is not None or answer.pins.opaque or orders_rows(answer.task.told):
        return
    for demand in answer.pins.of("value"):
        whole: Any = demand.value[1]
        path = tuple(map(str, demand.value[0]))
        if type(whole) is not list or len(whole) < 2 or whole == whole[::-1] or not path:  # pyright: ignore[reportUnknownArgumentType]
            continue
        now = _at(answer.tree.root, path)
        data = answer.tree.put(path, now[::-1]) if isinstance(now, list) else None
        if data is not None:
            what = f"`{'.'.join(path)}` is listed in another order, and nobody asks for one"
            yield Variant(data, place_of(path), what, frozenset({demand.check}))


def _at(root: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        root = root.get(key) if isinstance(root, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return root  # pyright: ignore[reportUnknownVariableType]


def _flow(answer: Answer) -> Iterator[Variant]:
    """YAML in its flow style, which is that of JSON."""
    if answer.kind != "yaml" or answer.base is not None or answer.tree is None:
        return
    try:
        yield Variant(bytes_of(WRITERS["json"](answer.tree.root)), FORM, "the file is in flow style", answer.readers)
    except Unmet:
        return


def _comment(answer: Answer) -> Iterator[Variant]:
    text = _of_text(answer)
    if text is not None and answer.kind in ("yaml", "toml", "ini") and answer.base is None:
        yield Variant(f"# written by hand\n{text}".encode(), FORM, "a comment stands at the top", answer.readers)


def _chosen(answer: Answer) -> Iterator[Variant]:
    """The other answers where a check declares several."""
    if answer.tree is None:
        return
    for demand in answer.pins.of("value"):
        for value in demand.others:
            path = tuple(map(str, demand.value[0]))
            data = answer.tree.put(path, value) if path else answer.tree.write(value)
            if data is not None and not answer.pins.value(path) and not answer.pins.opaque:
                yield Variant(
                    data, place_of(path), f"`{value}`, another answer that is declared", frozenset({demand.check})
                )


OPERATORS = (
    Operator("windows_line_ends", "equivalent", _crlf),
    Operator("byte_order_mark", "equivalent", _bom),
    Operator("no_final_newline", "equivalent", _no_end),
    Operator("blank_lines_at_end", "equivalent", _more_end),
    Operator("quoted_cells", "equivalent", _quoted),
    Operator("column_order", "equivalent", _columns),
    Operator("unasked_column_order", "equivalent", _ordered_columns),
    Operator("compact_json", "equivalent", _compact),
    Operator("indentation", "equivalent", _indented),
    Operator("key_order", "equivalent", _keys),
    Operator("zone_spelling", "equivalent", _zones),
    Operator("whole_numbers_with_decimal", "equivalent", _floats),
    Operator("number_spelling", "equivalent", _numbers),
    Operator("within_tolerance", "equivalent", _tolerated),
    Operator("unasked_order_of_list", "equivalent", _list_order),
    Operator("flow_style", "equivalent", _flow),
    Operator("comment_line", "equivalent", _comment),
    Operator("declared_alternative", "equivalent", _chosen),
)
