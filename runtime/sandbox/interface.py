"""What a sandbox backend offers; everything above it is written against these protocols only.

Whatever comes out of a sandbox (results, files, errors) is the agent's word and is bounded, never trusted.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from clawc.runtime.records import LimitUse
from clawc.spec.bundle import Limits

WORKSPACE = "/w"
# Stands in the arguments of a program for the number of the descriptor that its channel got.
CHANNEL = "@channel"
OUTPUT_LIMIT = 1 << 20


class SandboxEnded(Exception):
    """The sandbox is gone: a limit was hit (`limit` names it) or the agent ended it (`limit` is empty)."""

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit
        self.message = message


class FileProblem(Exception):
    """A file inside the sandbox cannot be read or written; the text is meant for the agent."""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """`exit` is 128 + n after signal n; `truncated` if either stream had more than the limit."""

    exit: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    truncated: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry of a workspace that was not collected, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Collected:
    """`over` names the cap ("files", "bytes") that ended the collection early, or is empty. `written` are the paths of
    files that something was written to since the start; `kept` counts those that were left as they were."""

    files: int
    size: int
    refused: tuple[Refused, ...]
    over: str
    written: tuple[str, ...] = ()
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether sandboxes work here; if not, `reason` and `help` say why and what to do."""

    ok: bool
    reason: str = ""
    help: str = ""
    version: str = ""
    overlay: bool = False
    enforcers: tuple[str, ...] = ()


class Template(Protocol):
    """The files that a workspace starts from. Equal keys mean equal files."""

    @property
    def key(self) -> str: ...

    def write(self, dest: Path) -> None:
        """Write the files into the empty folder `dest`."""
        ...


