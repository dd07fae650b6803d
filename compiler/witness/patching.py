"""Changes a document as little as possible so that it says what is wanted: comments, order and layout stay.

A derived answer for a file that the agent edits is made so: checks that comments are kept then accept it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clawc.compiler.render_json import jsonable
from clawc.compiler.render_toml import tomlable
from clawc.compiler.witness.patch_ini import edit_ini, section_texts
from clawc.compiler.witness.patch_json import edit_json
from clawc.compiler.witness.patch_toml import edit_toml
from clawc.compiler.witness.patch_yaml import edit_yaml
from clawc.compiler.witness.spans import Edits, Unpatchable, same
from clawc.stdlib.checks.ini_reader import ini_sections
from clawc.stdlib.checks.readers import json_value
from clawc.stdlib.checks.toml_reader import toml_value
from clawc.stdlib.checks.values import Unmet
from clawc.stdlib.checks.yaml_reader import yaml_value

# By format: how it is read, what its values are made of, how its text is changed.
_FORMATS: dict[str, tuple[Callable[[str], Any], Callable[[Any], Any], Callable[[Edits, Any], None]]] = {
    "json": (json_value, jsonable, edit_json),
    "yaml": (yaml_value, jsonable, edit_yaml),
    "toml": (toml_value, tomlable, edit_toml),
    "ini": (ini_sections, section_texts, edit_ini),
}


def patched(kind: str, text: str, wanted: Any) -> str | None:
    """The text so changed that it reads as `wanted`; None where that cannot be done in place.

    `kind` is yaml, json, ini or toml. Line ends are kept, if they are all of one sort.
    """
    read, plain_form, edit = _FORMATS[kind]
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text[len(mark) :]
    wide = "\r" in body
    if wide:
        if body.count("\r\n") != body.count("\n") or body.count("\r") != body.count("\n"):
            return None
        body = body.replace("\r\n", "\n")
    try:
        goal = plain_form(wanted)
        if same(read(body), goal):
            return text
        edits = Edits(body)
        edit(edits, goal)
        changed = edits.applied()
        if not same(read(changed), goal):
            return None
    except (Unmet, Unpatchable):
        return None
    return mark + (changed.replace("\n", "\r\n") if wide else changed)
