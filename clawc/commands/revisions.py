"""Revisions of a git repository, read without running anything that the repository brings along.

Only names and contents of what was committed are asked for. Git never looks at the working tree here, so no filter, hook,
monitor, pager or external diff of a repository's configuration has an occasion to run; nothing is fetched.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from clawc import exits
from clawc.exits import UserError

_WALL_S = 120.0
_MAX_LIST = 256 << 20  # bytes of the list of a revision's files
_MAX_SAID = 4 << 10
_MAX_REF = 500
_LINK, _PROGRAM, _SUBMODULE = "120000", "100755", "160000"
# Settings on the command line win over those of a repository; each would start a program, or ask a server.
_SETTINGS = (
    "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "core.alternateRefsCommand=false",
    "protocol.allow=never", "safe.bareRepository=explicit",
)  # fmt: skip
_KEPT = (
    "PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "SYSTEMROOT",
    "GIT_CONFIG_GLOBAL", "GIT_CEILING_DIRECTORIES",
)  # fmt: skip
_ENVIRONMENT = {
    "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat",
    "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1",
}  # fmt: skip
_SHALLOW = "the history here is cut off: fetch more of it, as by `git fetch --unshallow` or `fetch-depth: 0`"


class Entry(NamedTuple):
    """A file of a revision: its mode in git's digits, the id of its content, and its size where it was asked for."""

    mode: str
    id: str
    size: int

    @property
    def link(self) -> bool:
        return self.mode == _LINK

    @property
    def program(self) -> bool:
        return self.mode == _PROGRAM


class _Ended(NamedTuple):
    code: int
    out: bytes
    said: str


