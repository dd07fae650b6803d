"""Text of strangers as instructions of a Dockerfile, the one way there: quoted, so that no value ends a line or names a variable.

In double quotes a Dockerfile knows the backslash before `"`, `\\` and `$`; a line feed cannot be written at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from clawc.runtime.errors import RuntimeFault

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")


def quoted(value: str) -> str:
    """One word that stands for exactly this text. Raises RuntimeFault R0306 for one that cannot be written."""
    if "\n" in value or "\r" in value or "\0" in value:
        raise RuntimeFault(
            "R0306", f"a Dockerfile cannot hold the value `{value[:100]!a}`", "Values may not have line breaks."
        )
    return '"' + re.sub(r'(["\\$])', r"\\\1", value) + '"'


def label(name: str, value: str) -> str:
    """LABEL for one name."""
    return f"LABEL {_named(name)}={quoted(value)}"


def env(name: str, value: str) -> str:
    """ENV for one name."""
    return f"ENV {_named(name)}={quoted(value)}"


def labels(values: Mapping[str, str]) -> str:
    """LABEL for several names in one instruction, which an image has all of or none."""
    return "LABEL " + " ".join(f"{_named(name)}={quoted(value)}" for name, value in values.items())


def argument(name: str, value: str) -> str:
    """ARG with what it is unless given."""
    return f"ARG {_named(name)}={quoted(value)}"


def command(argv: Sequence[str]) -> str:
    """CMD that starts a program without a shell."""
    return f"CMD {json.dumps(list(argv))}"


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RuntimeFault("R0306", f"a Dockerfile cannot hold the name `{name[:100]!a}`", "Rename the variable.")
    return name
