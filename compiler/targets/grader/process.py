"""One program of the agent as a process: bounded, followed to its end, and ended with all that descends from it.

For the grader's own process only: what is a child of it is taken for the program's.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import resource
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from typing import IO, Any, NamedTuple, Optional

# Where few users are mapped, one for all programs of all graders.
NOBODY = 65_432
OUTPUT_LIMIT = 8 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")
_POLL_S, _DISK_S = 0.05, 0.5
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_MOST_ENTRIES, _MOST_DEPTH = 100_000, 200
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Processes of bubblewrap itself.
_OF_BWRAP = 2
# Whether the kernel lists the children of a process.
_LISTED = os.path.exists("/proc/%d/task/%d/children" % (os.getpid(), os.getpid()))


class Program(NamedTuple):
    """What to run, in the folder `tree` or one below. Times in seconds, sizes in bytes."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    stdin: bytes
    timeout_s: float
    limits: dict[str, Any]


class Ran(NamedTuple):
    """`exit` is None if it was ended, else 128 + n after signal n; `limit` is "time", "memory" or empty."""

    exit: Optional[int]
    stdout: bytes
    stderr: bytes
    limit: str
    truncated: bool


def as_user(user: int, asked: Callable[[], bool]) -> bool:
    """What another user answers. Root without the right to change its user is none."""
    pid = os.fork()
    if pid == 0:
        answer = False
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            answer = asked()
        finally:
            os._exit(0 if answer else 1)
    return os.waitpid(pid, 0)[1] == 0


def refused(status: int, said: object) -> Ran:
    return Ran(status, b"", ("%s\n" % said).encode("utf-8", "replace"), "", False)


def run(
    argv: list[str], env: dict[str, str], cwd: Optional[str], program: Program, user: Optional[int], tree: str
) -> Ran:
    """Run to the end or a limit; whatever descends from it is gone when this returns. `cwd` is None for bwrap, which says by a
    pipe whether it has started anything; raises OSError if not. `tree` is the folder whose size is bounded, if any."""

    def begin() -> None:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        size = int(program.limits["disk_bytes"])
        for limit, value in (
            (resource.RLIMIT_FSIZE, size),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, 1024),
            (resource.RLIMIT_CPU, int(program.timeout_s) + 2),
        ):
            _, hard = resource.getrlimit(limit)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))
        try:
            with open("/proc/self/oom_score_adj", "w") as file:  # where memory runs out, not the grader
                file.write("1000")
        except OSError:
            pass
        if user is not None:
            resource.setrlimit(resource.RLIMIT_NPROC, (program.limits["processes"] + _OF_BWRAP,) * 2)
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    if cwd is not None and not os.path.isdir(cwd):
        return refused(2, "%s: No such file or directory" % program.cwd)
    before = frozenset(_children(os.getpid()))
    reading, writing = os.pipe()
    told = ["--json-status-fd", str(writing)] if cwd is None else []
    try:
        process = subprocess.Popen(
            [*argv[:1], *told, *argv[1:]], env=env if cwd is None else {**env, "PWD": cwd}, cwd=cwd, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=begin,
            pass_fds=[writing] if told else [],
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        os.close(reading)
        missing = isinstance(error, FileNotFoundError)
        return refused(127 if missing else 126, "%s: %s" % (argv[0], getattr(error, "strerror", None) or error))
    finally:
        os.close(writing)
    with open(reading, "rb") as status, process:
        try:
            kept, truncated, limit = _follow(process, program, tree)
        finally:
            _end(process, user, before)
        os.set_blocking(reading, False)
        started = not told or b"exit-code" in (status.read(1 << 16) or b"")
    if not started and not limit:
        raise OSError("bubblewrap did not start: %s" % kept[1][:500].decode("utf-8", "replace").strip())
    code = process.returncode
    return Ran(None if limit else 128 - code if code < 0 else code, bytes(kept[0]), bytes(kept[1]), limit, truncated)


def _follow(process: subprocess.Popen[bytes], program: Program, tree: str) -> tuple[list[bytearray], bool, str]:
    """Feed it and keep what it says, until it ends or exceeds something."""
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    deadline = time.monotonic() + program.timeout_s
    kept: list[bytearray] = [bytearray(), bytearray()]
    truncated, ended = False, False
    rest = program.stdin
    bounds = _Bounds(process.pid, program.limits, tree)
    with selectors.DefaultSelector() as selector:
        for number, stream in enumerate((process.stdout, process.stderr)):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ, number)
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE, -1)
        while not ended or selector.get_map():  # one that has closed its outputs may go on
            if not ended and process.poll() is not None:
                ended, deadline = True, min(deadline, time.monotonic() + 1)  # what it left behind may hold the pipes
            if time.monotonic() > deadline:
                return kept, truncated, "" if ended else "time"
            exceeded = "" if ended else bounds.exceeded()
            if exceeded:
                return kept, truncated, exceeded
            if not selector.get_map():
                time.sleep(_POLL_S / 10)
                continue
            for key, _ in selector.select(_POLL_S):
                if key.data < 0:
                    rest = _feed(selector, process.stdin, rest)
                    continue
                data = _read(key.fd)
                if data is None:
                    continue
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                output: bytearray = kept[int(key.data)]
                room = OUTPUT_LIMIT - len(output)
                output += data[:room]
                truncated = truncated or len(data) > room
    return kept, truncated, ""


