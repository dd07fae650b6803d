"""Generated text to where it is wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from clawc import __version__
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.compiler.finding import Finding


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


def sarif_text(found: Sequence[Finding], *, in_source: Sequence[Finding], external: Sequence[Finding] = ()) -> str:
    """Findings as SARIF; standard error says what is left out because a code scanning service would not take it."""
    from clawc.compiler.report.sarif import as_sarif

    report = as_sarif(found, version=__version__, in_source=in_source, external=external)
    if report.left_out:
        print(f"{report.left_out} results are left out: code scanning services take no more", file=sys.stderr)
    return report.text


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
