"""Nodes of Ray on loopback addresses of this machine, with a token of their own; each can be killed as if it lost its power."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_RAY = "import sys; from ray.scripts.scripts import main; sys.exit(main())"
_START_S = 60.0


class Machines:
    """A cluster with a head; a context, after which all its processes have ended. `environment` is that of a command which
    belongs to it."""

    def __init__(self, processors: int = 2, token: bool = True) -> None:
        # Short, since it becomes part of the names of sockets; every user may pass, since sandboxes are other users.
        self.folder = Path(tempfile.mkdtemp(prefix="cr-"))
        self.folder.chmod(0o711)
        (self.folder / "token").write_text(secrets.token_hex(32))
        (self.folder / "state").mkdir()
        (self.folder / "state").chmod(0o711)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "CLAWC_"))}
        self.environment: Mapping[str, str] = {
            **kept,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "state"),
            "RAY_AUTH_TOKEN_PATH": str(self.folder / "token"),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self._mode = "token" if token else "disabled"
        self._network = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250) + 1}"
        self._number = 0
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}
        self._port = free_port(f"{self._network}.1")
        self.address = f"{self._network}.1:{self._port}"
        self.head = f"{self._network}.1"
        self._processors = processors

    def join(self, processors: int = 2) -> str:
        """Start one more node, and wait until it has joined; its name."""
        name = self._start(f"--address={self.address}", processors=processors)
        log = self.folder / f"{self._number}.log"
        self.wait(lambda: b"Ray runtime started" in log.read_bytes(), "the node has not joined")
        return name

    def kill(self, name: str) -> None:
        """End all processes of a node at once, those that play first: nothing tells the cluster good-bye."""
        node = self._nodes.pop(name)
        for pid in [*reversed(below(node.pid)), node.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        node.wait()

    def halt(self, name: str) -> None:
        """Stop all processes of a node where they are, as if its network were cut."""
        node = self._nodes[name]
        for pid in [*reversed(below(node.pid)), node.pid]:
            try:
                os.kill(pid, signal.SIGSTOP)
            except ProcessLookupError:
                continue

    def said(self) -> str:
        """What the nodes have written."""
        return "\n".join(path.read_text(errors="replace")[-2_000:] for path in sorted(self.folder.glob("*.log")))

    def wait(self, condition: Callable[[], bool], why: str, seconds: float = _START_S) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{why}: {self.said()}"
            time.sleep(0.05)

    def __enter__(self) -> Self:
        try:
            self._start_head()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start_head(self) -> None:
        self.head = self._start(
            "--head",
            f"--port={self._port}",
            f"--temp-dir={self.folder / 'ray'}",
            "--include-dashboard=false",
            processors=self._processors,
        )
        self.wait(lambda: listens(self.address), "the head does not answer")

    def _end(self) -> None:
        for name in reversed(list(self._nodes)):
            self.kill(name)
        self.wait(lambda: not named(self.folder), "processes are left")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, *options: str, processors: int) -> str:
        self._number += 1
        name = f"{self._network}.{self._number}"
        with open(self.folder / f"{self._number}.log", "wb") as log:
            self._nodes[name] = subprocess.Popen(
                [sys.executable, "-c", _RAY, "start", "--block", *options, f"--node-ip-address={name}",
                 f"--num-cpus={processors}", "--disable-usage-stats",
                 "--object-store-memory=80000000"],
                env={**self.environment, "RAY_AUTH_MODE": self._mode},
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        return name


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def below(pid: int) -> list[int]:
    """The processes below one, parents first."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        each = children.get(waiting.pop(0), [])
        found += each
        waiting += each
    return found


def named(folder: Path) -> list[int]:
    """Processes whose command line, environment or mounts name a folder."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        for file in ("cmdline", "environ", "mountinfo"):
            try:
                if str(folder).encode() in (process / file).read_bytes():
                    found.append(int(process.name))
                    break
            except OSError:
                continue
    return found
