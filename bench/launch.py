"""`launch.py REPORT SECONDS COMMAND…`: runs a command and writes what it cost to the file REPORT, as JSON.

A process of its own, and a small one, as a child begins with the peak of memory of the process that starts it. What the
command leaves without a parent becomes its child, so that its processor time counts. Standard library only, without the
project.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_S = 5.0


def main() -> int:
    """The exit status of the command; 124 if it took longer than SECONDS and was killed, with all of its process group."""
    report, seconds, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, setpgroup=0)
    late: list[bool] = []

    def end(*_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        late.append(True)

    signal.signal(signal.SIGALRM, end)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)  # the terminal does not reach a group of its own
    signal.alarm(int(seconds))
    _, status = os.waitpid(child, 0)
    spent = time.perf_counter() - began
    signal.alarm(0)
    left = not reaped()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {"seconds": spent, "cpu_s": usage.ru_utime + usage.ru_stime, "rss_mb": usage.ru_maxrss / 1024, "left": left}
    with open(report, "w", encoding="utf-8") as file:
        json.dump(cost, file)
    return 124 if late else os.waitstatus_to_exitcode(status) & 255


def reaped() -> bool:
    """Waits for what the command left behind; False if some of it goes on."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
