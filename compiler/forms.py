"""The form that a deliverable is declared with, as calls of primitives: what a checker requires before it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from clawc.stdlib.checks import primitives
from clawc.stdlib.checks.values import File
from clawc.stdlib.checks.workspace import Deliverable

_PARSED_BY = {
    "csv": "csv_table",
    "tsv": "tsv_table",
    "json": "json_value",
    "jsonl": "jsonl_table",
    "yaml": "yaml_all",
    "toml": "toml_value",
    "ini": "ini_sections",
    "diff": "diff_table",
    "markdown": "text_of",
    "text": "text_of",
}


class Requirement(NamedTuple):
    """A primitive that raises Unmet for a file without the form; `args` follow the file."""

    function: str
    args: tuple[Any, ...] = ()


def requirements(
    kind: str,
    columns: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    sections: Sequence[str] | None = None,
    extra_columns: bool = False,
    column_order: bool = False,
) -> list[Requirement]:
    """What a file of this format and structure has to satisfy; a program only has to be there."""
    found: list[Requirement] = []
    if columns is not None:
        found.append(Requirement("require_columns", (list(columns), column_order, extra_columns)))
    if keys is not None:
        found.append(Requirement("require_keys", (list(keys),)))
    if sections is not None:
        found.append(Requirement("require_sections", (list(sections),)))
    if not found and kind in _PARSED_BY:
        found.append(Requirement(_PARSED_BY[kind]))
    return found


def deliverable(name: str, path: str, kind: str, **structure: Any) -> Deliverable:
    """The deliverable as the primitives take it, to be judged in this process."""
    return Deliverable(name, path, kind, [_bound(r) for r in requirements(kind, **structure)])


def _bound(requirement: Requirement) -> Callable[[File], Any]:
    function = primitives()[requirement.function]

    def form(file: File) -> Any:
        return function(file, *requirement.args)

    return form
