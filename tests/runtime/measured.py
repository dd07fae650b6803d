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
import tempfile

CPU_S = 20
ADDRESS_SPACE = 2 << 30


def bound() -> None:
    """A safety net far above what is allowed."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def main() -> None:
    with tempfile.TemporaryFile() as errors:  # a pipe would fill while the other one is read
        child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=errors, preexec_fn=bound)
        assert child.stdout is not None
        written = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        errors.seek(0)
        complained = errors.read()
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
