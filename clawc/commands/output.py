"""Generated text to where it is wanted."""

from __future__ import annotations

import sys
from pathlib import Path

from clawc.exits import UserError


def put(text: str, out: Path | None) -> None:
    """Writes UTF-8 text to a file, or to standard output. Raises UserError where the file cannot be written."""
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UserError(f"`{out}` cannot be written: {error.strerror}") from error
