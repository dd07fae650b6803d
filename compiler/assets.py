"""Files beside the source: the one place where the compiler reads a disk. Nothing outside the project root is read."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from clawc.compiler.paths import path_problem

if TYPE_CHECKING:  # a stamp needs nothing of the compiler
    from clawc.compiler.elaborate.context import Context
    from clawc.spec.ast import Span

MAX_ASSET = 16 << 20
MAX_TREE = 2_000
# Folders that no tree holds.
_SKIPPED = ("__pycache__", ".git")


class Assets(Protocol):
    """Where `file`, `from` and `use` find their files."""

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        """The bytes of a file, or None after a diagnostic at `span`."""
        ...

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        """The regular files below a folder: bytes and whether they may be run, by their path in it; None after a diagnostic."""
        ...


class _Problem(NamedTuple):
    """Why a file cannot be read: a word for it, a code, a message and a line of help."""

    why: str
    code: str
    message: str
    help: str = ""


def _load(root: Path, base: Path, path: str) -> bytes | _Problem:
    """The bytes of a file by its path from a folder of the project; links that lead out of the root are refused."""
    target = Path(os.path.realpath(base / path))
    if not target.is_relative_to(root):
        return _Problem(
            "outside", "E0701", f"the path `{path}` leaves the project `{root.name}`", "keep assets beside the source"
        )
    try:
        with open(os.open(target, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                return _Problem("irregular", "E0703", f"`{path}` is not a regular file")
            if info.st_size > MAX_ASSET:
                return _Problem("large", "E0704", f"`{path}` is larger than 16 MiB")
            return file.read(MAX_ASSET + 1)
    except FileNotFoundError:
        looked = os.path.relpath(target, root)
        return _Problem("absent", "E0703", f"there is no file `{path}` beside the source",
                        f"looked for {looked} in the project `{root.name}`")  # fmt: skip
    except OSError as error:
        return _Problem(f"error {error.errno}", "E0703", f"`{path}` cannot be read: {error.strerror or error}")


def _files_below(root: Path, base: Path, path: str) -> dict[str, tuple[bytes, bool]] | _Problem:
    """The regular files below a folder, by their path in it."""
    target = Path(os.path.realpath(base / path))
    if not target.is_relative_to(root):
        return _Problem("outside", "E0701", f"the path `{path}` leaves the project")
    if not target.is_dir():
        return _Problem("absent", "E0703", f"there is no folder `{path}` beside the source")
    found: dict[str, tuple[bytes, bool]] = {}
    size = 0
    for folder, folders, names in os.walk(target):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED)
        for name in sorted(names):
            inner = os.path.relpath(os.path.join(folder, name), target)
            data = _load(root, base, f"{path}/{inner}")
            if isinstance(data, _Problem):
                return data
            size += len(data)
            if len(found) >= MAX_TREE or size > 4 * MAX_ASSET:
                return _Problem("large", "E0704", f"`{path}` holds more than {MAX_TREE} files or 64 MiB")
            found[inner] = (data, os.access(os.path.join(folder, name), os.X_OK))
    return found


def _names_in(root: Path, folder: Path) -> list[str]:
    """The names in a folder of the project, those of folders with `/` behind them; none where it cannot be read."""
    if not Path(os.path.realpath(folder)).is_relative_to(root):
        return []
    try:
        with os.scandir(folder) as entries:
            return sorted(e.name + "/" * e.is_dir() for e in islice(entries, MAX_TREE))
    except OSError:
        return []


def stamp(root: Path, kind: str, path: str) -> str:
    """What a check saw of a file or folder: a digest of its content, or why there is none. Other content, other stamp.

    `kind` is "file", "tree" or, for the names in a folder, "names"; `path` absolute.
    """
    if kind == "names":
        return _digest_of(_names_in(root, Path(path)))
    folder, name = os.path.split(path)
    found = _load(root, Path(folder), name) if kind == "file" else _files_below(root, Path(folder), name)
    return _stamp(found)


def _digest_of(names: list[str]) -> str:
    return hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _stamp(found: bytes | dict[str, tuple[bytes, bool]] | _Problem) -> str:
    if isinstance(found, _Problem):
        return found.why
    if isinstance(found, bytes):
        return hashlib.sha256(found).hexdigest()
    whole = hashlib.sha256()
    for inner, (data, runs) in sorted(found.items()):
        whole.update(
            f"{len(inner)}:{inner}:{runs:d}:{hashlib.sha256(data).hexdigest()}\n".encode("utf-8", "surrogateescape")
        )
    return whole.hexdigest()


class DiskAssets:
    """Assets below the folder of the source. `seen` holds a stamp of all that was read, by kind and absolute path."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.seen: dict[tuple[str, str], str] = {}

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        problem = path_problem(path.removeprefix("../")) if path.startswith("../") else path_problem(path)
        if problem:
            cx.error("E0701", span, f"the path `{path}` {problem}")
            return None
        base = self._base(cx)
        found = _load(self.root, base, path)
        self.seen["file", os.path.join(base, path)] = _stamp(found)
        if isinstance(found, _Problem):
            self._report(cx, found, path, span, folder=False)
            return None
        return found

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        problem = path_problem(path.removeprefix("../"))
        if problem:
            cx.error("E0701", span, f"the path `{path}` {problem}")
            return None
        base = self._base(cx)
        found = _files_below(self.root, base, path)
        self.seen["tree", os.path.join(base, path)] = _stamp(found)
        if isinstance(found, _Problem):
            self._report(cx, found, path, span, folder=True)
            return None
        return found

    def _report(self, cx: Context, found: _Problem, path: str, span: Span, *, folder: bool) -> None:
        from clawc.compiler.source import Fix

        near = self._nearest(self._base(cx), path, folder) if found.why == "absent" else ""
        fix = (
            Fix(span, f'"{near}"', f"write `{near}`") if cx.source.slice(span)[:1] == '"' and '"' not in near else None
        )
        if near:
            cx.error(found.code, span, f"{found.message}; did you mean `{near}`?", found.help, fix)
        else:
            cx.error(found.code, span, found.message, found.help)

    def _nearest(self, base: Path, path: str, folder: bool) -> str:
        """The path that is meant by one that does not exist: part by part the name in the folder that is closest; or ""."""
        from clawc.compiler.elaborate.context import meant_by

        parts = path.split("/")
        at = base
        for place, part in enumerate(parts):
            if part != ".." and not (at / part).exists():
                here = os.path.realpath(at)
                names = _names_in(self.root, Path(here))
                self.seen["names", here] = _digest_of(names)
                folders = folder or place < len(parts) - 1
                parts[place] = meant_by(part, [n.removesuffix("/") for n in names if n.endswith("/") == folders])
                if not parts[place]:
                    return ""
            at = at / parts[place]
        return "/".join(parts)

    def _base(self, cx: Context) -> Path:
        return Path(os.path.dirname(os.path.abspath(cx.source.path))) if cx.source.path else self.root


