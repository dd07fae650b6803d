"""The form that a deliverable is declared with: columns, keys, sections. It is required and earns nothing."""

from __future__ import annotations

from typing import Any, List, cast

from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.markdown import has_section, headings, md_table, repeats_section
from clawc.stdlib.checks.readers import json_value, rows, source_name
from clawc.stdlib.checks.spreadsheets import xlsx_table
from clawc.stdlib.checks.toml_reader import toml_value
from clawc.stdlib.checks.values import MISSING, File, Row, Table, Unmet
from clawc.stdlib.checks.yaml_reader import yaml_value


def quoted_names(names: List[str]) -> str:
    """Names for a message: in backticks, at most twelve."""
    listing = [f"`{cut(name, 60)}`" for name in names[:12]]
    return ", ".join([*listing, "…"] if len(names) > 12 else listing) or "none"


def require_columns(file: File, columns: List[str], in_order: bool, extra: bool) -> None:
    """Raises Unmet unless the rows have these columns; an empty array cannot lack any."""
    require_columns_in(rows(file), file, columns, in_order, extra)


def require_columns_in(body: Table, file: File, columns: List[str], in_order: bool, extra: bool) -> None:
    """As `require_columns`, of rows that were read already."""
    if file.kind in ("json", "jsonl") and not body.rows:
        return
    require_table_columns(file, body, columns, in_order, extra)


def require_sheet_columns(file: File, columns: List[str], in_order: bool, extra: bool) -> None:
    """As `require_columns`, for the first sheet of a workbook."""
    require_table_columns(file, xlsx_table(file), columns, in_order, extra)


def require_md_columns(file: File, columns: List[str], in_order: bool, extra: bool) -> None:
    """As `require_columns`, for the first table of a Markdown document."""
    require_table_columns(file, md_table(file), columns, in_order, extra)


def require_table_columns(file: File, body: Table, columns: List[str], in_order: bool, extra: bool) -> None:
    """Raises Unmet unless the rows of a file have these columns."""
    name, found = source_name(file), body.columns
    lacking = [title for title in columns if title not in found]
    if lacking:
        noun = "column" if len(lacking) == 1 else "columns"
        raise Unmet(f"{name} lacks the {noun} {quoted_names(lacking)}; it has {quoted_names(found)}")
    wanted = set(columns)
    surplus = [title for title in found if title not in wanted]
    if surplus and not extra:
        noun = "column" if len(surplus) == 1 else "columns"
        raise Unmet(f"{name} has the {noun} {quoted_names(surplus)}; only {quoted_names(columns)} should be there")
    for index, row in enumerate(body.rows, 1):
        gap = next((title for title in columns if row[title] is MISSING), None)
        if gap is not None:
            raise Unmet(f"{name} lacks the key `{cut(gap, 60)}` in element {index}")
    if in_order and [title for title in found if title in wanted] != columns:
        raise Unmet(f"{name} has its columns in the order {quoted_names(found)}, not {quoted_names(columns)}")


def require_keys(file: File, keys: List[str]) -> None:
    """Raises Unmet unless the file is a JSON object with these keys."""
    require_keys_in(json_value(file), file, keys)


def require_yaml_keys(file: File, keys: List[str]) -> None:
    """As `require_keys`, for a YAML file with one document."""
    require_keys_in(yaml_value(file), file, keys)


def require_toml_keys(file: File, keys: List[str]) -> None:
    """As `require_keys`, for a TOML file."""
    require_keys_in(toml_value(file), file, keys)


def require_keys_in(value: Any, file: File, keys: List[str]) -> None:
    """As `require_keys`, of a value that was read already."""
    if not isinstance(value, dict):
        raise Unmet(f"{source_name(file)} is not {'a JSON object' if file.kind == 'json' else 'a mapping of keys'}")
    lacking = [key for key in keys if key not in value]
    if lacking:
        noun = "key" if len(lacking) == 1 else "keys"
        found = quoted_names(list(cast(Row, value)))
        raise Unmet(f"{source_name(file)} lacks the {noun} {quoted_names(lacking)}; it has {found}")


def require_sections(file: File, sections: List[str]) -> None:
    """Raises Unmet unless the document has each of these sections once, in any order."""
    lacking = [name for name in sections if not has_section(file, name)]
    if lacking:
        noun = "section" if len(lacking) == 1 else "sections"
        found = quoted_names(headings(file))
        raise Unmet(f"{source_name(file)} lacks the {noun} {quoted_names(lacking)}; it has {found}")
    twice = [name for name in sections if repeats_section(file, name)]
    if twice:
        noun = "section" if len(twice) == 1 else "sections"
        raise Unmet(f"{source_name(file)} has the {noun} {quoted_names(twice)} more than once")
