"""`python -m bench NAME --json FILE`: runs one benchmark by name."""

from __future__ import annotations

import sys

from bench import (
    agents,
    calibrate,
    check,
    checkers,
    cluster,
    compare,
    fmt,
    gateway,
    importing,
    lsp,
    prove,
    rollouts,
    synth,
    train,
    view,
)

BENCHMARKS = {
    "agents": agents.main,
    "calibrate": calibrate.main,
    "check": check.main,
    "checkers": checkers.main,
    "cluster": cluster.main,
    "compare": compare.main,
    "fmt": fmt.main,
    "gateway": gateway.main,
    "import": importing.main,
    "lsp": lsp.main,
    "prove": prove.main,
    "rollouts": rollouts.main,
    "synth": synth.main,
    "train": train.main,
    "view": view.main,
}


def main() -> int:
    """The exit status: 2 for a wrong command line."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in BENCHMARKS:
        sys.stderr.write(f"usage: python -m bench NAME [OPTIONS]; NAME is one of: {', '.join(BENCHMARKS)}\n")
        return 2
    return BENCHMARKS[name](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
