"""`clawc mcp`: the tools for coding agents, over standard input and output."""

from __future__ import annotations

import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from clawc import exits
from clawc.exits import UserError


def mcp_command(root: Path | None) -> int:
    """Serves one client, until that goes away. Raises UserError where the SDK lacks, or nobody is there to be served."""
    if find_spec("mcp") is None:
        raise UserError("the server for coding agents needs mcp", "pip install 'clawc[mcp]'", exits.ENVIRONMENT)
    if not hasattr(os, "fork"):
        raise UserError("proofs need a system with `fork`", "Linux or macOS has it", exits.ENVIRONMENT)
    if root is not None and not root.is_dir():
        raise UserError(f"there is no folder `{root}`", "`--root` is the folder of your specs")
    if sys.stdin.isatty():
        raise UserError(
            "`clawc mcp` is started by a coding agent, which speaks to it over standard input", "see docs/mcp.md"
        )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="clawc mcp: %(message)s")
    from clawc.mcp.server import serve

    serve(root or Path.cwd(), fixed=root is not None)
    return exits.OK
