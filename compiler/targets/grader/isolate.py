"""Ways to run one program of the agent over a folder of its own, so that it cannot reach the grader. From the strongest:

`sandbox`  the runner takes requests from a folder and runs each in a sandbox of its own (`Requests`)
`bwrap`    bubblewrap, which must work here (`Bubblewrap`)
`user`     another user of the system, where the grader is root (`OtherUser`)
`none`     a process of the same user; what it leaves running is ended, nothing else is held back (`SameUser`)
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import resource
import selectors
import shutil
import signal
import subprocess
import time
from typing import IO, Any, NamedTuple, Optional

from .collect import collect

OUTPUT_LIMIT = 8 << 20
WORKSPACE = "/w"
BASE_ENV = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
# Where a runner lends tools, as pytest: programs in `bin`, packages in `python`.
TOOLS = "/opt/tools"
_POLL_S = 0.05
_WAIT_FOR_SANDBOX_S = 60.0
_PR_SET_CHILD_SUBREAPER, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 36, 4, 38
# One user for each grader, so that their programs are counted apart; where few users are mapped, one for all.
_FIRST_USER, _NOBODY = 70_000_000, 65_432
_PAGE = os.sysconf("SC_PAGE_SIZE")


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


class Isolation:
    """Runs programs; `name` says how."""

    name = ""

    def run(self, program: Program, tree: str, after: str) -> Ran:
        """Run over the folder `tree`; what is in it then is copied to the new folder `after`."""
        raise NotImplementedError


def lent(tools: str) -> dict[str, str]:
    """The environment in which lent tools are found; `tools` is their folder here, empty where there are none."""
    if not tools:
        return {}
    return {
        "PATH": "%s:%s/bin" % (BASE_ENV["PATH"], tools),
        "PYTHONPATH": "%s/python" % tools,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


class Requests(Isolation):
    """The runner answers: a request is `N.json` in the folder, its files the folder `N.tree`; the answer is `N.done`
    beside `N.result`, and the files afterwards `N.after`."""

    name = "sandbox"

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._number = 0

    def run(self, program: Program, tree: str, after: str) -> Ran:
        self._number += 1
        name = os.path.join(self._folder, str(self._number))
        shutil.copytree(tree, name + ".tree", symlinks=True)
        request = {
            "argv": program.argv, "env": program.env, "cwd": program.cwd, "timeout_s": program.timeout_s,
            "stdin": base64.b64encode(program.stdin).decode("ascii"), "limits": program.limits, "links": _links(tree),
        }  # fmt: skip
        with open(name + ".new", "w", encoding="ascii") as file:
            json.dump(request, file)
        os.rename(name + ".new", name + ".json")
        deadline = time.monotonic() + program.timeout_s + _WAIT_FOR_SANDBOX_S
        while not os.path.exists(name + ".done"):
            if time.monotonic() > deadline:
                raise OSError("the runner does not answer requests for a sandbox")
            time.sleep(0.01)
        with open(name + ".result", encoding="ascii") as file:
            result = json.load(file)
        if "fault" in result:
            raise OSError(str(result["fault"]))
        collect(name + ".after", after)
        out, err = (base64.b64decode(result[stream]) for stream in ("stdout", "stderr"))
        return Ran(result["exit"], out, err, result["limit"], result["truncated"])


def _links(tree: str) -> dict[str, str]:
    """The links in a tree of ours, each with what it says."""
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(tree):
        for name in (*folders, *names):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                found[os.path.relpath(path, tree)] = os.readlink(path)
    return found


class Bubblewrap(Isolation):
    """`path` is the program bwrap. `tools` is a folder of lent tools."""

    name = "bwrap"

    def __init__(self, path: str, tools: str) -> None:
        self._path = path
        self._tools = tools

    def works(self) -> bool:
        """Whether a first sandbox comes up."""
        try:
            done = subprocess.run(
                [*self._command("/", "/"), "/bin/sh", "-c", ":"], env={}, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0

    def run(self, program: Program, tree: str, after: str) -> Ran:
        cwd = WORKSPACE if program.cwd == "." else "%s/%s" % (WORKSPACE, program.cwd)
        command = [*self._command(tree, cwd), *program.argv]
        ran = _run(command, {**program.env, "PWD": cwd}, None, program, None)
        collect(tree, after)
        return ran

    def _command(self, tree: str, cwd: str) -> list[str]:
        args = [self._path, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        args += ["--ro-bind", "/usr", "/usr"]
        for name in ("bin", "sbin", "lib", "lib32", "lib64"):
            if os.path.islink("/" + name):
                args += ["--symlink", os.readlink("/" + name), "/" + name]
            elif os.path.isdir("/" + name):
                args += ["--ro-bind", "/" + name, "/" + name]
        args += ["--dir", "/etc"]
        for name in ("alternatives", "ld.so.cache", "passwd", "group"):
            args += ["--ro-bind-try", "/etc/" + name, "/etc/" + name]
        args += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        if self._tools:
            args += ["--ro-bind", self._tools, TOOLS]
        if tree != "/":
            args += ["--bind", tree, WORKSPACE]
        return [*args, "--remount-ro", "/", "--chdir", cwd, "--"]


class OtherUser(Isolation):
    """Programs run as a user that owns nothing but the folder; the grader is root."""

    name = "user"

    def __init__(self, user: int) -> None:
        self._user = user

    def run(self, program: Program, tree: str, after: str) -> Ran:
        for folder, folders, files in os.walk(tree):
            for name in [folder, *(os.path.join(folder, one) for one in (*folders, *files))]:
                os.lchown(name, self._user, self._user)
        _open_way(tree)
        ran = _run(program.argv, program.env, _within(tree, program.cwd), program, self._user)
        collect(tree, after)
        return ran


class SameUser(Isolation):
    name = "none"

    def run(self, program: Program, tree: str, after: str) -> Ran:
        ran = _run(program.argv, program.env, _within(tree, program.cwd), program, None)
        collect(tree, after)
        return ran


def choose(requests: str, bwrap: str, tools: str) -> Isolation:
    """The strongest way that works here."""
    if requests and os.path.isdir(requests):
        return Requests(requests)
    for path in (bwrap, shutil.which("bwrap") or ""):
        if path and Bubblewrap(path, tools).works():
            return Bubblewrap(path, tools)
    for user in (_FIRST_USER + os.getpid(), _NOBODY):
        if os.geteuid() == 0 and _may_become(user):
            return OtherUser(user)
    return SameUser()


def shut_off() -> None:
    """Let no other process of this user read our memory, and inherit what descendants leave behind."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        return


