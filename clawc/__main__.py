"""`python -m clawc`, and the console script."""

from __future__ import annotations

import gc
import io
import os
import sys


def main() -> None:
    """Runs the command line; the one place where an unexpected error is caught."""
    gc.disable()  # starting makes little garbage, and looking for it takes a tenth of the time of a check
    _open_standard_streams()
    try:
        from clawc.cli import run
    except KeyboardInterrupt:
        print("clawc: interrupted", file=sys.stderr)
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))


def _open_standard_streams() -> None:
    """Streams that the caller has closed go nowhere: the next files opened would get their numbers, and what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8")
    _encode(sys.stdout)


def _encode(stream: object) -> None:
    """Results are UTF-8 whatever the locale is, with names of files as they are on the disk; a terminal gets what it can show."""
    if not isinstance(stream, io.TextIOWrapper):
        return
    if stream.isatty() and stream.encoding.lower() not in ("utf-8", "utf8"):
        stream.reconfigure(errors="backslashreplace")
    else:
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")


if __name__ == "__main__":
    main()
