"""Values as files, by the format of the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clawc.compiler.deferred import deferred
from clawc.compiler.render import bytes_of, render_csv, render_md_table, render_tsv
from clawc.compiler.render_json import render_json, render_jsonl

# Those of documents write one table.
WRITERS: dict[str, Callable[[Any], Any]] = {
    "csv": render_csv,
    "tsv": render_tsv,
    "json": render_json,
    "jsonl": render_jsonl,
    "markdown": render_md_table,
    "yaml": deferred("render_yaml", "render_yaml"),
    "toml": deferred("render_toml", "render_toml"),
    "ini": deferred("render_ini", "render_ini"),
    "xml": deferred("render_markup", "render_xml"),
    "html": deferred("render_markup", "render_html"),
    "ics": deferred("render_markup", "render_ics"),
    "email": deferred("render_markup", "render_email"),
    "xlsx": deferred("render_files", "render_xlsx"),
    "sqlite": deferred("render_files", "render_sqlite"),
    "zip": deferred("render_files", "render_zip"),
}


def spelled(kind: str, value: Any) -> bytes | None:
    """A value as the content of a file of this format; text is written as it is, null is no file."""
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or kind not in WRITERS:
        return bytes_of(value)
    return bytes_of(WRITERS[kind](value))
