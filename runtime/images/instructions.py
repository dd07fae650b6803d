"""Text of strangers as instructions of a Dockerfile, the one way there: quoted, so that no value ends a line or names a variable.

In double quotes a Dockerfile knows the backslash before `"`, `\\` and `$`; a line feed cannot be written at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from clawc.runtime.errors import RuntimeFault

# Line ends, NUL, and halves of characters, which are no UTF-8.
_UNWRITABLE = re.compile(r"[\n\r\0\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")


def quoted(value: str, name: str) -> str:
    """One word that stands for exactly this text, the value of `name`. Raises RuntimeFault R0802 for one that cannot be written."""
    if _UNWRITABLE.search(value):
        raise RuntimeFault(
            "R0802",
            f"the value of `{name}` cannot stand in a Dockerfile: `{value[:100]!a}`",
            "Give it a value of whole characters, without line breaks.",
        )
    return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'


def env(values: Mapping[str, str]) -> str:
    """ENV for all of them, as one instruction."""
    return _pairs("ENV", values)


def labels(values: Mapping[str, str]) -> str:
    """LABEL for all of them, as one instruction: an image has all or none."""
    return _pairs("LABEL", values)


def argument(name: str, value: str) -> str:
    """ARG with what it is unless given."""
    return f"ARG {_named(name)}={quoted(value, name)}"


def command(argv: Sequence[str]) -> str:
    """CMD that starts a program without a shell."""
    return f"CMD {json.dumps(list(argv))}"


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RuntimeFault("R0802", f"no Dockerfile can hold a variable `{name[:100]!a}`", "Rename the variable.")
    return name


def _pairs(instruction: str, values: Mapping[str, str]) -> str:
    return " ".join([instruction, *(f"{_named(name)}={quoted(value, name)}" for name, value in values.items())])
