"""What a sandbox is started with, whoever starts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from clawc.runtime.errors import RuntimeFault

# A host that cannot start a sandbox in this time is out of order.
START_S = 30.0

TMP_BYTES = 64 << 20
SHM_BYTES = 16 << 20
# File systems in memory: path, bytes, files.
TMP = ("/tmp", TMP_BYTES, 20_000)
SHARED = ("/dev/shm", SHM_BYTES, 2_000)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace to mount: `upper` takes the writes over `lower`, the topmost first. Without `lower` it is the workspace."""

    upper: Path
    work: Path
    lower: tuple[Path, ...]


class Mounted(NamedTuple):
    """A folder of the host in a sandbox, with what tells it from another one that comes in its place."""

    folder: Path
    device: int
    inode: int


def mounted(mounts: Mapping[str, Path]) -> tuple[Mounted, ...]:
    """The folders to mount, each once. Raises RuntimeFault R0302 where one is gone."""
    found: list[Mounted] = []
    for folder in sorted(set(mounts.values())):
        try:
            seen = folder.stat()
        except OSError as error:
            help = "Put it back, or install the agent again."
            raise RuntimeFault("R0302", f"cannot mount `{folder}`: {error.strerror}", help) from error
        found.append(Mounted(folder, seen.st_dev, seen.st_ino))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Start:
    """What to start: a `session` (a resident on descriptor 0), a `script` for the waiting interpreter, a `series` of runs of one (`more`
    says which, see inside/series.py) or a `program`.
    Paths are the host's, below the area of the role: `folders` are read-only, `writable` are not; `mounts` are read-only folders from
    anywhere on the host. `limits` are names of RLIMIT_ and their values; `memory_bytes` is what all its processes may hold, `time_s` how
    long it may last. Without `network` a box has no sockets, terminals and shared memory at all."""

    kind: Literal["session", "script", "series", "program"]
    limits: Mapping[str, int]
    env: Mapping[str, str]
    argv: Sequence[str] = ()
    cwd: str = "/"
    network: bool = True
    workspace: Workspace | None = None
    folders: Mapping[str, Path] = field(default_factory=dict[str, Path])
    more: Mapping[str, object] = field(default_factory=dict[str, object])
    writable: Mapping[str, Path] = field(default_factory=dict[str, Path])
    mounts: Mapping[str, Path] = field(default_factory=dict[str, Path])
    memory_bytes: int = 0
    time_s: float = 0.0

    def with_folder(self, at: str, path: Path) -> Start:
        """The same with one more read-only folder."""
        return replace(self, folders={**self.folders, at: path})

    def program(self) -> dict[str, object]:
        """What the first process inside is told, but for its mounts (see `inside/`)."""
        return {
            **self.more, "kind": self.kind, "argv": list(self.argv), "env": dict(self.env), "cwd": self.cwd,
            "network": self.network, "limits": dict(self.limits),
        }  # fmt: skip
