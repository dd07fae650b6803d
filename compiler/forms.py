"""The form that a deliverable is declared with, as calls of primitives: what a checker requires before it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from clawc.compiler.model import DeliverDecl
from clawc.stdlib.checks import primitives
from clawc.stdlib.checks.sets import Family, FileSet
from clawc.stdlib.checks.values import File
from clawc.stdlib.checks.workspace import Deliverable

PARSED_BY = {
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
    "xml": "xml_document",
    "email": "email_message",
    "sqlite": "sqlite_tables",
    "xlsx": "xlsx_sheets",
    "zip": "archive_table",
    "ics": "ics_table",
    "html": "html_document",
}
# What requires declared columns, where it is not `require_columns`, and declared keys.
COLUMNS_BY = {"xlsx": "require_sheet_columns", "markdown": "require_md_columns"}
KEYS_BY = {"json": "require_keys", "yaml": "require_yaml_keys", "toml": "require_toml_keys"}


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
        function = COLUMNS_BY.get(kind, "require_columns")
        found.append(Requirement(function, (list(columns), column_order, extra_columns)))
    if keys is not None:
        found.append(Requirement(KEYS_BY.get(kind, "require_keys"), (list(keys),)))
    if sections is not None:
        found.append(Requirement("require_sections", (list(sections),)))
    if not found and kind in PARSED_BY:
        found.append(Requirement(PARSED_BY[kind]))
    return found


def forms_of(deliver: DeliverDecl) -> list[Requirement]:
    """What each file of a deliverable has to satisfy."""
    return requirements(
        deliver.kind, deliver.columns, deliver.keys, deliver.sections, deliver.extra_columns, deliver.column_order
    )


def deliverable(name: str, path: str, kind: str, **structure: Any) -> Deliverable:
    """A single file as the primitives take it, to be judged in this process."""
    return Deliverable(name, path, kind, [_bound(r) for r in requirements(kind, **structure)])


def declared(deliver: DeliverDecl) -> Any:
    """A deliverable of a task as the primitives take it: a file, a set or a family."""
    forms = [_bound(r) for r in forms_of(deliver)]
    if deliver.shape == "set":
        return FileSet(deliver.name, deliver.path, deliver.kind, forms, deliver.least, deliver.most)
    if deliver.shape == "family":
        return Family(deliver.name, deliver.path, deliver.kind, forms, members_of(deliver), deliver.only)
    return Deliverable(deliver.name, deliver.path, deliver.kind, forms)


def members_of(deliver: DeliverDecl) -> dict[Any, str]:
    """Keys to paths of a family; a key of one column stands for itself."""
    return {key[0] if len(key) == 1 else key: path for key, path in deliver.members}


def _bound(requirement: Requirement) -> Callable[[File], Any]:
    function = primitives()[requirement.function]

    def form(file: File) -> Any:
        return function(file, *requirement.args)

    return form
