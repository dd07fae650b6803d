"""Workers that play cases as root and as an ordinary user, and the parameters `backend`, `user` and `case`.

Started as root, the suite plays each case twice: as root, and in a worker that has dropped to another user and runs a
copy of what it needs (`staged.py`); over slow backends the second of the two is left to the nightly run. Started as an
ordinary user, it can play the second half only, and says so.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Literal

import pytest

from clawc.commands.compiling import build_all
from clawc.commands.sources import check_file
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox.docker.engine import socket_path
from tests.sandbox.backends import BY_TURNS, NOT_YET
from tests.sandbox.cases import CASES
from tests.sandbox.staged import INTERPRETER, ROOT, Staged, is_root, stage

User = Literal["root", "ordinary"]
USERS: tuple[User, ...] = ("root", "ordinary")
ORDINARY = 12345


class Unavailable(Exception):
    """No sandbox can work for that user; the text says why."""


class Worker:
    """A process that plays cases; see `worker.py`. `stop` must be called."""

    def __init__(self, backend: str, user: User, command: Sequence[str], staged: Staged | None, bundles: Path) -> None:
        self.said: dict[str, tuple[bool, str]] = {}
        self.asked: set[str] = set()
        self.folder = Path(tempfile.mkdtemp(prefix="clawc-suite-")).resolve()
        for name in ("state", "cases", "home"):
            (self.folder / name).mkdir(mode=0o755)
        drop = ORDINARY if staged is not None else None
        for path in (self.folder, *self.folder.iterdir()):
            path.chmod(0o755)
            if drop is not None:
                os.chown(path, drop, drop)
        env = dict(os.environ) if staged is None else {**staged.env, **_engine_environment()}
        env |= {"HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "home")}
        self._errors: IO[bytes] = (self.folder / "errors").open("w+b")
        self._process = subprocess.Popen(
            [*command, "-m", "tests.sandbox.worker", backend, *(str(self.folder / n) for n in ("state", "cases")), str(bundles)],
            cwd=ROOT if staged is None else staged.folder,
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            user=drop, group=drop, extra_groups=None if drop is None else further_groups(backend),
        )  # fmt: skip
        first = self._read()
        if not first["ok"]:
            self.stop()
            raise Unavailable(f"no sandbox for the {user} user: {first['said']}")

    def ask(self, cases: Sequence[str]) -> None:
        """Have cases played that were not asked for before."""
        assert self._process.stdin is not None
        for name in cases:
            if name not in self.asked:
                self.asked.add(name)
                self._process.stdin.write(name + "\n")
        self._process.stdin.flush()

    def result(self, case: str) -> tuple[bool, str]:
        """Whether a case held, and what was said."""
        self.ask([case])
        while case not in self.said:
            reply = self._read()
            self.said[str(reply["case"])] = (bool(reply["ok"]), str(reply["said"]))
        return self.said[case]

    def stop(self) -> str:
        """End it; what it said if it did not end well."""
        self._process.communicate()
        self._errors.seek(0)
        errors = self._errors.read().decode("utf-8", "replace")
        self._errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return errors[-3000:] if self._process.returncode else ""

    def _read(self) -> dict[str, object]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended: {self.stop()}")
        found: dict[str, object] = json.loads(line)
        return found


def further_groups(backend: str) -> list[int]:
    """What an ordinary user must belong to for a backend: those who may use Docker."""
    if backend != "docker":
        return []
    try:
        return [socket_path().stat().st_gid]
    except (OSError, SandboxUnavailable):
        return []


def _engine_environment() -> dict[str, str]:
    """Where the Docker engine is, if not in its usual place."""
    return {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}


Workers = Callable[[str, User], Worker]


@pytest.fixture(scope="session")
def workers(request: pytest.FixtureRequest, bundles: Path) -> Iterator[Workers]:
    """The worker for a backend and a user, started when it is first asked for; skips where there can be none.

    Without pytest-xdist all selected cases are asked for at once, so that some are played at a time.
    """
    running: dict[tuple[str, User], Worker | str] = {}
    copies: list[Staged] = []
    folder = Path(tempfile.mkdtemp(prefix="clawc-staged-"))
    folder.chmod(0o755)

    def started(backend: str, user: User) -> Worker | str:
        if user == "root" and not is_root():
            return "the tests do not run as root"
        if user == "ordinary" and is_root() and not copies:
            copies.append(stage(folder, ORDINARY))
        staged = copies[0] if user == "ordinary" and is_root() else None
        if staged is not None and staged.reason:
            return staged.reason
        try:
            worker = Worker(backend, user, [sys.executable if staged is None else INTERPRETER], staged, bundles)
        except Unavailable as why:
            return str(why)
        if "PYTEST_XDIST_WORKER" not in os.environ:
            worker.ask(_selected(request.session.items, backend, user))
        return worker

    def get(backend: str, user: User) -> Worker:
        if (backend, user) not in running:
            running[backend, user] = started(backend, user)
        found = running[backend, user]
        if isinstance(found, str):
            if backend == "docker" and is_root() and os.environ.get("CLAWC_TEST_DOCKER") == "1":
                pytest.fail(found, pytrace=False)
            pytest.skip(found)
        return found

    yield get
    problems = [f"{key}: {worker.stop()}" for key, worker in running.items() if isinstance(worker, Worker)]
    shutil.rmtree(folder)
    assert [text for text in problems if not text.endswith(": ")] == []


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder that every user may pass through, for what a backend keeps; it must be empty in the end."""
    path = Path(tempfile.mkdtemp(prefix="clawc-suite-"))
    path.chmod(0o755)
    yield path
    left = os.listdir(path)
    shutil.rmtree(path)
    assert left == []


