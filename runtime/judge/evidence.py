"""The deliverables that a rubric reads, out of a stored workspace: a stranger's folder.

No link is followed, only regular files are opened, and never more is read than is shown. What is left out is said.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.judge.paths import matches
from clawc.runtime.judge.rubric import Read
from clawc.runtime.judge.visible import visible

FILE_BYTES = 200_000
ALL_BYTES = 600_000
FILES = 64
_ENTRIES = 20_000
_DEPTH = 64
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Bounds(NamedTuple):
    """Bytes of one file and of all."""

    file: int = FILE_BYTES
    all: int = ALL_BYTES

    def half(self) -> Bounds:
        return Bounds(self.file // 2, self.all // 2)


WHOLE = Bounds()


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """`text` is what is shown of a file of `size` bytes, `cut` if that is not all; None where nothing can be shown, and
    `note` says why."""

    path: str
    text: str | None
    size: int = 0
    cut: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a judge is shown. `notes` are about what is not there or left out."""

    files: tuple[EvidenceFile, ...]
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """32 hexadecimal digits of a hash over all of it, which nothing in it can contain."""
        listed = [(file.path, file.text, file.size, file.cut, file.note) for file in self.files]
        return hashlib.sha256(repr((listed, self.notes)).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def gather(workspace: Path, reads: Sequence[Read], bounds: Bounds = WHOLE) -> Evidence:
    """What `reads` name in the folder `workspace`. Raises OSError if that cannot be opened."""
    with ExitStack() as held:
        root = os.open(workspace, _FOLDER)
        held.callback(os.close, root)
        paths, notes = _found(root, reads)
        over = len(paths) - FILES
        if over > 0:
            notes.append(f"{over} more files are not shown")
        sizes = [_size(root, path) for path in paths[:FILES]]
        shares = _shares(sizes, bounds)
        files = [_read(root, path, share) for path, share in zip(paths, shares)]
    return Evidence(tuple(files), tuple(notes))


def given(files: Sequence[tuple[str, str]], reads: Sequence[Read], bounds: Bounds = WHOLE) -> Evidence:
    """The same of files that are not on a disk: paths with their text."""
    contents = {path: text.encode("utf-8", "surrogatepass") for path, text in files}
    paths: list[str] = []
    notes: list[str] = []
    for read in reads:
        names = sorted(path for path in contents if matches(read.path, path)) if read.pattern else [read.path]
        _note(read, [path for path in names if path in contents], paths, notes)
    shares = _shares([len(contents[path]) for path in paths[:FILES]], bounds)
    return Evidence(tuple(_shown(p, contents[p], len(contents[p]), s) for p, s in zip(paths, shares)), tuple(notes))


def _note(read: Read, names: Sequence[str], paths: list[str], notes: list[str]) -> None:
    if not names:
        notes.append(f"no file matches {_spelled(read.path)}" if read.pattern else f"missing: {_spelled(read.path)}")
    paths.extend(path for path in names if path not in paths)


def _found(root: int, reads: Sequence[Read]) -> tuple[list[str], list[str]]:
    paths: list[str] = []
    notes: list[str] = []
    for read in reads:
        names: list[str] = []
        if read.pattern:
            fixed = read.path.split("*", 1)[0].rpartition("/")[0]
            names = [p for p in _below(root, fixed, notes) if matches(read.path, p) and ".git" not in p.split("/")]
        else:
            kind = _kind(root, read.path)
            if kind == "folder":
                names = [p for p in _below(root, read.path, notes) if ".git" not in p.split("/")]
            elif kind == "file":
                names = [read.path]
            elif kind:
                notes.append(f"not shown: {_spelled(read.path)} is {kind}")
                continue
        _note(read, sorted(names), paths, notes)
    return paths, list(dict.fromkeys(notes))


def _kind(root: int, path: str) -> str:
    """`file`, `folder`, what else it is, or nothing where nothing is."""
    try:
        with ExitStack() as held:
            parent, name = _parent(root, path, held)
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except OSError:
        return ""
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else "a link" if stat.S_ISLNK(mode) else "no regular file"


def _parent(root: int, path: str, held: ExitStack) -> tuple[int, str]:
    """The open folder of the last part, reached part by part without a link."""
    *folders, last = path.split("/")
    if not {"", ".", ".."}.isdisjoint((*folders, last)):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    at = root
    for folder in folders:
        at = os.open(folder, _FOLDER, dir_fd=at)
        held.callback(os.close, at)
    return at, last


def _below(root: int, folder: str, notes: list[str]) -> Iterator[str]:
    """Paths of the regular files below a folder, in order; bounded in number and depth."""
    seen = 0

    def visit(fd: int, prefix: str, depth: int) -> Iterator[str]:
        nonlocal seen
        with os.scandir(fd) as entries:
            found: list[tuple[str, bool, bool]] = []
            for entry in entries:
                seen += 1
                if seen > _ENTRIES:
                    break
                found.append((entry.name, entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)))
        for name, is_folder, is_file in sorted(found):
            if is_file:
                yield prefix + name
            elif is_folder and depth < _DEPTH:
                try:
                    inner = os.open(name, _FOLDER, dir_fd=fd)
                except OSError:
                    continue
                try:
                    yield from visit(inner, f"{prefix}{name}/", depth + 1)
                finally:
                    os.close(inner)

    with ExitStack() as held:
        try:
            at = root
            for part in folder.split("/") if folder else ():
                at = os.open(part, _FOLDER, dir_fd=at)
                held.callback(os.close, at)
            yield from visit(at, f"{folder}/" if folder else "", 0)
        except OSError:
            return
    if seen > _ENTRIES:
        notes.append(f"only the first {_ENTRIES} entries below {_spelled(folder or '.')} were looked at")


