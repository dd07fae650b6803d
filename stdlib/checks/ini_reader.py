"""INI files: sections of keys and values, nothing interpolated, nothing inherited."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.readers import lines_of, source_name
from clawc.stdlib.checks.values import Cell, Row, Unmet

MAX_INI_LINES = 100_000

_INI_SECTION = re.compile(r"\[([^\]]*)\][ \t]*(?:[#;].*)?\Z")
_INI_DELIMITER = re.compile(r"[=:]")


def ini_sections(source: Any) -> Row:
    """The sections of an INI text by name, each a record of cells by key.

    A value goes on in the lines below that are indented deeper than its key. A comment has a line of its own.
    """
    name = source_name(source)
    sections: Dict[str, Dict[str, List[str]]] = {}
    section: Optional[Dict[str, List[str]]] = None
    value: Optional[List[str]] = None
    indent = 0
    for number, line in enumerate(lines_of(source), 1):
        if number > MAX_INI_LINES:
            raise Unmet(f"{name} is too large for INI: more than {MAX_INI_LINES} lines")
        content = line.strip()
        if content.startswith(("#", ";")):
            continue
        depth = len(line) - len(line.lstrip())
        if value is not None and (not content or depth > indent):
            value.append(content)
            continue
        if not content:
            continue
        indent, value = depth, None
        heading = _INI_SECTION.match(content)
        if heading is not None:
            section = _new_section(sections, heading.group(1).strip(), f"{name} line {number}")
        else:
            value = _new_value(section, content, f"{name} line {number}")
    if not sections:
        raise Unmet(f"{name} has no section, so it is not INI")
    return {title: {key: Cell("\n".join(v).rstrip()) for key, v in keys.items()} for title, keys in sections.items()}


def _new_section(sections: Dict[str, Dict[str, List[str]]], title: str, where: str) -> Dict[str, List[str]]:
    """A section that begins here."""
    if not title:
        raise Unmet(f"{where} has a section without a name")
    if title in sections:
        raise Unmet(f"{where} has the section `{cut(title, 60)}` a second time")
    sections[title] = {}
    return sections[title]


def _new_value(section: Optional[Dict[str, List[str]]], content: str, where: str) -> List[str]:
    """The first line of the value of a key that stands here, to be continued."""
    delimiter = _INI_DELIMITER.search(content)
    key = content[: delimiter.start()].strip() if delimiter is not None else ""
    if delimiter is None or not key:
        raise Unmet(f"{where} is neither a section nor `key = value`: `{cut(content, 60)}`")
    if section is None:
        raise Unmet(f"{where} has the key `{cut(key, 60)}` before the first section")
    if key in section:
        raise Unmet(f"{where} has the key `{cut(key, 60)}` a second time in its section")
    section[key] = [content[delimiter.end() :].strip()]
    return section[key]
