"""Runs a program under limits and prints what it cost, as JSON: CPU, memory, exit status, what it wrote.

A small process of its own, as a child begins with the peak of memory of the process that starts it. Standard library
only; runs anywhere.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

CPU_S = 20
ADDRESS_SPACE = 2 << 30


def bound() -> None:
    """A safety net far above what is allowed."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def main() -> None:
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=bound)
    # What a checker writes is shorter than a pipe holds but for the error of a crash, which is read after its end.
    assert child.stdout is not None and child.stderr is not None
    written = child.stdout.read()
    complained = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    found = {
        "cpu_s": used.ru_utime + used.ru_stime,
        "rss_mib": used.ru_maxrss / 1024,
        "status": child.returncode,
        "stdout": written.decode("utf-8", "replace"),
        "stderr": complained.decode("utf-8", "replace")[-2000:],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
