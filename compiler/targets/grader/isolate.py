"""Ways to run one program of the agent over a folder of its own, so that it cannot reach the grader. From the strongest:

`sandbox`  the runner takes requests from a folder and runs each in a sandbox of its own (`Requests`)
`bwrap`    bubblewrap, which must work here (`Bubblewrap`)
`user`     another user of the system, where the grader is root (`OtherUser`)
`none`     a process of the same user; what it leaves running is ended, nothing else is held back (`SameUser`)
"""

from __future__ import annotations

import atexit
import base64
import ctypes
import json
import os
import shutil
import subprocess
import tempfile
import time
from typing import Any, Optional

from .collect import collect_left, remove
from .process import NOBODY, PAGE, Program, Ran, as_user, refused, run

WORKSPACE = "/w"
BASE_ENV = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
# Where a runner lends tools, as pytest: programs in `bin`, packages in `python`.
TOOLS = "/opt/tools"
_WAIT_FOR_SANDBOX_S = 60.0
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
# Users for each grader, so that its programs are apart from those of others.
_FIRST_USER, _EACH = 70_000_000, 64
_NOT_ON_DISK, _SHALLOW = ("/proc", "/sys"), 3
_TRIAL = {"memory_bytes": 64 << 20}
_PYTHON = "/usr/bin/python3"
# As our own sandboxes start a program. Python may set LC_CTYPE for itself.
_STARTER = """
import os, signal, sys
at, kept, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
env = {name: value for name, value in os.environ.items() if name != "LC_CTYPE" or kept}
try:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(at)
    at = ""
    os.execvpe(argv[0], argv, env)
except OSError as error:
    os.write(2, ("%s: %s\\n" % (at or argv[0], error.strerror)).encode("utf-8", "replace"))
    os._exit(2 if at else 127 if isinstance(error, FileNotFoundError) else 126)
"""


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
        given, left = name + ".tree", name + ".after"
        shutil.copytree(tree, given, symlinks=True)
        os.mkdir(left)  # which stays empty if nothing is left of the files
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
        collect_left(left, after)
        for folder in (given, left):  # many programs that leave much would fill the disk
            remove(folder)
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
    """`path` is the program bwrap. `tools` is a folder of lent tools. Where the grader is root another user starts it, if that
    works, else bwrap is not used: to the kernel, root without any right still owns its settings and devices."""

    name = "bwrap"

    def __init__(self, path: str, tools: str) -> None:
        self._path = path
        self._tools = tools
        self._users: Optional[_Users] = _Users()

    def works(self) -> bool:
        """Whether a first sandbox comes up. May be asked in any process, also one with children and threads of its own."""
        own = self._path
        for user in self._users.all() if self._users else ():
            if self._starts(user):
                return True
            if os.path.isfile(own):
                self._path = _for_all(own)
                if self._starts(user):
                    return True
                self._path = own
        self._users = None
        owns_devices = os.geteuid() == 0 and os.stat("/dev/null").st_uid == 0
        return not owns_devices and self._starts(None)

    def _user(self) -> Optional[int]:
        return self._users.next() if self._users else None

    def _starts(self, user: Optional[int]) -> bool:
        try:
            done = subprocess.run(
                [*self._command("/", "/", _TRIAL, {}), "/bin/sh", "-c", ":"], env={}, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30, check=False,
                user=user, group=user, extra_groups=None if user is None else [],
            )  # fmt: skip
        except (OSError, ValueError, subprocess.SubprocessError):
            return False
        return done.returncode == 0

    def run(self, program: Program, tree: str, after: str) -> Ran:
        user = self._user()
        if user is not None:
            _give(tree, user)
        cwd = WORKSPACE if program.cwd == "." else "%s/%s" % (WORKSPACE, program.cwd)
        if any("\0" in text for text in (*program.argv, *program.env, *program.env.values())):
            ran = refused(126, "embedded null byte")
        else:
            kept = "LC_CTYPE" if "LC_CTYPE" in program.env else ""
            command = self._command(tree, WORKSPACE, program.limits, {**program.env, "PWD": cwd})
            ran = run([*command, *_start(cwd, kept), *program.argv], {}, None, program, user, tree)
        collect_left(tree, after)
        return ran

    def _command(self, tree: str, cwd: str, limits: dict[str, Any], env: dict[str, str]) -> list[str]:
        args = [self._path, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        for name, value in env.items():  # those of the program: bwrap itself has none
            args += ["--setenv", name, value]
        args += ["--ro-bind", "/usr", "/usr"]
        for name in ("bin", "sbin", "lib", "lib32", "lib64"):
            if os.path.islink("/" + name):
                args += ["--symlink", os.readlink("/" + name), "/" + name]
            elif os.path.isdir("/" + name):
                args += ["--ro-bind", "/" + name, "/" + name]
        args += ["--dir", "/etc"]
        for name in ("alternatives", "ld.so.cache", "passwd", "group"):
            args += ["--ro-bind-try", "/etc/" + name, "/etc/" + name]
        # What lies in memory counts for no process.
        size = ["--size", str(max(int(limits["memory_bytes"]) // 2, PAGE))]
        args += ["--proc", "/proc", "--dev", "/dev", *size, "--tmpfs", "/dev/shm", *size, "--tmpfs", "/tmp"]
        if self._tools:
            args += ["--ro-bind", self._tools, TOOLS]
        if tree != "/":
            args += ["--bind", tree, WORKSPACE]
        for path in ("/proc", "/dev", "/"):
            args += ["--remount-ro", path]
        return [*args, "--chdir", cwd, "--"]


class OtherUser(Isolation):
    """Programs run as a user that owns nothing but the folder; the grader is root."""

    name = "user"

    def __init__(self) -> None:
        self._users = _Users()

    def run(self, program: Program, tree: str, after: str) -> Ran:
        user = self._users.next()
        if user is None:
            raise OSError("there is no other user to run programs as")
        _give(tree, user)
        ran = run(program.argv, program.env, _within(tree, program.cwd), program, user, tree)
        collect_left(tree, after)
        if user != NOBODY:
            _sweep(user)
        return ran

    def may_read(self, path: str) -> bool:
        """Whether programs can read a file."""
        user = self._users.next()
        return user is not None and _may(user, path, os.R_OK)


class SameUser(Isolation):
    name = "none"

    def run(self, program: Program, tree: str, after: str) -> Ran:
        ran = run(program.argv, program.env, _within(tree, program.cwd), program, None, tree)
        collect_left(tree, after)
        return ran


def choose(requests: str, bwrap: str, tools: str) -> Isolation:
    """The strongest way that works here."""
    if requests and os.path.isdir(requests):
        return Requests(requests)
    for path in (bwrap, shutil.which("bwrap") or ""):
        if path:
            bubblewrap = Bubblewrap(path, tools)
            if bubblewrap.works():
                return bubblewrap
    return SameUser() if _Users().next() is None else OtherUser()


def shut_off() -> None:
    """Let no other process of this user read our memory, and inherit what descendants leave behind."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        return


class _Users:
    """Other users, where the grader is root: one for each program, as far as there are any."""

    def __init__(self) -> None:
        self._number = 0

    def all(self) -> tuple[int, ...]:
        """Those that the next program may run as."""
        own = _FIRST_USER + os.getpid() * _EACH + self._number % _EACH
        return (own, NOBODY) if os.geteuid() == 0 else ()

    def next(self) -> Optional[int]:
        """None where the grader cannot become another user."""
        self._number += 1
        return next((user for user in self.all() if as_user(user, lambda: True)), None)


def _may(user: int, path: str, right: int) -> bool:
    return as_user(user, lambda: os.access(path, right))


def _for_all(path: str) -> str:
    """A copy of bwrap that every user can start, with the libraries that lie beside it where it is that of the Python package."""
    folder = tempfile.mkdtemp(prefix="bwrap-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    package = os.path.dirname(os.path.dirname(os.path.abspath(path)))
    copy, libraries = os.path.join(folder, "p", "b", "bwrap"), package + ".libs"
    os.makedirs(os.path.dirname(copy))
    shutil.copyfile(path, copy)
    if os.path.isdir(libraries):
        shutil.copytree(libraries, os.path.join(folder, os.path.basename(libraries)), copy_function=shutil.copyfile)
    for above, folders, files in os.walk(folder):
        for name in (above, *(os.path.join(above, one) for one in (*folders, *files))):
            os.chmod(name, 0o755)
    return copy


def _give(tree: str, user: int) -> None:
    """Let another user have a folder, and pass those above; that they may not be listed hides the rest."""
    for folder, folders, files in os.walk(tree):
        for name in [folder, *(os.path.join(folder, one) for one in (*folders, *files))]:
            os.lchown(name, user, user)
    above = os.path.dirname(os.path.abspath(tree))
    while above != "/" and os.stat(above).st_uid == os.geteuid() and not os.stat(above).st_mode & 0o001:
        os.chmod(above, os.stat(above).st_mode | 0o111)
        above = os.path.dirname(above)


def _sweep(user: int) -> None:
    """Remove what a program has left where everybody may write: the next one would find it, or no room."""
    for folder in _writable():
        try:
            with os.scandir(folder) as entries:
                theirs = [one.path for one in entries if one.stat(follow_symlinks=False).st_uid == user]
        except OSError:
            continue
        for path in theirs:
            remove(path)


def _writable() -> list[str]:
    """The folders of this machine in which everybody may write, as far as they are not deep."""
    found: list[str] = []
    waiting = [("/", 0)]
    while waiting:
        folder, depth = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for one in entries:
                    if one.is_dir(follow_symlinks=False) and one.path not in _NOT_ON_DISK:
                        if one.stat(follow_symlinks=False).st_mode & 0o002:
                            found.append(one.path)
                        elif depth + 1 < _SHALLOW:
                            waiting.append((one.path, depth + 1))
        except OSError:
            continue
    return found


def _within(tree: str, cwd: str) -> str:
    return tree if cwd == "." else os.path.join(tree, *cwd.split("/"))


def _start(cwd: str, kept: str) -> list[str]:
    """Starts the program behind it from within bubblewrap, with the exit status that the system's own refusal has."""
    if os.path.exists(_PYTHON):
        return [_PYTHON, "-I", "-S", "-c", _STARTER, cwd, kept]
    return ["/bin/sh", "-c", 'cd -- "$1" || exit 2; shift 2; exec "$@"', "sh", cwd, kept]