def _may_become(user: int) -> bool:
    """Root without the right to change its user is no use."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def _open_way(tree: str) -> None:
    """Let another user pass the folders above; that they may not be listed hides the rest."""
    above = os.path.dirname(os.path.abspath(tree))
    while above != "/" and os.stat(above).st_uid == os.geteuid() and not os.stat(above).st_mode & 0o001:
        os.chmod(above, os.stat(above).st_mode | 0o111)
        above = os.path.dirname(above)


def _within(tree: str, cwd: str) -> str:
    return tree if cwd == "." else os.path.join(tree, *cwd.split("/"))


def _run(argv: list[str], env: dict[str, str], cwd: Optional[str], program: Program, user: Optional[int]) -> Ran:
    """Run to the end or a limit; whatever descends from it is gone when this returns."""

    def begin() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        size = int(program.limits["disk_bytes"])
        for limit, value in (
            (resource.RLIMIT_FSIZE, size),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, 1024),
            (resource.RLIMIT_CPU, int(program.timeout_s) + 2),
        ):
            resource.setrlimit(limit, (value, value))
        if user is not None:
            resource.setrlimit(resource.RLIMIT_NPROC, (program.limits["processes"],) * 2)
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)

    try:
        process = subprocess.Popen(
            argv, env=env if cwd is None else {**env, "PWD": cwd}, cwd=cwd, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=begin,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        missing = isinstance(error, FileNotFoundError)
        said = "%s: %s\n" % (argv[0], getattr(error, "strerror", None) or error)
        return Ran(127 if missing else 126, b"", said.encode("utf-8", "replace"), "", False)
    with process:
        kept, truncated, limit = _follow(process, program)
        _end(process)
    code = process.returncode
    return Ran(None if limit else 128 - code if code < 0 else code, bytes(kept[0]), bytes(kept[1]), limit, truncated)


def _follow(process: subprocess.Popen[bytes], program: Program) -> tuple[list[bytearray], bool, str]:
    """Feed it and keep what it says, until it ends or exceeds something."""
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    deadline = time.monotonic() + program.timeout_s
    kept: list[bytearray] = [bytearray(), bytearray()]
    truncated, limit = False, ""
    rest = program.stdin
    with selectors.DefaultSelector() as selector:
        for number, stream in enumerate((process.stdout, process.stderr)):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ, number)
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE, -1)
        ended = False
        while selector.get_map():
            if not ended and process.poll() is not None:
                ended, deadline = True, min(deadline, time.monotonic() + 1)  # what it left behind may hold the pipes
            if time.monotonic() > deadline:
                limit = "" if ended else "time"
                break
            if not ended and _resident(process.pid) > program.limits["memory_bytes"]:
                limit = "memory"
                break
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
                output = kept[key.data]
                room = OUTPUT_LIMIT - len(output)
                output += data[:room]
                truncated = truncated or len(data) > room
        if not ended and not limit:
            limit = _await(process, deadline)
    return kept, truncated, limit


def _await(process: subprocess.Popen[bytes], deadline: float) -> str:
    """A program that has closed its outputs may go on."""
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
        return ""
    except subprocess.TimeoutExpired:
        return "time"


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


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with all that descends from it: orphans have become children of ours."""
    for _ in range(1000):
        below = _descendants(os.getpid())
        if not below:
            break
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        process.poll()
        _reap(process.pid)
        time.sleep(0.001)
    process.wait()


def _reap(kept: int) -> None:
    """Take leave of ended orphans, but of the process itself, whose status is wanted."""
    for pid in _children(os.getpid()):
        if pid != kept:
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
        return found
    return found


def _descendants(pid: int) -> list[int]:
    found = _children(pid)
    for one in found:
        found += _children(one)
    return found


def _resident(pid: int) -> int:
    """Bytes in memory of a process and its descendants."""
    size = 0
    for one in [pid, *_descendants(pid)]:
        try:
            with open("/proc/%d/statm" % one) as file:
                size += int(file.read().split()[1]) * _PAGE
        except (OSError, ValueError, IndexError):
            continue
    return size