@dataclass(frozen=True, slots=True)
class LaidFile:
    """A file laid over the template before the start."""

    data: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Program:
    """One command for a sandbox of its own. `cwd` is a path inside; output beyond `output_limit` is
    dropped. With `script`, `argv` is a Python script and its arguments, for an interpreter that waits for it."""

    argv: tuple[str, ...]
    limits: Limits
    timeout_s: float
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    cwd: str = WORKSPACE
    stdin: bytes = b""
    output_limit: int = OUTPUT_LIMIT
    script: bool = False


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """One run of a script in a series: its arguments and standard input (at most 4 KiB of ASCII)."""

    arguments: tuple[str, ...]
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended. `exit` is None if it was killed, else 128 + n after signal n; `limit` names the limit ("time",
    "memory", "disk")."""

    exit: int | None
    stdout: bytes
    stderr: bytes
    limit: str
    truncated: bool
    channel: bytes = b""
    channel_over: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """A process inside: when it `began`, in clock ticks since the start of the machine, and the numbers that it and those above it have
    inside."""

    began: int
    above: tuple[int, ...]


class Process(Protocol):
    """A program that runs beside other commands. `pid` is its number inside. Nothing is lost: output that nobody reads makes it wait, as a full pipe
    does. Every call raises SandboxEnded once the sandbox is gone."""

    @property
    def pid(self) -> int: ...

    async def read(self, stream: Literal["stdout", "stderr"] = "stdout", *, wait_s: float = 0.0) -> bytes | None:
        """What has come since the last call, waiting for the first of it; empty if nothing came in time, None at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Give it input, as much as it takes."""
        ...

    async def end_input(self) -> None: ...

    async def wait(self, timeout_s: float) -> int | None:
        """Its exit status, 128 + n after signal n; None if it still runs."""
        ...

    async def kill(self) -> None:
        """Kill it and all that descends from it."""
        ...


class Snapshot(Protocol):
    """The files of a workspace at one moment, to start other sandboxes from; a Template of its own kind. It stays until
    `release`, or the end of the backend."""

    @property
    def key(self) -> str: ...

    async def release(self) -> None: ...


class Sandbox(Protocol):
    """A running sandbox with a writable workspace. Every call raises SandboxEnded once it is gone."""

    @property
    def enforcers(self) -> tuple[str, ...]: ...

    @property
    def door(self) -> socket.socket | None:
        """What listens at the port that was asked for, until the sandbox ends; who connects is inside. Belongs to the sandbox."""
        ...

    async def peer(self, port: int) -> Peer | None:
        """The process inside that is connected to the door from this port; None where nobody can say."""
        ...

    def limits(self) -> tuple[LimitUse, ...]:
        """Each limit: what is allowed, the most that was used, what enforces it, and whether it was hit."""
        ...

    async def spawn(
        self, argv: Sequence[str], *, cwd: str | None = None, env: Mapping[str, str] | None = None
    ) -> Process:
        """Start a program that goes on while others run; it ends with the sandbox at the latest."""
        ...

    async def snapshot(self) -> Snapshot:
        """The files as they are now. Everything inside stands still meanwhile, and goes on afterwards."""
        ...

    async def fork(self) -> Sandbox:
        """Another sandbox with the same files, limits and environment, and none of the processes."""
        ...

    async def exec(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout_s: float,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        output_limit: int = OUTPUT_LIMIT,
    ) -> ExecResult: ...

    async def put(self, path: str, data: bytes, mode: int = 0o644) -> None: ...

    async def get(self, path: str) -> bytes: ...

    async def copy(self, path: str, dest: Path) -> Collected:
        """Copy a folder that can be written to, as it is now, to the new folder `dest`; by the rules of `collect`. Raises
        FileProblem."""
        ...

    async def stop(self) -> str:
        """End everything inside; returns the limit that was hit, if any."""
        ...

    async def collect(self, dest: Path) -> Collected:
        """Stop, then copy the workspace to the new folder `dest`."""
        ...

    async def close(self) -> None:
        """Stop and remove every trace. May be called twice."""
        ...


class Backend(Protocol):
    """Where sandboxes come from."""

    async def probe(self) -> Probe: ...

    def missing(self, tools: Sequence[str]) -> tuple[str, ...]:
        """Those of the named programs that a sandbox would not have."""
        ...

    def scratch(self) -> Path:
        """A new empty folder of the runner's own that `run_reading` can read, removed with the backend or by `discard`."""
        ...

    async def shelf(self, key: str, files: Mapping[str, bytes]) -> Path:
        """A folder with these files (relative path to content) that `run_reading` can read. Equal keys mean equal files."""
        ...

    async def unshelve(self, key: str) -> None:
        """Remove such a folder, which nothing runs from."""
        ...

    async def discard(self, folder: Path) -> None: ...

    async def create(
        self,
        template: Template | Snapshot,
        limits: Limits,
        env: Mapping[str, str],
        folders: Sequence[str] = (),
        port: int | None = None,
        mounts: Mapping[str, Path] | None = None,
    ) -> Sandbox:
        """Start a sandbox. `folders` are absolute paths inside of further empty folders that can be written to; what is in
        them counts as disk, and belongs to no snapshot. `port` is one of its loopback interface that leads to the runner. `mounts` are
        folders of this machine to read only, by their paths inside: for what is installed, which all users may read."""
        ...

    async def run_over(
        self, program: Program, template: Template, laid: Mapping[str, LaidFile], tree: Path
    ) -> Finished:
        """Run in a fresh copy of the template with `laid` over it; the files afterwards go to the new
        folder `tree`."""
        ...

    async def run_reading(self, program: Program, folders: Mapping[str, Path]) -> Finished:
        """Run over read-only folders (path inside to a `scratch`, a `shelf`, or a folder below), with a channel back that
        only it holds and without any network."""
        ...

    async def run_series(
        self, program: Program, runs: Sequence[ScriptRun], folders: Mapping[str, Path]
    ) -> list[Finished | None]:
        """As `run_reading` of a script, several times one after another in one sandbox, each in a process of its own that
        leaves nothing behind; `timeout_s` and `output_limit` hold for each. None stands for a run that the end of the
        sandbox came before."""
        ...

    async def close(self) -> None: ...