class Repository:
    """The repository around a folder. Raises UserError where there is no git, or no repository."""

    def __init__(self, folder: Path) -> None:
        self._git = _git()
        self._folder = folder
        found = self._run(["rev-parse", "--show-toplevel"])
        if found.code or not found.out.endswith(b"\n"):
            raise _no_repository(folder, found.said)
        self.top = Path(os.path.realpath(os.fsdecode(found.out[:-1])))

    def commit(self, ref: str) -> str:
        """The id of the commit that a revision names."""
        if not ref or ref.startswith("-") or len(ref) > _MAX_REF or any(ord(c) < 32 or ord(c) == 127 for c in ref):
            raise UserError(f"`{ref[:80]!a}` is no revision of git", "write a branch, a tag or a commit")
        found = self._run(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"])
        id = found.out.decode("ascii", "replace").strip()
        if found.code or not _is_id(id):
            help = _SHALLOW if self._shallow else "`git fetch` it, or write a branch, a tag or a commit that is here"
            raise UserError(f"git knows no revision `{ref}` here", help)
        return id

    def merge_base(self, ref: str) -> str:
        """The commit where the history of what is checked out left that of `ref`."""
        id = self.commit(ref)
        found = self._run(["merge-base", id, "HEAD"])
        base = found.out.decode("ascii", "replace").split("\n", 1)[0]
        if found.code or not _is_id(base):
            help = _SHALLOW if self._shallow else "name a revision that the branch began at, or after it"
            raise UserError(f"`{ref}` and what is checked out have no commit in common", help)
        return base

    def tree(self, commit: str, *, sizes: bool = False) -> Tree:
        """All files of a commit. Their sizes need their contents, which a partial clone may lack."""
        found = self._run(["ls-tree", "-r", "-z", *(["-l"] if sizes else []), "--full-tree", commit])
        if found.code:
            raise UserError(f"git cannot list the files of {commit[:12]}: {found.said}", "", exits.ENVIRONMENT)
        entries: dict[bytes, Entry] = {}
        for record in found.out.split(b"\0"):
            head, _, path = record.partition(b"\t")
            fields = head.decode("ascii", "replace").split()
            if len(fields) >= 3 and _is_id(fields[2]):
                size = int(fields[3]) if len(fields) > 3 and fields[3].isdigit() else 0
                entries[path] = Entry(fields[0], fields[2], size)
        return Tree({path: entry for path, entry in entries.items() if entry.mode != _SUBMODULE})

    def contents(self, entries: Sequence[Entry]) -> dict[str, bytes]:
        """What was committed, by its id; no filter turns it into something else."""
        wanted = {entry.id: entry.size for entry in entries}
        asked = "".join(f"{id}\n" for id in wanted).encode()
        room = sum(wanted.values()) + 128 * len(wanted)
        found = self._run(["cat-file", "--batch"], asked, room)
        given: dict[str, bytes] = {}
        at = 0
        while at < len(found.out):
            end = found.out.index(b"\n", at) if b"\n" in found.out[at : at + 200] else len(found.out)
            fields = found.out[at:end].decode("ascii", "replace").split()
            if len(fields) != 3 or fields[1] != "blob" or not fields[2].isdigit():
                break
            size = int(fields[2])
            given[fields[0]] = found.out[end + 1 : end + 1 + size]
            at = end + size + 2
        if found.code or any(len(given.get(id, b"")) != size for id, size in wanted.items()):
            raise UserError("git does not have all files of this revision", _SHALLOW, exits.ENVIRONMENT)
        return given

    @cached_property
    def _shallow(self) -> bool:
        return self._run(["rev-parse", "--is-shallow-repository"]).out.strip() == b"true"

    def _run(self, arguments: Sequence[str], given: bytes = b"", most: int = _MAX_LIST) -> _Ended:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        command = [self._git, *settings, "--no-pager", "--no-optional-locks", "--no-replace-objects", *arguments]
        env = {name: os.environ[name] for name in _KEPT if name in os.environ} | _ENVIRONMENT
        return _bounded(command, self._folder, env, given, most)


class Tree:
    """The files of a commit, by their names as bytes from the top of the repository."""

    def __init__(self, entries: Mapping[bytes, Entry]) -> None:
        self.entries = entries
        self._names = sorted(entries)

    def below(self, folder: bytes) -> list[bytes]:
        """The names below a folder; all for the empty name."""
        if not folder:
            return self._names
        head = folder + b"/"
        first = bisect_left(self._names, head)
        return self._names[first : bisect_left(self._names, folder + b"0", first)]


def _git() -> str:
    found = shutil.which("git")
    if found is None or not os.path.isabs(found):
        raise UserError("git is not installed here", "install it; revisions are asked of it", exits.ENVIRONMENT)
    return found


def _is_id(text: str) -> bool:
    return len(text) in (40, 64) and set(text) <= set("0123456789abcdef")


def _no_repository(folder: Path, said: str) -> UserError:
    if "dubious ownership" in said:
        return UserError(
            f"git does not trust the repository of `{folder}`, which belongs to another user",
            "`git config --global --add safe.directory FOLDER` says that you do",
        )
    return UserError(f"`{folder}` is in no working tree of git", said.split("\n", 1)[0])


def _bounded(command: Sequence[str], folder: Path, env: Mapping[str, str], given: bytes, most: int) -> _Ended:
    """What a program says, within bounds of time and size. Raises UserError where it cannot be started or goes beyond."""
    with tempfile.TemporaryFile() as questions:
        questions.write(given)
        questions.seek(0)
        try:
            child = subprocess.Popen(
                command, cwd=folder, env=dict(env), stdin=questions, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UserError(f"git cannot be started: {error.strerror}", "", exits.ENVIRONMENT) from error
        try:
            out, said = _read(child, most)
            code = child.wait(_WALL_S)
        except subprocess.TimeoutExpired as error:
            raise UserError(f"git takes more than {_WALL_S:g} s here", "", exits.ENVIRONMENT) from error
        finally:
            if child.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            for pipe in (child.stdout, child.stderr):
                if pipe is not None:
                    pipe.close()
    text = said.decode("utf-8", "replace").strip()
    return _Ended(code, out, "".join(c if c.isprintable() or c == "\n" else "?" for c in text))


def _read(child: subprocess.Popen[bytes], most: int) -> tuple[bytes, bytes]:
    end = time.monotonic() + _WALL_S
    parts: list[bytes] = []
    size = 0
    said = b""
    with selectors.DefaultSelector() as selector:
        for pipe in (child.stdout, child.stderr):
            assert pipe is not None
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, end - time.monotonic()))
            if not ready:
                raise subprocess.TimeoutExpired(child.args, _WALL_S)
            for key, _ in ready:
                part = os.read(cast("BinaryIO", key.fileobj).fileno(), 1 << 16)
                if not part:
                    selector.unregister(key.fileobj)
                elif key.fileobj is child.stderr:
                    said = (said + part)[:_MAX_SAID]
                else:
                    parts.append(part)
                    size += len(part)
                    if size > most:
                        raise UserError(f"git says more than {most >> 20} MiB here", "", exits.ENVIRONMENT)
    return b"".join(parts), said
