"""Faults of the runtime as errors of the command line, and SIGTERM as an interruption."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager

from clawc import exits
from clawc.exits import UserError
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable

# No space; a run folder that this user may not write or read; an agent that is not installed or cannot be; a cluster that cannot be used.
_MACHINE = ("R0203", "R0207", "R0407", "R0408", "R0702", "R0703", "R0704", "R0707")
_AGAIN_S = 0.01


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
    """SIGTERM ends what is not yet a run, or no longer one, as Ctrl-C does; a run has handlers of its own.

    An interruption that comes while Python calls what nobody can catch an exception of (callbacks of a fork, finalizers) is
    reported as unraisable and lost; it comes again a moment later.
    """
    hook = sys.unraisablehook
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGALRM)}

    def again(lost: sys.UnraisableHookArgs) -> None:
        if isinstance(lost.exc_value, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        else:
            hook(lost)

    sys.unraisablehook = again
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
