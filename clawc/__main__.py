"""`python -m clawc`, and the console script."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Runs the command line; the one place where an unexpected error is caught."""
    gc.disable()  # starting makes little garbage, and looking for it takes a tenth of the time of a check
    from clawc.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
