"""INI, line by line."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from clawc.compiler.render_ini import entry_text
from clawc.compiler.witness.spans import Edits, Unpatchable
from clawc.stdlib.checks.ini_reader import ini_sections
from clawc.stdlib.checks.kinds import record_in
from clawc.stdlib.checks.text import as_text

_SECTION = re.compile(r"\[([^\]]*)\]")
_KEY = re.compile(r"[ \t]*([^=:]*[^=: \t])([ \t]*[=:][ \t]*)")


class Place(NamedTuple):
    """Where a section or key stands: the line it begins on, and its last line that is not blank or a comment."""

    key: str
    start: int
    end: int
    delimiter: str = " = "
    indent: str = ""


def section_texts(value: Any) -> Any:
    """A record of sections with all values as text."""
    return {
        name: {k: as_text(v) for k, v in (record_in(keys) or {}).items()}
        for name, keys in (record_in(value) or {}).items()
    }


def edit_ini(edits: Edits, wanted: Any) -> None:
    """Changes an INI text to the wanted sections."""
    present = ini_sections(edits.text)
    sections = _sections(edits.text)
    if {s.key for s, _ in sections} != set(present):
        raise Unpatchable
    for section, keys in sections:
        if section.key not in wanted:
            edits.delete_lines(section.start, keys[-1].end if keys else section.end)
        else:
            _edit_section(edits, section, keys, present[section.key], wanted[section.key])
    style = next((keys[0] for _, keys in sections if keys), sections[0][0])
    for name, values in wanted.items():
        if name not in present:
            lines = [f"[{name}]", *(entry_text(k, v, style.delimiter) for k, v in values.items())]
            gap = "" if edits.text.endswith("\n") else "\n"
            edits.insert(len(edits.text), gap + "\n" + "\n".join(lines) + ("" if gap else "\n"))


def _edit_section(
    edits: Edits, section: Place, keys: list[Place], present: dict[str, str], wanted: dict[str, str]
) -> None:
    for place in keys:
        if place.key not in wanted:
            edits.delete_lines(place.start, place.end)
        elif present[place.key] != wanted[place.key]:
            new = entry_text(place.key, wanted[place.key], place.delimiter, place.indent)
            edits.replace(place.start, place.end, new)
    last = next((place for place in reversed(keys) if place.key in wanted), section)
    style = keys[-1] if keys else section
    for key, value in wanted.items():
        if key not in present:
            edits.add_lines(last.end, [entry_text(key, value, style.delimiter, last.indent)])


def _sections(text: str) -> list[tuple[Place, list[Place]]]:
    """The sections and their keys, in the order of the text."""
    found: list[tuple[Place, list[Place]]] = []
    at, indent, open_ = 0, 0, False
    for line in text.split("\n"):
        content, depth = line.strip(), len(line) - len(line.lstrip())
        end = at + len(line.rstrip())
        heading, key = _SECTION.match(content), _KEY.match(line)
        if not content or content.startswith(("#", ";")):
            pass
        elif open_ and depth > indent:
            keys = found[-1][1]
            keys[-1] = keys[-1]._replace(end=end)
        elif heading is not None:
            found.append((Place(heading.group(1).strip(), at, end), []))
            indent, open_ = depth, False
        elif key is not None and found:
            delimiter = (
                key.group(2)
                if line[key.end() :].strip()
                else key.group(2).rstrip() + " " * key.group(2).startswith(" ")
            )
            found[-1][1].append(Place(key.group(1), at, end, delimiter, line[:depth]))
            indent, open_ = depth, True
        at += len(line) + 1
    return found
