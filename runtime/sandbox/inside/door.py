"""The one way out of a sandbox: a port of its loopback interface whose connections the runner takes. Standard library of CPython
3.9 only.

The socket listens before anything of a stranger runs, goes to the runner as a descriptor, and nothing inside keeps it: there is no
process in between that could be killed, and no other sandbox has it.
"""

from __future__ import annotations

import socket

# Where the line to hand the socket over stands, beside channel, output and errors.
LINE = 3
_WAITING = 64


def open_door(port: int) -> None:
    """Listen, hand the socket over, and forget both; raises OSError."""
    line = socket.socket(fileno=LINE)
    with line, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))
        door.listen(_WAITING)
        socket.send_fds(line, [b"door"], [door.fileno()])
