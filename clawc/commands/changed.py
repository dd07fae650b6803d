"""Sources that changed since a revision of git, and those that read what changed.

A file counts as changed when its content, or whether it may be run, differs from what was committed; one that was never
committed does, too. What a source reads is told by its text (`compiler/mentions.py`), so nothing has to be checked for it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from clawc.commands.revisions import Repository, Tree
from clawc.commands.sources import PROJECT_FILE, read_source
from clawc.compiler.mentions import Mentions, mentions
from clawc.exits import UserError

_MAX_LINKS = 40
_MAX_BELOW = 5_000  # files of a folder that are compared; a larger one counts as changed
_MAX_MODULES = 500


def changed_since(sources: Sequence[Path], ref: str, *, readers: bool = True) -> list[Path]:
    """Those of the sources that changed after the branch left `ref`, committed or not; with `readers` also those that use
    a module, an asset or a project file that did. Raises UserError; says on standard error how many there are."""
    if not sources:
        return []
    repository = Repository(Path(os.path.abspath(sources[0])).parent)
    changes = Changes(repository.top, repository.tree(repository.merge_base(ref)))
    found = [path for path in sources if changes.of_source(path, readers=readers)]
    count = f"{len(found)} of {len(sources)} source{'' if len(sources) == 1 else 's'}"
    what = "changed, or read what changed," if readers else "changed"
    print(f"{count} {what} since `{ref}`", file=sys.stderr)
    return found


class Changes:
    """What differs between a revision and the disk; each file is compared once, when it is asked for."""

    def __init__(self, top: Path, tree: Tree) -> None:
        self._top = str(top)
        self._tree = tree
        self._folders: dict[bytes, set[bytes]] = {b"": set()}  # with the names in them
        for name in tree.entries:
            folder, inside = os.path.split(name)
            while folder not in self._folders:
                self._folders[folder] = {inside}
                folder, inside = os.path.split(folder)
            self._folders[folder].add(inside)
        self._ways: dict[str, tuple[tuple[str, ...], str]] = {}
        self._names: dict[str, set[bytes]] = {}
        self._known: dict[str, bool] = {}
        self._mentioned: dict[tuple[str, str], bool] = {}
        self._projects: dict[str, bool] = {}
        self._texts: dict[str, Mentions | None] = {}

    def of_source(self, path: Path, *, readers: bool = True) -> bool:
        """Has a source, or with `readers` something that it reads, changed?"""
        shown = os.path.abspath(path)
        if self._name(self._way(os.path.dirname(shown))[1]) is None:
            raise UserError(
                f"`{path}` is not in the repository `{self._top}`",
                "give sources of one repository to `--changed-since`",
            )
        if self._touched(shown):
            return True
        folder = os.path.dirname(shown)
        return readers and (self._project(self._way(folder)[1]) or self._reads(shown, (folder,), set()))

    def _project(self, folder: str) -> bool:
        """Did a project file here or above change?"""
        known = self._projects.get(folder)
        if known is None:
            above = os.path.dirname(folder)
            known = self._differs(os.path.join(folder, PROJECT_FILE)) or (
                folder != self._top and above != folder and self._project(above)
            )
            self._projects[folder] = known
        return known

    def _reads(self, source: str, folders: tuple[str, ...], seen: set[str]) -> bool:
        """Does a source, or a module that it uses, read what changed? Paths of modules count from their folder, and from
        that of the source that uses them."""
        seen.add(source)
        found = self._text(source)
        if found is None or found.computed or len(seen) > _MAX_MODULES:
            return True
        for base in folders:
            for path in found.paths:
                if self._mention(base, path):
                    return True
                module = os.path.normpath(os.path.join(base, path))
                if (
                    path.endswith(".claw")
                    and module not in seen
                    and os.path.isfile(module)
                    and self._reads(module, tuple(dict.fromkeys((*folders, os.path.dirname(module)))), seen)
                ):
                    return True
        return False

    def _text(self, source: str) -> Mentions | None:
        """None for what cannot be read: a check says why."""
        if source not in self._texts:
            try:
                self._texts[source] = mentions(read_source(Path(source)).decode("utf-8-sig"))
            except (UserError, UnicodeDecodeError):
                self._texts[source] = None
        return self._texts[source]

    def _mention(self, base: str, path: str) -> bool:
        known = self._mentioned.get((base, path))
        if known is None:
            first = os.fsencode(path.split("/", 1)[0])
            known = (first == b".." or first in self._inside(base)) and self._touched(os.path.join(base, path))
            self._mentioned[base, path] = known
        return known

    def _inside(self, folder: str) -> set[bytes]:
        """The names in a folder, those of now and those of then."""
        if folder not in self._names:
            real = self._way(folder)[1]
            try:
                names = set(os.listdir(os.fsencode(real)))
            except OSError:
                names = set[bytes]()
            self._names[folder] = names | self._folders.get(self._name(real) or b"", set())
        return self._names[folder]

    def _touched(self, path: str) -> bool:
        """Did a file or folder change, or a link on the way to it?"""
        links, target = self._way(path)
        return any(self._differs(link) for link in links) or self._differs(target)

    def _way(self, path: str) -> tuple[tuple[str, ...], str]:
        """The links that lead to an absolute path, and where it is in the end; also for one that does not exist."""
        known = self._ways.get(path)
        if known is None:
            known = self._ways[path] = self._follow(path, 0)
        return known

    def _follow(self, path: str, depth: int) -> tuple[tuple[str, ...], str]:
        folder, name = os.path.split(path.rstrip("/"))
        if not name:
            return (), "/"
        links, at = self._way(folder)
        if name in (".", ".."):
            return links, at if name == "." else os.path.dirname(at)
        at = os.path.join(at, name)
        try:
            to = os.readlink(at)
        except OSError:
            return links, at  # a link that is gone is a change by itself
        if depth >= _MAX_LINKS:
            return links, at
        further, at_end = self._follow(os.path.join(os.path.dirname(at), to), depth + 1)
        return (*links, at, *further), at_end

    def _name(self, path: str) -> bytes | None:
        """The name in the repository; None outside of it."""
        if path == self._top:
            return b""
        head = self._top.rstrip("/") + "/"
        return os.fsencode(path[len(head) :]) if path.startswith(head) else None

    def _differs(self, path: str) -> bool:
        known = self._known.get(path)
        if known is None:
            self._known[path] = False  # for links in a folder that lead back to it
            known = self._known[path] = self._compare(path)
        return known

    def _compare(self, path: str) -> bool:
        name = self._name(path)
        if name is None:
            return False  # nothing outside of the repository is read
        try:
            mode = os.lstat(path).st_mode
        except (OSError, ValueError):
            mode = 0
        entry = self._tree.entries.get(name)
        if stat.S_ISDIR(mode):
            return entry is not None or self._below(path, name)
        if entry is None:
            # The name may have led through a link or file where now there is nothing.
            return mode != 0 or name in self._folders or self._stood(name)
        if not mode:
            return True
        if entry.link or stat.S_ISLNK(mode):
            if not (entry.link and stat.S_ISLNK(mode)):
                return True
            to = os.fsencode(os.readlink(path))
            return _id(len(to), [to], entry.id) != entry.id
        if not stat.S_ISREG(mode) or bool(mode & 0o100) != entry.program:
            return True
        return _id_of_file(path, entry.id) != entry.id

    def _stood(self, name: bytes) -> bool:
        above = os.path.dirname(name)
        while above:
            if above in self._tree.entries:
                return True
            above = os.path.dirname(above)
        return False

    def _below(self, path: str, name: bytes) -> bool:
        """Did anything below a folder change? Folders of git and of Python's own are no part of it."""
        here: set[bytes] = set()
        for folder, folders, files in os.walk(path):
            folders[:] = [f for f in folders if f not in ("__pycache__", ".git")]
            for each in (*files, *(f for f in folders if os.path.islink(os.path.join(folder, f)))):
                inner = os.path.join(folder, each)
                here.add(self._name(inner) or b"")
                if len(here) > _MAX_BELOW or self._touched(inner):
                    return True
        return any(each not in here and b"__pycache__" not in each.split(b"/") for each in self._tree.below(name))


def _id(size: int, parts: Iterable[bytes], like: str) -> str:
    """Git's id of a content: its size goes first; the function is that of the other ids of the repository."""
    head = b"blob %d\0" % size
    digest = hashlib.sha256(head) if len(like) == 64 else hashlib.sha1(head, usedforsecurity=False)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _id_of_file(path: str, like: str) -> str:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return _id(os.fstat(file.fileno()).st_size, iter(partial(file.read, 1 << 20), b""), like)
    except OSError:
        return ""
