"""INI of a record of sections."""

from __future__ import annotations

from typing import Any

from clawc.stdlib.checks.ini_reader import ini_sections
from clawc.stdlib.checks.kinds import record_in
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import Unmet


def render_ini(value: Any) -> str:
    """`[section]` and `key = value`; raises Unmet for what would not be read back as it is."""
    sections = record_in(value)
    if sections is None:
        raise Unmet("an INI file is a record of sections")
    parts: list[str] = []
    wanted: dict[str, dict[str, str]] = {}
    for name, section in sections.items():
        keys = record_in(section)
        if keys is None:
            raise Unmet(f"`{name}` is no section: a section is a record")
        wanted[name] = {k: as_text(v) for k, v in keys.items()}
        parts.append("\n".join([f"[{name}]", *(entry_text(k, v) for k, v in wanted[name].items())]) + "\n")
    text = "\n".join(parts)
    if ini_sections(text) != wanted:
        raise Unmet("INI cannot hold a text of this form")
    return text


def entry_text(key: str, value: str, delimiter: str = " = ", indent: str = "") -> str:
    """The lines of a key, those after the first indented deeper."""
    body = value.replace("\n", f"\n{indent}    ")
    return (indent + key + delimiter + body).rstrip(" ")