class _Bounds:
    """What a program uses, looked at from time to time: memory of its processes, their number, and what is in its folder."""

    def __init__(self, pid: int, limits: dict[str, Any], tree: str) -> None:
        self._pid = pid
        self._limits = limits
        self._tree = tree
        self._next = time.monotonic()
        self._next_disk = self._next + _DISK_S

    def exceeded(self) -> str:
        """The limit that is exceeded, if any."""
        now = time.monotonic()
        if now >= self._next:
            below, most = [self._pid, *_descendants(self._pid)], self._limits["memory_bytes"]
            if sum(map(_resident, below)) > most and sum(map(_proportional, below)) > most:
                return "memory"
            if len(below) > self._limits["processes"] + _OF_BWRAP:
                return "processes"
            self._next = time.monotonic() + _POLL_S
        if self._tree and now >= self._next_disk:
            if _over(self._tree, self._limits["disk_bytes"]):
                return "disk"
            later = time.monotonic()
            self._next_disk = later + max(_DISK_S, 10 * (later - now))
        return ""


def _over(tree: str, most: int) -> bool:
    """Whether there is more in a folder than may be, in bytes, entries or depth. A program is at work in it: no link is followed."""
    left = [most, _MOST_ENTRIES]
    try:
        return _over_in(os.open(tree, _FOLDER), left, 0)
    except OSError:
        return False


def _over_in(folder: int, left: list[int], depth: int) -> bool:
    """`left` are the bytes and entries that there may still be; `folder` is closed."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in itertools.islice(entries, left[1] + 1)]
        for name in names:
            try:
                seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
                left[0] -= seen.st_blocks * 512
                left[1] -= 1
                if min(left) < 0 or depth > _MOST_DEPTH:
                    return True
                if stat.S_ISDIR(seen.st_mode) and _over_in(_opened(name, folder), left, depth + 1):
                    return True
            except OSError:  # it is gone, or another's
                continue
        return False
    finally:
        os.close(folder)


def _opened(name: str, parent: int) -> int:
    """A folder, also where its owner has taken the right to list it away and is us."""
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        held = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            os.chmod("/proc/self/fd/%d" % held, 0o700)
        finally:
            os.close(held)
        return os.open(name, _FOLDER, dir_fd=parent)


def _read(fd: int) -> Optional[bytes]:
    try:
        return os.read(fd, 1 << 16)
    except BlockingIOError:
        return None


def _feed(selector: selectors.BaseSelector, stdin: IO[bytes], rest: bytes) -> bytes:
    try:
        rest = rest[os.write(stdin.fileno(), rest[: 1 << 16]) :] if rest else rest
    except BlockingIOError:
        return rest
    except OSError:
        rest = b""
    if not rest:
        selector.unregister(stdin)
        stdin.close()
    return rest


def _end(process: subprocess.Popen[bytes], user: Optional[int], before: frozenset[int]) -> None:
    """Kill it with all that descends from it: orphans have become children of ours, beside those that we had `before`. Of a user
    of its own everything goes."""
    if user is not None and user != NOBODY:
        as_user(user, _kill_all)
    if process.poll() is None:
        process.kill()
    for _ in range(1000):
        own = [pid for pid in _children(os.getpid()) if pid not in before]
        below = [pid for one in own for pid in (one, *_descendants(one))]
        if not below:
            break
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        process.poll()
        _reap(process.pid, before)
        time.sleep(0.001)
    process.wait()


def _kill_all() -> bool:
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError:
        return False
    return True


def _reap(kept: int, before: frozenset[int]) -> None:
    """Take leave of ended orphans, but of the process itself, whose status is wanted."""
    for pid in _children(os.getpid()):
        if pid != kept and pid not in before:
            try:
                os.waitpid(pid, os.WNOHANG)
            except OSError:
                continue


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, task)) as file:
                found += map(int, file.read().split())
    except OSError:
        return (
            found
            if _LISTED
            else [one for one in map(int, filter(str.isdigit, os.listdir("/proc"))) if _parent(one) == pid]
        )
    return found


def _parent(pid: int) -> int:
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _descendants(pid: int) -> list[int]:
    found = _children(pid)
    for one in found:
        found += _children(one)
    return found


def _resident(pid: int) -> int:
    """Bytes in memory of a process."""
    try:
        with open("/proc/%d/statm" % pid) as file:
            return int(file.read().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    """As `_resident`, but what several processes share is shared out among them; where that is not told, as `_resident`."""
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            return 1024 * next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return _resident(pid)
