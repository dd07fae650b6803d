"""Tries a connection in processes of their own before the command makes one.

Ray ends or blocks a process that cannot connect, and says why on its standard error only. A trial can be killed, and
what it says is read. Another one, without a token, must be refused: it shows that the cluster asks for one.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

from clawc.runtime.errors import RuntimeFault

_TRIAL = """
import sys, ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, configure_logging=False)
except Exception as error:
    sys.exit("clawc: " + type(error).__name__ + ": " + " ".join(str(error).split()))
"""
_LOOK_S = 0.05
_SAID_BYTES = 64 << 10
# Of Ray's own words, those that tell why.
_TOKEN = re.compile(rb"InvalidAuthToken|Unauthenticated|no authentication token was found")
_VERSION = re.compile(rb"Version mismatch|version mismatch")
_ADDRESS = re.compile(r"(?P<host>[^\s:/]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")
_TOKENS = "Put the cluster's token into ~/.ray/auth_token, or its path into RAY_AUTH_TOKEN_PATH."


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a trial ended; `status` is None if it was ended."""

    status: int | None
    said: bytes


def require_address(address: str) -> None:
    """Raises RuntimeFault R0701 for what is neither `auto` nor `host:port`."""
    if address == "auto":
        return
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 65536:
        help = "Give `auto`, or `host:port` of the head node, such as `10.0.0.5:6379`."
        if "://" in address:
            help += " A client from outside of the cluster cannot be used: make this machine one of its nodes."
        raise RuntimeFault("R0701", f"`{address}` is no address of a cluster", help)


def require_reachable(address: str, seconds: float) -> None:
    """Raises RuntimeFault R0702 for a cluster that refuses the token or takes anybody, R0703 for one that cannot be used. Takes a
    second, or all of `seconds` for one that does not answer. The environment must be that of the connection."""
    if address != "auto":
        _require_open(address, seconds)
    end = time.monotonic() + seconds
    with _Trial(address, "token") as ours, _Trial(address, "disabled") as nobody:
        ended = ours.ended(end)
        if ended.status == 0 and nobody.ended(end).status == 0:
            raise RuntimeFault(
                "R0702",
                f"the cluster at `{address}` asks for no token: whoever reaches it runs programs on its machines",
                "Start all nodes with RAY_AUTH_MODE=token; docs/cluster.md says how.",
            )
    if ended.status == 0:
        return
    if _TOKEN.search(ended.said):
        raise RuntimeFault("R0702", f"the cluster at `{address}` does not take the token of this machine", _TOKENS)
    if _VERSION.search(ended.said):
        raise RuntimeFault(
            "R0703",
            f"the cluster at `{address}` has other versions: {_last(ended.said)}",
            "Use the same Ray and the same Python on all machines.",
        )
    if ended.status is None:
        raise RuntimeFault(
            "R0703", f"the cluster at `{address}` does not answer within {seconds:.0f} s", _start(address)
        )
    raise RuntimeFault("R0703", f"cannot use the cluster at `{address}`: {_last(ended.said)}", _start(address))


def _start(address: str) -> str:
    where = "--head" if address == "auto" else f"--address={address}"
    return f"The machine of the command must be a node: `ray start {where}`; docs/cluster.md says more."


def _require_open(address: str, seconds: float) -> None:
    """Whether anything listens there at all can be told at once."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise RuntimeFault("R0703", f"cannot reach a cluster at `{address}`: {why}", _start(address)) from error


class _Trial:
    """One try at a connection, with the given mode of authentication; it ends with the block."""

    def __init__(self, address: str, mode: str) -> None:
        self._said = TemporaryFile()  # noqa: SIM115 - read while the trial goes on
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TRIAL, address],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            env={**os.environ, "RAY_AUTH_MODE": mode},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._said.close()

    def ended(self, end: float) -> _Ended:
        """How it ended, or that it did not by then. A refused token is an end, too: Ray would go on trying for a while."""
        while time.monotonic() < end:
            with suppress(subprocess.TimeoutExpired):
                return _Ended(self._process.wait(_LOOK_S), _read(self._said.fileno()))
            if _TOKEN.search(text := _read(self._said.fileno())):
                return _Ended(None, text)
        return _Ended(None, _read(self._said.fileno()))


def _read(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    return os.pread(fd, _SAID_BYTES, max(0, size - _SAID_BYTES))


def _last(said: bytes) -> str:
    """The last line that our part of the trial has written, or the last of all."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    ours = [line.removeprefix("clawc: ") for line in lines if line.startswith("clawc: ")]
    return ([*lines, *ours] or ["it says nothing"])[-1][:500]
