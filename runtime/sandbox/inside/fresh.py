"""A new process of a box: its descriptors and signals are its own, and nothing of ours is in it. Standard library of CPython
3.9 only."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from contextlib import suppress

from clawc.runtime.sandbox.inside import kernel

# More than any box gets.
DESCRIPTORS = 8


def arrange(fds: list[int]) -> int:
    """Put the descriptors at 0, 1, 2 …, and close all others."""
    # Each to a free number first: with many boxes, those that came may stand where others are to go.
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, DESCRIPTORS) for fd in fds]
    for place, fd in enumerate(high):
        os.dup2(fd, place)
    kernel.close_from(len(fds))
    return len(fds) - 1


def reset_signals() -> None:
    """None is blocked or ignored because the runner's are, but for those that Python itself ignores."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ}:
        with suppress(OSError):  # those that the C library keeps for itself
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def forget() -> None:
    """What runs in a box finds none of our modules."""
    for name in [name for name in sys.modules if name == "clawc" or name.startswith("clawc.")]:
        del sys.modules[name]
