"""The files of somebody else's benchmark: a folder or an archive, read within bounds, and never followed out of itself.

Nothing is unpacked. What is no regular file is there by name only, with the reason.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from lzma import LZMAError
from pathlib import Path

from clawc.compiler.importers.model import Refused

MAX_FILE = 16 << 20  # bytes, as of assets
MAX_LARGE = 1 << 30  # of a file that holds many tasks
MAX_FILES = 500_000
MAX_NAME = 1_000
MAX_DEPTH = 60
MAX_UNPACKED = 2 << 30  # of an archive, all of its members together
MAX_RATIO = 1_000  # of a member, unpacked to packed, above 1 MiB
_SKIPPED = frozenset((".git", "__pycache__", ".venv", "node_modules", ".pytest_cache", ".DS_Store"))


class Tree:
    """Files by relative path. `names` are in order; `problems` are paths that are there and no file, with the reason."""

    def __init__(self, shown: str, names: Iterable[str], problems: Mapping[str, str]) -> None:
        self.shown = shown
        self.names = sorted(set(names) - set(problems))
        self.problems = {name.encode("utf-8", "replace").decode(): why for name, why in problems.items()}
        self._set = frozenset(self.names)
        self._folders: dict[str, list[str]] | None = None

    def __contains__(self, path: str) -> bool:
        return path in self._set

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises Refused."""
        if path not in self._set:
            why = self.problems.get(path, "is not there")
            raise Refused(f"`{path}` {why}", path)
        return self._bytes(path)

    def text(self, path: str) -> str:
        """The text of a file: UTF-8, or UTF-16 with its mark. Raises Refused."""
        data = self.read(path)
        try:
            if data.startswith((b"\xff\xfe", b"\xfe\xff")):
                return data.decode("utf-16")
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refused(f"`{path}` is not UTF-8 (byte {error.start})", path, "save it as UTF-8") from None

    def large_text(self, path: str) -> str:
        """As `text`, of a file that holds many tasks and may be larger. Raises Refused."""
        data = self._bytes(path, MAX_LARGE)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refused(f"`{path}` is not UTF-8 (byte {error.start})", path, "save it as UTF-8") from None

    def executable(self, path: str) -> bool:
        """May the file be run?"""
        return False

    def below(self, folder: str) -> list[str]:
        """The files below a folder, by their path in it; `""` is the whole."""
        if not folder:
            return self.names
        if self._folders is None:
            self._folders = {}
            for name in self.names:
                at = name.rfind("/")
                while at > 0:
                    self._folders.setdefault(name[:at], []).append(name)
                    at = name.rfind("/", 0, at)
        return [name[len(folder) + 1 :] for name in self._folders.get(folder, [])]

    def require_below(self, folder: str) -> list[str]:
        """As `below`; raises Refused where something there is no file."""
        prefix = folder + "/" if folder else ""
        for path, why in self.problems.items():
            if path.startswith(prefix) or path == folder:
                raise Refused(f"`{path}` {why}", path)
        return self.below(folder)

    def _bytes(self, path: str, most: int = MAX_FILE) -> bytes:
        raise NotImplementedError


