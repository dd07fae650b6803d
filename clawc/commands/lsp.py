"""`clawc lsp`: the language server, over standard input and output."""

from __future__ import annotations

import logging
import os
import sys
from importlib.util import find_spec

from clawc import exits
from clawc.exits import UserError


def lsp_command() -> int:
    """Serves one editor, until that ends it. Raises UserError where the library for it lacks, or nobody is there to be served."""
    if find_spec("pygls") is None:
        raise UserError("the language server needs pygls", "pip install 'clawc[lsp]'", exits.ENVIRONMENT)
    if sys.stdin.isatty():
        raise UserError(
            "`clawc lsp` is started by an editor, which speaks to it over standard input", "see docs/editors.md"
        )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="clawc lsp: %(message)s")
    from clawc.lsp.server import make_server

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints does not get among the messages
    make_server().start_io(sys.stdin.buffer, answers)
    return exits.OK
