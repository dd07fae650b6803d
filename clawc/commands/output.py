"""Generated text to where it is wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from clawc.exits import UserError


def put(text: str, out: Path | None) -> None:
    """Writes UTF-8 text to a file, or to standard output. Raises UserError where the file cannot be written."""
    if out is None:
        with standard_output() as file:
            file.write(text)
        return
    new = not os.path.lexists(out)
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        if new:
            with suppress(OSError):
                out.unlink()
        raise UserError(f"`{out}` cannot be written: {error.strerror}") from error


@contextmanager
def standard_output() -> Generator[TextIO]:
    """Standard output. A reader that wants no more of it ends the output and not the command, whose exit code still counts."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        close_output()


def close_output() -> None:
    """What is still buffered for standard output, and what follows, goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