class FolderTree(Tree):
    """A folder on this machine. Links are not followed, wherever they lead."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))
        names: list[str] = []
        problems: dict[str, str] = {}
        stack: list[tuple[Path, str, int]] = [(self._root, "", 0)]
        while stack:
            folder, prefix, depth = stack.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError as error:
                problems[prefix.rstrip("/")] = f"cannot be read: {error.strerror}"
                continue
            for entry in entries:
                name = prefix + entry.name
                if entry.name in _SKIPPED:
                    continue
                if why := _unsafe(name):
                    problems[name] = why
                elif entry.is_symlink():
                    problems[name] = "is a link; links are not followed"
                elif entry.is_dir(follow_symlinks=False):
                    if depth >= MAX_DEPTH:
                        problems[name] = f"is deeper than {MAX_DEPTH} folders"
                    else:
                        stack.append((Path(entry.path), name + "/", depth + 1))
                elif entry.is_file(follow_symlinks=False):
                    names.append(name)
                else:
                    problems[name] = "is no regular file"
                if len(names) > MAX_FILES:
                    raise Refused(f"`{root}` holds more than {MAX_FILES} files", "", "import a part of it")
        super().__init__(str(root), names, problems)

    def _bytes(self, path: str, most: int = MAX_FILE) -> bytes:
        at = self._root / path
        try:
            fd = os.open(at, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(fd, "rb") as file:
                seen = os.fstat(fd)
                if not stat.S_ISREG(seen.st_mode):
                    raise Refused(f"`{path}` is no regular file", path)
                if seen.st_size > most:
                    raise Refused(f"`{path}` is larger than {most >> 20} MiB", path)
                data = file.read(most + 1)
        except OSError as error:
            raise Refused(f"`{path}` cannot be read: {error.strerror or error}", path) from None
        if len(data) > most:
            raise Refused(f"`{path}` is larger than {most >> 20} MiB", path)
        return data

    def executable(self, path: str) -> bool:
        """May the file be run?"""
        try:
            return bool(os.lstat(self._root / path).st_mode & 0o100)
        except OSError:
            return False


class FilesTree(Tree):
    """Files in memory, as those of one file that is imported alone."""

    def __init__(self, shown: str, files: Mapping[str, bytes]) -> None:
        super().__init__(shown, files, {})
        self._files = files

    def _bytes(self, path: str, most: int = MAX_FILE) -> bytes:
        data = self._files[path]
        if len(data) > most:
            raise Refused(f"`{path}` is larger than {most >> 20} MiB", path)
        return data


class ArchiveTree(Tree):
    """A .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz. Members are read when they are asked for; nothing is written anywhere."""

    def __init__(self, path: Path) -> None:
        self._zip: zipfile.ZipFile | None = None
        self._files: dict[str, bytes] = {}
        self._modes: dict[str, int] = {}
        problems: dict[str, str] = {}
        try:
            if zipfile.is_zipfile(path):
                self._read_zip(path, problems)
            else:
                self._read_tar(path, problems)
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError, OverflowError,
                NotImplementedError, RuntimeError) as error:  # fmt: skip
            raise Refused(f"`{path}` is no archive that can be read: {error}", "", "give a .zip or .tar") from None
        super().__init__(str(path), self._modes, problems)

    def _read_zip(self, path: Path, problems: dict[str, str]) -> None:
        self._zip = zipfile.ZipFile(path)
        whole = 0
        for info in self._zip.infolist():
            if len(self._modes) + len(problems) > MAX_FILES:
                raise ValueError(f"more than {MAX_FILES} members")
            name = info.filename.rstrip("/") if info.is_dir() else info.filename
            if info.is_dir() and not _unsafe(name):
                continue
            mode = info.external_attr >> 16
            whole += info.file_size
            why = _unsafe(name) or ("is there twice" if name in self._modes else "")
            if not why and mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                why = "is a link; links are not followed" if stat.S_ISLNK(mode) else "is no regular file"
            if not why and info.flag_bits & 1:
                why = "is encrypted"
            if not why and info.file_size > 1 << 20 and info.file_size > MAX_RATIO * max(1, info.compress_size):
                why = "is packed so tightly that it may be a trap"
            if why:
                problems[name] = why
            elif not set(name.split("/")) & _SKIPPED:
                self._modes[name] = mode
        if whole > MAX_UNPACKED:
            raise ValueError(f"unpacked it has more than {MAX_UNPACKED >> 30} GiB")

    def _read_tar(self, path: Path, problems: dict[str, str]) -> None:
        whole = 0
        with tarfile.open(path, "r:*") as archive:
            for info in archive:
                if len(self._modes) + len(problems) > MAX_FILES:
                    raise ValueError(f"more than {MAX_FILES} members")
                name = info.name.removeprefix("./")
                if info.isdir() or set(name.split("/")) & _SKIPPED:
                    continue
                why = _unsafe(name) or ("is there twice" if name in self._modes else "")
                if not why and not info.isreg():
                    why = "is a link; links are not followed" if info.issym() or info.islnk() else "is no regular file"
                if not why and info.size > MAX_FILE:
                    why = f"is larger than {MAX_FILE >> 20} MiB"
                whole += 0 if why else info.size
                if whole > MAX_UNPACKED:
                    raise ValueError(f"unpacked it has more than {MAX_UNPACKED >> 30} GiB")
                if why:
                    problems[name] = why
                    continue
                stream = archive.extractfile(info)
                self._files[name] = b"" if stream is None else stream.read(MAX_FILE + 1)
                self._modes[name] = info.mode

    def _bytes(self, path: str, most: int = MAX_FILE) -> bytes:
        if self._zip is None:
            return self._files[path]
        try:
            with self._zip.open(path) as member:
                data = member.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, ValueError, NotImplementedError,
                RuntimeError, KeyError) as error:  # fmt: skip
            raise Refused(f"`{path}` cannot be unpacked: {error}", path) from None
        if len(data) > most:
            raise Refused(f"`{path}` is larger than {most >> 20} MiB", path)
        return data

    def executable(self, path: str) -> bool:
        """May the file be run?"""
        return bool(self._modes.get(path, 0) & 0o100)


def _unsafe(name: str) -> str:
    """Why a name cannot be that of a file of a benchmark, or ""."""
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return "has a name that is not UTF-8"
    parts = name.split("/")
    if size > MAX_NAME or len(parts) > MAX_DEPTH:
        return "has too long a name"
    if name.startswith("/") or "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in parts):
        return "has a name that leads out of the benchmark"
    return ""


def tree_at(path: Path) -> Tree:
    """The files at a path: of a folder, an archive, or one file alone with its neighbours unread. Raises Refused."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise Refused(f"`{path}` cannot be read: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        return FolderTree(path)
    if not stat.S_ISREG(mode):
        raise Refused(f"`{path}` is neither a folder nor a regular file")
    name = path.name.lower()
    if name.endswith((".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")):
        return ArchiveTree(path)
    if os.path.getsize(path) > MAX_LARGE:
        raise Refused(f"`{path}` is larger than 1 GiB", "", "import it in parts")
    with open(path, "rb") as file:
        return FilesTree(str(path), {path.name: file.read()})
