"""What an image of this machine consists of: the programs with all that they are linked to, run by, or read.

Only system folders are looked into. Of `/etc` there are the links of alternatives and files of our own; nothing of the host says
whose it is. Files keep the times of the host, since compiled Python is matched with its source by it; owner and rights are fixed.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.images.elf import Linked, linked
from clawc.runtime.images.programs import LEFT_OUT, PYTHON, SHARED, beside_patterns

_PATH = ("/usr/bin", "/bin")
# Where files may come from, links followed.
_ROOTS = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/etc/alternatives/")
_NOT = ("/usr/local/", "/usr/src/")
_LINKED_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_FOLDERS = ("usr", "usr/bin", "usr/sbin", "usr/lib", "etc", "proc", "sys", "dev", "run", "w",
            "opt", "opt/tools")  # fmt: skip
_FILES = {
    "etc/passwd": b"root:x:0:0::/:/bin/sh\nagent:x:1000:1000::/tmp:/bin/sh\n",
    "etc/group": b"root:x:0:\nagent:x:1000:\n",
    "etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
}
_LEFT_OUT = re.compile("|".join(fnmatch.translate(pattern) for pattern in LEFT_OUT))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the image: a folder, or a link to `link`, or a file with `data` or the content of `source`."""

    mode: int
    link: str = ""
    source: Path | None = None
    data: bytes | None = None
    mtime: int = 0
    owner: int = 0


def program_path(name: str) -> Path | None:
    """Where a program stands on the path of sandboxes; None if it does not, or is not only in system folders."""
    if "/" in name or name in ("", ".", ".."):
        return None
    for folder in _PATH:
        path = Path(folder, name)
        try:
            found = path.stat()
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode) and found.st_mode & 0o111 and os.access(path, os.R_OK) and _ours(path):
            return path
    return None


def python_library() -> Path:
    """The folder of the standard library of the system's Python. Raises SandboxUnavailable."""
    found = re.search(r"python3\.\d+$", os.path.realpath(f"/usr/bin/{PYTHON}"))
    for folder in ("/usr/lib", "/usr/lib64"):
        if found and os.path.isfile(f"{folder}/{found[0]}/os.py"):
            return Path(folder, found[0])
    raise SandboxUnavailable(
        "an image of this machine needs its Python at `/usr/bin/python3`, and that is not there",
        "Install the system package python3, or name an image that has one by `--image`.",
    )


def beside(programs: Sequence[str]) -> list[Path]:
    """The files and folders that the programs read, in order."""
    patterns = [*SHARED, *(pattern for name in programs for pattern in beside_patterns(name))]
    found = {path for pattern in dict.fromkeys(patterns) for path in glob.glob(pattern)}
    return [python_library(), *map(Path, sorted(found))]


def gather(programs: Sequence[str]) -> dict[str, Entry]:
    """All entries by their path in the image, without a leading slash. A program that is not there is left out."""
    image = _Image()
    for name in programs:
        path = program_path(name)
        if path is not None:
            image.add(path)
    for path in beside(programs):
        image.add(path)
    return image.entries


def _ours(path: Path) -> bool:
    real = os.path.realpath(path)
    return real.startswith(_ROOTS) and not real.startswith(_NOT)