class NoAssets:
    """For sources without a folder: every file is missing."""

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        cx.error("E0703", span, f"there is no file `{path}` beside the source")
        return None

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        cx.error("E0703", span, f"there is no folder `{path}` beside the source")
        return None


def _from_main(main: str, cx: Context, path: str) -> str:
    """A path of a spec, seen from the folder of the main source; it may begin with `..`.

    The path of a module is that of the source which uses it, continued: so the folder of the main source begins it.
    """
    folder = posixpath.dirname(cx.source.path)[len(posixpath.dirname(main)) :].lstrip("/")
    return posixpath.normpath(posixpath.join(folder, path))


class RecordedAssets:
    """Assets that remember what they gave to the check of one instance: `files` with their bytes and whether they may be
    run, and `folders` of trees that hold nothing, by path from the folder of the main source."""

    def __init__(self, inner: Assets, main: str) -> None:
        self._inner = inner
        self._main = main
        self.files: dict[str, tuple[bytes, bool]] = {}
        self.folders: set[str] = set()

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        data = self._inner.read(cx, path, span)
        if data is not None:
            self.files.setdefault(_from_main(self._main, cx, path), (data, False))
        return data

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        found = self._inner.tree(cx, path, span)
        if found is not None:
            folder = _from_main(self._main, cx, path)
            self.files |= {posixpath.normpath(f"{folder}/{inner}"): given for inner, given in found.items()}
            if not found:
                self.folders.add(folder)
        return found


class KeptAssets:
    """The assets that came with a source: `files` and `folders` by path from the root that they share, in which the main
    source is `main`."""

    def __init__(self, shown: str, main: str, files: Mapping[str, tuple[bytes, bool]], folders: frozenset[str]) -> None:
        self._shown = shown
        self._folder = posixpath.dirname(main)
        self._files = files
        self._folders = folders

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        found = self._files.get(self._at(cx, path))
        if found is None:
            cx.error("E0703", span, f"there is no file `{path}` beside the source", "it did not come with this source")
            return None
        return found[0]

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        folder = self._at(cx, path)
        head = "" if folder == "." else folder + "/"
        inside = {p[len(head) :]: given for p, given in self._files.items() if p.startswith(head)}
        found = {inner: given for inner, given in inside.items() if not set(inner.split("/")[:-1]) & set(_SKIPPED)}
        if not found and folder not in self._folders:
            cx.error(
                "E0703", span, f"there is no folder `{path}` beside the source", "it did not come with this source"
            )
            return None
        return found

    def _at(self, cx: Context, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._folder, _from_main(self._shown, cx, path)))
