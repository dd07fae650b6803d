"""Source text: texts, numbers and names as the language spells them."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
RESERVED = frozenset(
    [
        "let",
        "def",
        "use",
        "expect",
        "if",
        "then",
        "else",
        "and",
        "or",
        "not",
        "in",
        "true",
        "false",
        "null",
        "on",
        "within",
        "workspace",
        "transcript",
        "final_message",
        "solution",
        "inputs",
        "path",
        "param",
    ]
)


def quoted(text: str, *, template: bool = True) -> str:
    """A text in quotes; `template`: two braces would begin a hole there."""
    if template:
        text = text.replace("{{", "{{{{")
    return '"' + "".join(_sign(c) for c in text) + '"'


def _sign(c: str) -> str:
    if c in _ESCAPES:
        return _ESCAPES[c]
    if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and ord(c) < 0x10000:
        return f"\\u{ord(c):04x}"
    return c


def listed(texts: list[str]) -> str:
    """A list of texts."""
    return "[" + ", ".join(quoted(text) for text in texts) + "]"


def number(value: Decimal) -> str:
    """A number without exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def name_of(text: str, taken: set[str] | None = None, *, prefix: str = "n") -> str:
    """A name made from any text, and added to `taken`, none of which it is."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    base = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()[:60].rstrip("_")
    if not base or base[0].isdigit() or base in RESERVED:
        base = f"{prefix}_{base}".rstrip("_")
    name, count = base, 1
    while taken is not None and name in taken:
        count += 1
        name = f"{base}_{count}"
    if taken is not None:
        taken.add(name)
    return name
