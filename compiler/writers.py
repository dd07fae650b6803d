"""Values as files, by the format of the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clawc.compiler.render import bytes_of, render_csv, render_md_table, render_tsv
from clawc.compiler.render_files import render_sqlite, render_xlsx, render_zip
from clawc.compiler.render_ini import render_ini
from clawc.compiler.render_json import render_json, render_jsonl
from clawc.compiler.render_markup import render_email, render_html, render_ics, render_xml
from clawc.compiler.render_toml import render_toml
from clawc.compiler.render_yaml import render_yaml

# Those of documents write one table.
WRITERS: dict[str, Callable[[Any], Any]] = {
    "csv": render_csv, "tsv": render_tsv, "json": render_json, "jsonl": render_jsonl, "markdown": render_md_table,
    "yaml": render_yaml, "toml": render_toml, "ini": render_ini, "xml": render_xml, "html": render_html,
    "ics": render_ics, "email": render_email, "xlsx": render_xlsx, "sqlite": render_sqlite, "zip": render_zip,
}  # fmt: skip


def spelled(kind: str, value: Any) -> bytes | None:
    """A value as the content of a file of this format; text is written as it is, null is no file."""
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or kind not in WRITERS:
        return bytes_of(value)
    return bytes_of(WRITERS[kind](value))
