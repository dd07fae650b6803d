"""Tries a connection in a process of its own before the command makes one.

Ray ends or blocks a process that cannot connect, and says why on its standard error only. The trial can be killed, and
what it says is read.
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
    """Raises RuntimeFault R0702 for a cluster that refuses the token, R0703 for one that cannot be used. Takes a second, or
    all of `seconds` for one that does not answer. The environment must be that of the connection."""
    if address != "auto":
        _require_open(address, seconds)
    ended = _tried(address, seconds)
    if ended.status == 0:
        return
    if _TOKEN.search(ended.said):
        raise RuntimeFault("R0702", f"the cluster at `{address}` does not take the token of this machine", _TOKENS)
    if _VERSION.search(ended.said):
        raise RuntimeFault("R0703", f"the cluster at `{address}` has other versions: {_last(ended.said)}",
                           "Use the same Ray and the same Python on all machines.")  # fmt: skip
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


def _tried(address: str, seconds: float) -> _Ended:
    end = time.monotonic() + seconds
    with TemporaryFile() as said:
        trial = subprocess.Popen([sys.executable, "-c", _TRIAL, address], stdin=subprocess.DEVNULL,
                                 stdout=said, stderr=said, env=dict(os.environ))  # fmt: skip
        try:
            while time.monotonic() < end:
                with suppress(subprocess.TimeoutExpired):
                    return _Ended(trial.wait(_LOOK_S), _read(said.fileno()))
                # Ray would go on trying for a while.
                if _TOKEN.search(text := _read(said.fileno())):
                    return _Ended(None, text)
            return _Ended(None, _read(said.fileno()))
        finally:
            trial.kill()
            trial.wait()


def _read(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    return os.pread(fd, _SAID_BYTES, max(0, size - _SAID_BYTES))


def _last(said: bytes) -> str:
    """The last line that our part of the trial has written, or the last of all."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    ours = [line.removeprefix("clawc: ") for line in lines if line.startswith("clawc: ")]
    return ([*lines, *ours] or ["it says nothing"])[-1][:500]