def _size(root: int, path: str) -> int:
    try:
        with ExitStack() as held:
            parent, name = _parent(root, path, held)
            return os.stat(name, dir_fd=parent, follow_symlinks=False).st_size
    except OSError:
        return 0


def _shares(sizes: Sequence[int], bounds: Bounds) -> list[int]:
    """How many bytes of each file are shown: what small ones leave goes to larger ones, so that none hides another."""
    wanted = [min(size, bounds.file) for size in sizes]
    left, shares = bounds.all, [0] * len(sizes)
    for rest, index in zip(range(len(sizes), 0, -1), sorted(range(len(sizes)), key=lambda i: wanted[i])):
        shares[index] = min(wanted[index], left // rest)
        left -= shares[index]
    return shares


def _read(root: int, path: str, share: int) -> EvidenceFile:
    try:
        with ExitStack() as held:
            parent, name = _parent(root, path, held)
            fd = os.open(name, _FILE, dir_fd=parent)
            held.callback(os.close, fd)
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                return EvidenceFile(_spelling(path), None, note="no regular file")
            data = b""
            while len(data) < share and (part := os.read(fd, share - len(data))):
                data += part
    except OSError as error:
        return EvidenceFile(_spelling(path), None, note=f"it cannot be read: {error.strerror}")
    return _shown(path, data, found.st_size, share)


def _shown(path: str, data: bytes, size: int, share: int) -> EvidenceFile:
    data = data[:share]
    cut = size > len(data)
    text = None if b"\0" in data else _text(data, cut)
    if text is None:
        return EvidenceFile(_spelling(path), None, size, note="it is not UTF-8 text")
    return EvidenceFile(_spelling(path), visible(text.removeprefix("\ufeff")), size, cut)


def _text(data: bytes, cut: bool) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that was cut in two at the end is none of the file's.
        if cut and error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            return data[: error.start].decode("utf-8")
        return None


def _spelling(path: str) -> str:
    """A path that can be written as UTF-8."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _spelled(path: str) -> str:
    return ascii(_spelling(path))
