"""YAML of values, in block style; `yaml_reader` reads it back to the same value, and so do readers of YAML 1.1."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from clawc.compiler.render_json import jsonable
from clawc.stdlib.checks.kinds import list_in, plain, record_in
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import MISSING, Unmet

INDENT = 2
MAX_KEY = 1_000  # longer ones would need another notation

_PLAIN = re.compile(r"[\w/][\w ./@+=()%:-]*(?<![ :])\Z")
# What some reader of YAML takes for something else than text.
_AMBIGUOUS = re.compile(r"(?i)(y|n|yes|no|on|off|true|false|null|[-+.0-9][-+.0-9_:eExXoOa-fA-FT Z/]*)\Z")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_NOT_LITERAL = re.compile(
    r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|(?m:[ ]$)"
)


def render_yaml(value: Any) -> str:
    """Mappings and sequences one entry a line, texts plain where they are unmistakable, numbers exact."""
    value = jsonable(value)
    if is_filled(value):
        return "\n".join(block_lines(value)) + "\n"
    return inline(value) + "\n"


def is_filled(value: Any) -> bool:
    """Is it a mapping or sequence with something in it?"""
    return bool(record_in(value) or list_in(value))


def block_lines(value: Any) -> list[str]:
    """The lines of a filled mapping or sequence, without indentation."""
    lines: list[str] = []
    for key, inner in (record_in(value) or {}).items():
        if is_filled(inner):
            lines += [f"{key_text(key)}:", *indented(block_lines(inner))]
        else:
            lines += scalar_lines(f"{key_text(key)}: ", inner)
    for item in list_in(value) or []:
        if is_filled(item):
            first, *rest = block_lines(item)
            lines += [f"- {first}", *indented(rest)]
        else:
            lines += scalar_lines("- ", item)
    return lines


def indented(lines: list[str], by: int = INDENT) -> list[str]:
    """Lines moved to the right, blank ones left blank."""
    return [" " * by + line if line else "" for line in lines]


def scalar_lines(head: str, value: Any) -> list[str]:
    """The lines of a value that is no filled mapping or sequence, behind its key or dash."""
    body = literal(value) if isinstance(value, str) else None
    return [head + inline(value, flow=False)] if body is None else [head + body[0], *indented(body[1:])]


def literal(text: str) -> list[str] | None:
    """A text of several lines as `|` and its lines; None where that would not keep it."""
    body = text.removesuffix("\n")
    if "\n" not in text or not body or body.endswith("\n") or body[0] in " \n" or _NOT_LITERAL.search(text):
        return None
    return ["|" if text.endswith("\n") else "|-", *body.split("\n")]


def inline(value: Any, flow: bool = True) -> str:
    """A value on one line; `flow`: inside brackets, or possibly so."""
    record, items = record_in(value), list_in(value)
    if record is not None:
        return "{" + ", ".join(f"{key_text(k)}: {inline(v)}" for k, v in record.items()) + "}"
    if items is not None:
        return "[" + ", ".join(inline(v) for v in items) + "]"
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return number_text(value)
    return text_scalar(value if isinstance(value, str) else as_text(value), flow)


def number_text(value: int | Decimal) -> str:
    """The shortest spelling that is still a decimal where the value was written as one."""
    text = plain(value)
    whole = isinstance(value, Decimal) and "." not in text and int(value.as_tuple().exponent) < 0
    return text + ".0" if whole else text


def key_text(key: Any) -> str:
    """A key; always on one line."""
    text = text_scalar(str(key), flow=True)
    if len(text) > MAX_KEY:
        raise Unmet(f"a key of more than {MAX_KEY} characters cannot be written as YAML")
    return text


def text_scalar(text: str, flow: bool) -> str:
    """A text without quotes, or with double quotes where anything else could be read from it."""
    safe = _PLAIN.match(text) and not _AMBIGUOUS.match(text) and ": " not in text and not (flow and ":" in text)
    return str(text) if safe else quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes, with nothing unprintable."""
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(str(text), ensure_ascii=False))
