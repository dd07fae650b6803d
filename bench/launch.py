"""`launch.py REPORT SECONDS COMMAND…`: runs a command and writes what it cost to the file REPORT, as JSON.

A process of its own, and a small one, as a child begins with the peak of memory of the process that starts it. Standard
library only, without the project.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress


def main() -> int:
    """The exit status of the command; 124 if it took longer than SECONDS and was killed, with all of its process group."""
    report, seconds, *command = sys.argv[1:]
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
    _, status, usage = os.wait4(child, 0)
    spent = time.perf_counter() - began
    with open(report, "w", encoding="utf-8") as file:
        json.dump({"seconds": spent, "cpu_s": usage.ru_utime + usage.ru_stime, "rss_mb": usage.ru_maxrss / 1024}, file)
    return 124 if late else os.waitstatus_to_exitcode(status) & 255


if __name__ == "__main__":
    sys.exit(main())
