"""Pods that outlived their runner. A bwrap whose monitor is killed in the instant between its fork
and its first step waits for ever (it holds both ends of the descriptor that it waits on); the next runner
ends it."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def orphans() -> list[int]:
    """First processes of our pods that have no monitor."""
    found: list[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{name}/cmdline").read_bytes()
            if not command.startswith(b"bwrap\0--args\0") or b"clawc.runtime.sandbox.inside.zygote" not in command:
                continue
            status = dict(line.split(":\t", 1) for line in _lines(f"/proc/{name}/status") if ":\t" in line)
            parent = Path(f"/proc/{status['PPid']}/comm").read_text().strip()
            ours = os.geteuid() == 0 or int(status["Uid"].split()[0]) == os.geteuid()
        except (OSError, KeyError):
            continue
        # In its own namespace it has number 1; a monitor has only one number.
        if ours and len(status["NSpid"].split()) > 1 and status["NSpid"].endswith("\t1") and parent != "bwrap":
            found.append(int(name))
    return found


def end_orphans() -> None:
    for pid in orphans():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
