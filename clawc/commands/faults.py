"""Faults of the runtime as errors of the command line, and SIGTERM as an interruption."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager

from clawc import exits
from clawc.exits import UserError
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable

# No space; a run folder that this user may not write or read.
_MACHINE = ("R0203", "R0207")


@contextmanager
def user_errors() -> Generator[None]:
    """Turns a RuntimeFault into a UserError with its code and help."""
    try:
        yield
    except SandboxUnavailable as fault:
        raise UserError(f"{fault.code}: {fault.message}", fault.help, exits.ENVIRONMENT) from fault
    except RuntimeFault as fault:
        if fault.code == "R0204":
            raise UserError(fault.message, fault.help, exits.INTERRUPTED) from fault
        code = exits.ENVIRONMENT if fault.code.startswith("R03") or fault.code in _MACHINE else exits.USAGE
        raise UserError(f"{fault.code}: {fault.message}", fault.help, code) from fault


@contextmanager
def stopping() -> Generator[None]:
    """SIGTERM ends what is not yet a run, or no longer one, as Ctrl-C does; a run has handlers of its own."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