class _Image:
    """Grows by what is added and all that it needs."""

    def __init__(self) -> None:
        self._seen: set[str] = set()  # a folder that something stands in is an entry before it is added as a whole
        self.entries: dict[str, Entry] = {"tmp": Entry(0o1777 | stat.S_IFDIR)}
        for folder in _FOLDERS:
            self.entries[folder] = Entry(0o755 | stat.S_IFDIR)
        for name, data in _FILES.items():
            self.entries[name] = Entry(0o644, data=data)
        for name in _LINKED_FOLDERS:
            if os.path.islink(f"/{name}"):
                self.entries[name] = Entry(0o777, link=os.readlink(f"/{name}").removeprefix("/"))
                self._folders(os.path.realpath(f"/{name}") + "/")
            elif os.path.isdir(f"/{name}"):
                self.entries[name] = Entry(0o755 | stat.S_IFDIR)

    def add(self, path: Path) -> None:
        """A file with what it needs, a link with what it leads to, a folder with all below it."""
        waiting = [path]
        while waiting:
            waiting.extend(self._one(waiting.pop()))

    def _one(self, path: Path) -> Iterator[Path]:
        real = os.path.join(os.path.realpath(path.parent), path.name)
        if real in self._seen or _LEFT_OUT.match(real) or not real.startswith(_ROOTS) or real.startswith(_NOT):
            return
        self._seen.add(real)
        try:
            found = os.lstat(real)
        except OSError:
            return
        if stat.S_ISLNK(found.st_mode):
            if not _ours(Path(real)) or not os.path.exists(real):
                return
            target = os.readlink(real)
            self._put(real, Entry(0o777, link=target))
            yield Path(os.path.dirname(real), target)
        elif stat.S_ISDIR(found.st_mode):
            self._put(real, Entry(0o755 | stat.S_IFDIR))
            yield from (Path(real, name) for name in sorted(os.listdir(real)))
        elif stat.S_ISREG(found.st_mode) and os.access(real, os.R_OK):
            mode = 0o755 if found.st_mode & 0o111 else 0o644
            self._put(real, Entry(mode, source=Path(real), mtime=int(found.st_mtime)))
            yield from self._needs(Path(real))

    def _needs(self, path: Path) -> Iterator[Path]:
        with open(path, "rb") as file:
            start = file.read(128)
        if start.startswith(b"#!"):
            words = start[2:].split(b"\n")[0].decode("utf-8", "replace").split()
            if words:
                yield Path(words[0])
            if len(words) > 1 and words[0].endswith("/env") and (there := program_path(words[1])):
                yield there
        elif start.startswith(b"\x7fELF"):
            found = linked(path)
            if found is None:
                return
            if found.loader:
                yield Path(found.loader)
            for name in found.needed:
                yield from self._library(name, found, path)

    def _library(self, name: str, user: Linked, of: Path) -> Iterator[Path]:
        own = [folder.replace("$ORIGIN", str(of.parent)).replace("${ORIGIN}", str(of.parent)) for folder in user.search]
        for folder in (*own, *_built_in(), *_configured()):
            path = Path(folder, name)
            if not path.is_file() or not fits(path, user.kind):
                continue
            if folder in own or folder in _built_in():
                yield path
            else:  # the image has no cache of libraries, so it stands where the loader looks anyway
                real = Path(os.path.realpath(path))
                self._put(
                    os.path.join(_built_in()[0], name), Entry(0o755, source=real, mtime=int(real.stat().st_mtime))
                )
                yield from self._needs(real)
            return

    def _put(self, real: str, entry: Entry) -> None:
        self._folders(real)
        self.entries.setdefault(real.removeprefix("/"), entry)

    def _folders(self, real: str) -> None:
        parts = real.removeprefix("/").split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            self.entries.setdefault("/".join(parts[:depth]), Entry(0o755 | stat.S_IFDIR))


def fits(path: Path, kind: tuple[int, int]) -> bool:
    """Is it a library for this kind of processor?"""
    try:
        found = linked(path)
    except OSError:
        return False
    return found is None or found.kind == kind


@cache
def _built_in() -> tuple[str, ...]:
    """Where the loader looks whatever it is told: beside itself, and in the folders of old."""
    shell = linked(Path("/bin/sh"))
    loader = os.path.dirname(os.path.realpath(shell.loader)) if shell and shell.loader else "/usr/lib"
    folders = [loader, loader.removeprefix("/usr"), "/usr" + loader.removeprefix("/usr")]
    folders += ["/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    return tuple(folder for folder in dict.fromkeys(folders) if os.path.isdir(folder))


@cache
def _configured() -> tuple[str, ...]:
    """Where it looks on this machine, too."""
    found: list[str] = []
    for path in ["/etc/ld.so.conf", *sorted(glob.glob("/etc/ld.so.conf.d/*.conf"))]:
        try:
            lines = Path(path).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except OSError:
            continue
        found += [line.strip() for line in lines if line.strip().startswith("/")]
    return tuple(dict.fromkeys(found))
