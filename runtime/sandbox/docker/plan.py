"""What the engine is asked for to start one container: what a box is, in the engine's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clawc.runtime.sandbox.inside.contained import CONTROL, HERE
from clawc.runtime.sandbox.start import SHARED, SHM_BYTES, TMP, TMP_BYTES, Start

# Beyond what its processes may hold: the file systems in memory, and what the kernel and the first process take. The watchdog ends a
# box at its limit as everywhere; this is for what it cannot see, and for bursts.
_BESIDE_BYTES = TMP_BYTES + SHM_BYTES + (64 << 20)
# The first process is not the task's.
_OWN_PROCESSES = 1
# A container whose runner is alive and does nothing about it ends by itself this long after its time.
_GRACE_S = 60.0
_FIRST_TO_GO = 500
_START = f"import sys; sys.path.append('{HERE}'); from clawc.runtime.sandbox.inside.contained import main; main()"
_PYTHON = "/usr/bin/python3"
# As for every sandbox: no more terminals than this, and none of the machine's.
_TERMINALS = "nosuid,noexec,newinstance,ptmxmode=0666,mode=620,max=64"
# What tells of the machine, some of which can be changed by its root: an empty folder or file stands there. `/sys` whole, besides what
# engines mask anyway.
_MASKED = (
    "/dev/mqueue", "/sys", "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
    "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
# Files of /etc, which the engine would fill with what it knows of the machine.
ETC = ("passwd", "group", "hosts", "nsswitch.conf", "resolv.conf")


@dataclass(frozen=True, slots=True)
class Mount:
    """`source` is a folder or file of this machine, or empty for a volume of the driver `local` with `options`; without either it is
    an empty folder."""

    at: str
    source: str = ""
    read_only: bool = True
    options: Mapping[str, str] | None = None

    def document(self, labels: Mapping[str, str]) -> dict[str, Any]:
        """With `labels` for what the engine makes of it."""
        if self.options is not None:
            driver = {"Name": "local", "Options": dict(self.options)}
            about = {"NoCopy": True, "DriverConfig": driver, "Labels": dict(labels)}
            return {"Type": "volume", "Target": self.at, "VolumeOptions": about}
        if not self.source:
            nothing = {"SizeBytes": 4096, "Mode": 0o555}
            return {"Type": "tmpfs", "Target": self.at, "ReadOnly": True, "TmpfsOptions": nothing}
        options = {"Propagation": "rprivate", "NonRecursive": True}
        return {
            "Type": "bind",
            "Target": self.at,
            "Source": self.source,
            "ReadOnly": self.read_only,
            "BindOptions": options,
        }


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for all boxes of a role: the image and the volumes that it declares, `user` and group inside, the folder `ours`
    with what the first process imports and `etc` with files for /etc, and the labels by which a reaper knows them."""

    image: str
    volumes: frozenset[str]
    user: int
    ours: Path
    etc: Path
    labels: Mapping[str, str]


def ttl_s(start: Start) -> float:
    """Seconds after which the box ends whatever its runner does."""
    return start.time_s + _GRACE_S


def container(frame: Frame, start: Start, control: Path) -> dict[str, Any]:
    """The body of the request that creates the container; `control` is the folder of the socket that its first process asks."""
    memory = start.memory_bytes + _BESIDE_BYTES
    host = {
        "AutoRemove": True, "NetworkMode": "none", "ReadonlyRootfs": True, "CapDrop": ["ALL"], "Privileged": False,
        "SecurityOpt": ["no-new-privileges"], "Memory": memory, "MemorySwap": memory,
        "PidsLimit": start.limits["nproc"] + (_OWN_PROCESSES if start.kind != "session" else 0), "OomScoreAdj": _FIRST_TO_GO,
        "LogConfig": {"Type": "none"}, "IpcMode": "private" if start.network else "none", "CgroupnsMode": "private",
        "ShmSize": SHM_BYTES, "Tmpfs": _in_memory(start, frame.user), "Mounts": [mount.document(frame.labels) for mount in mounts(frame, start, control)],
        "MaskedPaths": list(_MASKED), "ReadonlyPaths": list(_READ_ONLY),
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    }  # fmt: skip
    return {
        "Image": frame.image, "User": f"{frame.user}:{frame.user}", "Hostname": "sandbox", "WorkingDir": "/",
        "Entrypoint": [_PYTHON, "-I", "-S", "-c", _START], "Cmd": [], "Env": [], "Labels": dict(frame.labels), "NetworkDisabled": True,
        "AttachStdin": False, "AttachStdout": False, "AttachStderr": False, "Tty": False, "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": host,
    }  # fmt: skip


def cleaner(image: str, folders: Mapping[str, Path], labels: Mapping[str, str]) -> dict[str, Any]:
    """The body of the request for a container that empties folders, by their paths inside; nothing of a stranger runs in it."""
    host = {
        "NetworkMode": "none", "ReadonlyRootfs": True, "CapDrop": ["ALL"], "CapAdd": ["DAC_OVERRIDE"], "Privileged": False,
        "SecurityOpt": ["no-new-privileges"], "Memory": 256 << 20, "PidsLimit": 16, "LogConfig": {"Type": "none"},
        "Mounts": [Mount(at, str(path), read_only=False).document(labels) for at, path in folders.items()],
    }  # fmt: skip
    return {
        "Image": image, "User": "0:0", "Entrypoint": ["/usr/bin/find"], "NetworkDisabled": True, "Env": [],
        "Cmd": [*folders, "-xdev", "-mindepth", "1", "-delete"], "HostConfig": host, "Labels": dict(labels),
    }  # fmt: skip


def _in_memory(start: Start, user: int) -> dict[str, str]:
    options = f"rw,exec,nosuid,nodev,size={{size}},nr_inodes={{files}},mode=1777,uid={user},gid={user}"
    if start.network:
        return {path: options.format(size=size, files=files) for path, size, files in (TMP, SHARED)}
    path, size, files = TMP
    return {
        path: options.format(size=size, files=files),
        "/dev/pts": "ro,noexec,nosuid,nodev,size=4k,nr_inodes=2,mode=555",
    }


def mounts(frame: Frame, start: Start, control: Path) -> list[Mount]:
    """A later one may lie inside of an earlier one."""
    found = [Mount(HERE, str(frame.ours)), Mount(str(Path(CONTROL).parent), str(control))]
    found += [Mount(f"/etc/{name}", str(frame.etc / name)) for name in ETC]
    if start.network:
        found.append(Mount("/dev/pts", options={"type": "devpts", "device": "devpts", "o": _TERMINALS}))
    if start.workspace is not None:
        layers = start.workspace
        if layers.lower:
            lower = ":".join(_escaped(path) for path in layers.lower)
            upper, work = _escaped(layers.upper), _escaped(layers.work)
            options = f"lowerdir={lower},upperdir={upper},workdir={work},userxattr,nosuid,nodev"
            found.append(Mount("/w", options={"type": "overlay", "device": "overlay", "o": options}))
        else:
            found.append(Mount("/w", str(layers.upper), read_only=False))
    found += [Mount(at, str(path), read_only=False) for at, path in start.writable.items()]
    found += [Mount(at, str(path)) for at, path in (*start.folders.items(), *start.mounts.items())]
    # Volumes that the image declares would be room on the engine's disk, outside of all limits.
    taken = {TMP[0], SHARED[0], *(mount.at for mount in found)}
    return found + [Mount(at) for at in sorted(frame.volumes - taken)]


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
