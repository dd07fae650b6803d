"""The runner's end of a port inside a sandbox: the socket that listens there, got from the first process (`inside/door.py`).

Who can connect is what runs in this one sandbox, so a connection says whose it is without any name or secret.
"""

from __future__ import annotations

import os
import socket

from clawc.runtime.errors import RuntimeFault


class Door:
    """`port` is the number inside; `listening` is there once it was received."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.listening: socket.socket | None = None
        self._ours, self._theirs = socket.socketpair()

    def line(self) -> int:
        """The descriptor for the first process; belongs to the caller."""
        return self._theirs.detach()

    def receive(self) -> None:
        """Take the socket, which comes before the first sign of the sandbox. Raises RuntimeFault R0302."""
        self._ours.setblocking(False)
        try:
            _, fds, _, _ = socket.recv_fds(self._ours, 16, 1, socket.MSG_CMSG_CLOEXEC)
        except OSError:
            fds = []
        self._ours.close()
        if not fds:
            raise RuntimeFault("R0302", "the sandbox did not start: nothing listens at its port")
        os.set_blocking(fds[0], False)
        self.listening = socket.socket(fileno=fds[0])

    def close(self) -> None:
        """May be called twice."""
        self._ours.close()
        self._theirs.close()
        if self.listening is not None:
            self.listening.close()
            self.listening = None
