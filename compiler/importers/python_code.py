"""Programs of strangers as syntax trees: read, never run."""

from __future__ import annotations

import ast
import warnings

MAX_CODE = 1 << 20  # characters of a program that is looked at


class NotPython(Exception):
    """What is no Python: why, and the line, from 1; 0 for none."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def parsed(code: bytes | str) -> ast.Module:
    """The tree of a program; what Python would warn of is not said. Raises NotPython."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotPython(str(getattr(error, "msg", None) or error), getattr(error, "lineno", 0) or 0) from None
