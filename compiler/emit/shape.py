"""What is left of a checker without its data: two of one shape run the same code, on other values."""

from __future__ import annotations

import hashlib
import re

# The line that parts the library from the task, and the line above what was computed, in the template of checkers.
_TASK = re.compile(r"^# =+ The task =+$", re.MULTILINE)
_COMPUTED = re.compile(r"^# Computed from the pristine inputs.*?(?=^def check_)", re.MULTILINE | re.DOTALL)
_INPUTS = re.compile(r"^INPUTS = \{.*?^\}$", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'" + r"|(?<![\w.])-?\d[\d_.]*", re.DOTALL
)
_CONSTANT = re.compile(r"\b[A-Z][A-Z0-9_]*\b")
_CHECK = re.compile(r"\bcheck_\w+")
_VALUES = re.compile(r"#(?:[\s,]*#)+")


def checker_shape(source: str) -> str:
    """A digest of an emitted checker in which values, names of checks and of constants do not count."""
    library, task = _TASK.split(source, maxsplit=1)
    # The docstring at the top names the task.
    library = library.split('"""', 2)[-1]
    for pattern, instead in (
        (_COMPUTED, ""),
        (_INPUTS, ""),
        (_VALUE, "#"),
        (_CONSTANT, "C"),
        (_CHECK, "check"),
        (_VALUES, "#"),
    ):
        task = pattern.sub(instead, task)
    return hashlib.sha256(f"{library}\0{' '.join(task.split())}".encode()).hexdigest()
