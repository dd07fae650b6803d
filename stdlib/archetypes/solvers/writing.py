"""Deliverables as bytes: tables in each format, key figures, files by group. Columns come out in the order in which they are asked for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence

import yaml  # type: ignore[import-untyped]  # pyright: ignore[reportMissingModuleSource]

from clawc.stdlib.archetypes.solvers.sheets import sheet_file
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, Value, plain, shown


def table(rows: Rows, columns: Sequence[str], form: str) -> bytes:
    writer = _WRITERS.get(form)
    if writer is None:
        raise Unsolvable(f"write: unknown format {form!r}")
    return writer(list(columns), [[cell(row, column) for column in columns] for row in rows])


def cell(row: Row, column: str) -> Value:
    if column not in row:
        raise Unsolvable(f"there is no column {column} among {list(row)}")
    return row[column]


def mapping(facts: Mapping[str, Value], form: str) -> bytes:
    """Key figures under their names."""
    plainly = {name: plain(value) for name, value in facts.items()}
    if form == "json":
        return _json(plainly, 2).encode()
    if form == "yaml":
        return _dumped(plainly)
    raise Unsolvable(f"summary: unknown format {form!r}")


def slug(text: str) -> str:
    """Lower case; each run of other signs than letters and digits is one hyphen, with none at either end."""
    kept = "".join(sign if sign.isalnum() else " " for sign in text.lower())
    return "-".join(kept.split())


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent) + "\n"


def _dumped(value: object) -> bytes:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True)).encode()


def _delimited(delimiter: str) -> Callable[[list[str], list[list[Value]]], bytes]:
    def write(columns: list[str], body: list[list[Value]]) -> bytes:
        target = io.StringIO(newline="")
        writer = csv.writer(target, delimiter=delimiter, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([shown(value) for value in row] for row in body)
        return target.getvalue().encode()

    return write


def _objects(columns: list[str], body: list[list[Value]]) -> list[dict[str, str | int | float | bool | None]]:
    return [dict(zip(columns, map(plain, row))) for row in body]


def _json_table(columns: list[str], body: list[list[Value]]) -> bytes:
    return _json(_objects(columns, body), 2).encode()


def _jsonl(columns: list[str], body: list[list[Value]]) -> bytes:
    return "".join(_json(entry) for entry in _objects(columns, body)).encode()


def _yaml(columns: list[str], body: list[list[Value]]) -> bytes:
    return _dumped(_objects(columns, body))


def _markdown(columns: list[str], body: list[list[Value]]) -> bytes:
    lines = [columns, ["---"] * len(columns), *([shown(value).replace("|", "\\|") for value in row] for row in body)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).encode()


def _xlsx(columns: list[str], body: list[list[Value]]) -> bytes:
    return sheet_file([columns, *body])


_WRITERS: Mapping[str, Callable[[list[str], list[list[Value]]], bytes]] = {
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "json": _json_table,
    "jsonl": _jsonl,
    "yaml": _yaml,
    "markdown": _markdown,
    "xlsx": _xlsx,
}