@pytest.fixture(scope="session")
def bundles() -> Iterator[Path]:
    """A folder with the compiled tasks that cases are about, for every user to read."""
    folder = Path(tempfile.mkdtemp(prefix="clawc-bundles-"))
    compiled = check_file(ROOT / "tests/sandbox/tasks.claw")
    assert compiled.ok, [finding.message for finding in compiled.diagnostics]
    build_all(compiled.tasks, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield folder
    shutil.rmtree(folder)


Followers = Callable[[str, User, str], list[str]]
Holds = Callable[[str, User, str], None]


@pytest.fixture(scope="session")
def followers(request: pytest.FixtureRequest) -> Followers:
    """The case that is played after another one, if any."""
    next_ones: dict[tuple[str, User], dict[str, str]] = {}

    def get(backend: str, user: User, case: str) -> list[str]:
        if (backend, user) not in next_ones:
            order = _selected(request.session.items, backend, user)
            next_ones[backend, user] = dict(itertools.pairwise(order))
        following = next_ones[backend, user].get(case)
        return [] if following is None else [following]

    return get


@pytest.fixture
def holds(workers: Workers, followers: Followers) -> Holds:
    """Plays one case; fails with what it said."""

    def play(backend: str, user: User, case: str) -> None:
        worker = workers(backend, user)
        if "PYTEST_XDIST_WORKER" in os.environ:  # what comes next most likely comes here, and many cases mostly wait
            worker.ask([case, *followers(backend, user, case)])
        ok, said = worker.result(case)
        if not ok:
            pytest.fail(f"{CASES[case].tries}: {CASES[case].expects}\n{said}", pytrace=False)

    return play


def parameters(backends: Sequence[str], cases: Sequence[str]) -> list[object]:
    """`backend, user, case` of each test; what a backend has not yet must fail."""
    found: list[object] = []
    for backend in backends:
        by_turns = backend in BY_TURNS and is_root()
        for turn, user in enumerate(USERS):
            for number, case in enumerate(cases):
                marks: list[pytest.MarkDecorator] = []
                if CASES[case].nightly or (by_turns and number % 2 != turn):
                    marks.append(pytest.mark.nightly)
                if user in NOT_YET.get(backend, {}).get(CASES[case].needs, ()):
                    marks.append(pytest.mark.xfail(strict=True, reason=f"{backend} has no {CASES[case].needs} yet"))
                found.append(pytest.param(backend, user, case, id=f"{backend}-{user}-{case}", marks=marks))
    return found


def _selected(items: Sequence[pytest.Item], backend: str, user: User) -> list[str]:
    """The cases among the tests of this session that a worker will be asked about."""
    found: list[str] = []
    for item in items:
        callspec = getattr(item, "callspec", None)
        values: dict[str, object] = callspec.params if callspec is not None else {}
        if (values.get("backend"), values.get("user")) == (backend, user) and str(values.get("case")) in CASES:
            found.append(str(values["case"]))
    return found
