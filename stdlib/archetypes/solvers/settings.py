"""Configurations: where two of them differ, and one value of each service set in place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import cast

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.rules import loaded
from clawc.stdlib.archetypes.solvers.values import Row, Unsolvable, Value, number, shown, value_of
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell


def _flat(found: object, path: str = "") -> Iterator[tuple[str, Value]]:
    if isinstance(found, dict):
        for name, part in cast(dict[str, object], found).items():
            yield from _flat(part, f"{path}.{name}" if path else name)
    else:
        yield path, value_of(found)


def _values(work: Work, path: str) -> Mapping[str, Value]:
    toml = work.form(path) == "toml"
    return dict(_flat(tomllib.loads(work.text(path), parse_float=Decimal) if toml else loaded(work, path)))


def drift(work: Work, asked: Asked) -> None:
    left, right = asked.texts("into")
    old, new = _values(work, work.source(0)), _values(work, work.source(1))
    keys = [key for key in dict.fromkeys([*old, *new]) if key not in old or key not in new or old[key] != new[key]]
    work.rows = [{"key": key, left: old.get(key), right: new.get(key)} for key in keys]
    work.counts["count first only"] = Decimal(sum(key not in new for key in keys))
    work.counts["count second only"] = Decimal(sum(key not in old for key in keys))
    work.counts["count both"] = Decimal(sum(key in old and key in new for key in keys))


def set_values(work: Work, asked: Asked) -> None:
    """What is to be set is known once the file to be changed is: see `edit`."""
    work.begun = asked


def edit(work: Work, asked: Asked) -> None:
    """Only the digits of the value are replaced, in the section of the service."""
    wanted, path = work.asked(), asked.text("path")
    key, column = wanted.text("key"), wanted.text("column")
    peaks = {shown(cell(row, "name")): number(cell(row, column), column) for row in work.table(work.source(0))}
    section, changes = "", list[Row]()
    lines = work.text(path).split("\n")
    for at, line in enumerate(lines):
        header = re.fullmatch(r"\s*(?:\[(?P<a>[^\]]+)\]|(?P<b>[\w-]+):)\s*(?:[#;].*)?", line)
        if header is not None:
            section = header["a"] or header["b"]
        found = re.match(rf"(\s*{re.escape(key)}\s*[=:]\s*)(\d+)(?![\d.])", line)
        if found is None or section not in peaks:
            continue
        old, new = int(found[2]), _rounded_up(peaks[section], wanted)
        if new == old or (wanted.text("how") == "lower" and new > old):
            continue
        lines[at] = f"{found[1]}{new}{line[found.end() :]}"
        changes.append({"name": section, "old": Decimal(old), "new": Decimal(new)})
    work.made[path] = "\n".join(lines).encode()
    work.checked = changes


def _rounded_up(peak: Decimal, wanted: Asked) -> int:
    multiple = wanted.whole("multiple")
    if wanted.text("how") not in ("lower", "both"):
        raise Unsolvable(f"set: unknown kind {wanted.text('how')!r}")
    raised = peak * (100 + wanted.whole("margin")) / 100 / multiple
    return int(raised.to_integral_value(rounding=ROUND_CEILING)) * multiple


def log_changes(work: Work, asked: Asked) -> None:
    name, old, new = asked.texts("columns")
    work.rows = [{name: row["name"], old: row["old"], new: row["new"]} for row in work.checked]
