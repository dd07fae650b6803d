"""Exit codes, and the error that carries one to the edge."""

from __future__ import annotations

OK = 0
FINDINGS = 1
USAGE = 2
ENVIRONMENT = 3
INTERNAL = 70
INTERRUPTED = 130


class UserError(Exception):
    """Something that the user can mend: a message, one line of help, and the exit code."""

    def __init__(self, message: str, help: str = "", code: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.code = code
