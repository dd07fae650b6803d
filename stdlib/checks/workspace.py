"""The workspace as the agent left it, read without following links, and what has changed in it.

Nothing outside the root is ever read, and nothing that could block: only regular files are opened.
"""

from __future__ import annotations

import os
import stat
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Protocol, Sequence, Tuple, cast

from clawc.stdlib.checks.readers import json_value, kind_of
from clawc.stdlib.checks.values import File, No, Row, Truth, Unmet, require_bytes

MAX_FILE_BYTES = 64 << 20
MAX_ENTRIES = 100_000
MAX_DEPTH = 200


class Store(Protocol):
    """Where files are read from: a folder on disk, or memory. Paths are relative, with `/`."""

    def read(self, path: str) -> Tuple[Optional[bytes], str]: ...

    def paths(self) -> Dict[str, Tuple[str, int]]: ...

    def sha256(self, path: str) -> Optional[str]: ...


def path_parts(path: str) -> List[str]:
    """The components of a path inside a root; none when the path leads elsewhere."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return [] if path.startswith("/") or ".." in parts or "\0" in path else parts


def sha256_of(data: bytes) -> str:
    """The hash of bytes, by the module behind `hashlib` where it has one of its own: that starts without OpenSSL."""
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            return str(__import__(name).sha256(data).hexdigest())
        except ImportError:
            continue
    raise Unmet("this Python has no SHA-256")


class Disk:
    """A folder on disk; every path is opened component by component, so that a link leads nowhere."""

    def __init__(self, root: str) -> None:
        self.root = root

    def read(self, path: str) -> Tuple[Optional[bytes], str]:
        """The bytes of a regular file, or None and the problem, which is empty where nothing stands."""
        parts = path_parts(path)
        if not parts:
            return None, "is not a path in the workspace"
        folder = -1
        try:
            folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for index, part in enumerate(parts):
                mode = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
                at_end = index == len(parts) - 1
                if stat.S_ISLNK(mode):
                    return None, "is a link" if at_end else "passes through a link"
                if at_end:
                    return self._read_entry(part, folder, mode)
                if not stat.S_ISDIR(mode):
                    return None, f"passes through `{part}`, which is not a folder"
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                os.close(folder)
                folder = inner
            return None, ""
        except FileNotFoundError:
            return None, ""
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "bad name"
            return None, f"cannot be read ({reason})"
        finally:
            if folder >= 0:
                os.close(folder)

    def _read_entry(self, name: str, folder: int, mode: int) -> Tuple[Optional[bytes], str]:
        """The bytes of an entry of an open folder; the mode is tested before opening it, and again after."""
        if not stat.S_ISREG(mode):
            return None, "is a folder" if stat.S_ISDIR(mode) else "is not a regular file"
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(name, flags, dir_fd=folder), "rb") as stream:
            opened = os.fstat(stream.fileno())
            if not stat.S_ISREG(opened.st_mode):
                return None, "is not a regular file"
            data = b"" if opened.st_size > MAX_FILE_BYTES else stream.read(MAX_FILE_BYTES + 1)
            if opened.st_size > MAX_FILE_BYTES or len(data) > MAX_FILE_BYTES:
                return None, f"is larger than {MAX_FILE_BYTES >> 20} MiB"
            return data, ""

    def paths(self) -> Dict[str, Tuple[str, int]]:
        """Everything below the root: path to kind (`file`, `folder`, `link`, `other`) and size in bytes."""
        found: Dict[str, Tuple[str, int]] = {}
        try:
            root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise Unmet(f"the workspace cannot be listed ({error.strerror})") from None
        try:
            self._walk(root, "", 0, found)
        finally:
            os.close(root)
        return dict(sorted(found.items()))

    def _walk(self, folder: int, prefix: str, depth: int, found: Dict[str, Tuple[str, int]]) -> None:
        """Adds what an open folder holds."""
        if depth > MAX_DEPTH:
            raise Unmet(f"the workspace has folders nested deeper than {MAX_DEPTH} levels")
        inner: List[str] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if len(found) >= MAX_ENTRIES:
                    raise Unmet(f"the workspace has more than {MAX_ENTRIES} entries")
                try:
                    state = os.stat(entry.name, dir_fd=folder, follow_symlinks=False)
                except OSError as error:
                    raise Unmet(f"`{prefix}{entry.name}` cannot be looked at ({error.strerror})") from None
                found[prefix + entry.name] = (_entry_kind(state.st_mode), state.st_size)
                if stat.S_ISDIR(state.st_mode):
                    inner.append(entry.name)
        for name in inner:
            try:
                opened = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            except OSError as error:
                raise Unmet(f"`{prefix}{name}` cannot be listed ({error.strerror})") from None
            try:
                self._walk(opened, f"{prefix}{name}/", depth + 1, found)
            finally:
                os.close(opened)

    def sha256(self, path: str) -> Optional[str]:
        """The hash of a regular file; None where none can be read."""
        data, _ = self.read(path)
        return None if data is None else sha256_of(data)


def _entry_kind(mode: int) -> str:
    """The kind of an entry by its mode."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


class Memory:
    """Files held in memory, read as from a `Disk`."""

    def __init__(self, files: Dict[str, bytes]) -> None:
        self.files = {"/".join(path_parts(path)): data for path, data in files.items()}
        self._paths: Dict[str, Tuple[str, int]] = {}

    def read(self, path: str) -> Tuple[Optional[bytes], str]:
        """As `Disk.read`."""
        parts = path_parts(path)
        if not parts:
            return None, "is not a path in the workspace"
        data = self.files.get("/".join(parts))
        if data is None:
            folder = "/".join(parts) + "/"
            return None, "is a folder" if any(name.startswith(folder) for name in self.files) else ""
        if len(data) > MAX_FILE_BYTES:
            return None, f"is larger than {MAX_FILE_BYTES >> 20} MiB"
        return data, ""

    def paths(self) -> Dict[str, Tuple[str, int]]:
        """As `Disk.paths`."""
        if self._paths:
            return self._paths
        found: Dict[str, Tuple[str, int]] = {}
        for path, data in self.files.items():
            parts = path.split("/")
            for depth in range(1, len(parts)):
                found["/".join(parts[:depth])] = ("folder", 0)
            found[path] = ("file", len(data))
        self._paths = dict(sorted(found.items()))
        return self._paths

    def sha256(self, path: str) -> Optional[str]:
        """As `Disk.sha256`."""
        data, _ = self.read(path)
        return None if data is None else sha256_of(data)


class Deliverable(NamedTuple):
    """A file that the agent must create; each of its `forms` raises Unmet for a file that has not that form."""

    name: str
    path: str
    kind: str
    forms: Sequence[Callable[[File], Any]] = ()


def check_structure(file: File, deliverable: Deliverable) -> None:
    """Raises Unmet, with one message, unless the file exists and has the form of the deliverable."""
    require_bytes(file)
    for form in deliverable.forms:
        form(file)


class Submission:
    """What is judged: the workspace, its deliverables, the hashes of its inputs, and the runs of jobs.

    A folder among the inputs, with `/` at its end, is free: what happens in it is no change.
    """

    def __init__(
        self,
        disk: Store,
        deliverables: List[Deliverable],
        inputs: Dict[str, str],
        jobs_dir: Optional[str] = None,
    ) -> None:
        self.disk = disk
        self.deliverables = {deliverable.name: deliverable for deliverable in deliverables}
        self.inputs = inputs
        self.jobs_dir = jobs_dir
        self.events: Optional[List[Row]] = None  # what the agent did, once it was read
        self._files: Dict[str, File] = {}
        self._judged: Dict[str, str] = {}

    def raw(self, name: str) -> File:
        """A deliverable as it is, of whatever form."""
        if name not in self._files:
            deliverable = self.deliverables[name]
            data, problem = self.disk.read(deliverable.path)
            self._files[name] = File(name, deliverable.path, deliverable.kind, data, problem)
        return self._files[name]

    def __getitem__(self, name: str) -> File:
        """A deliverable that has its form; raises Unmet, each time with the same message, if it has not."""
        file = self.raw(name)
        if name not in self._judged:
            self._judged[name] = ""
            try:
                check_structure(file, self.deliverables[name])
            except Unmet as problem:
                self._judged[name] = str(problem)
        if self._judged[name]:
            raise Unmet(self._judged[name])
        return file


def _below(path: str, folder: str) -> bool:
    """Whether a path is the folder or file named, or lies in it."""
    inside = "/".join(path_parts(folder))
    return not inside or path == inside or path.startswith(inside + "/")


def unchanged(ws: Submission, paths: List[str]) -> Truth:
    """Whether these inputs (files, or folders of inputs) are as the agent found them."""
    wanted = {path for path in paths if path in ws.inputs}
    for folder in paths:
        if folder not in wanted:
            inside = [path for path in ws.inputs if _below(path, folder) and not path.endswith("/")]
            if not inside:
                raise Unmet(f"`{folder}` is not an input")
            wanted.update(inside)
    changed = sorted(path for path in wanted if ws.disk.sha256(path) != ws.inputs[path])
    if not changed:
        return True
    data, problem = ws.disk.read(changed[0])
    said = problem or ("was deleted" if data is None else "was changed")
    return No(f"the input `{changed[0]}` {said}", 1 - len(changed) / len(wanted))


def only_changed(ws: Submission, paths: List[str]) -> Truth:
    """Whether every input outside `paths` is as the agent found it; new files are free."""
    free = set(paths)
    folders = [path for path in paths if path not in ws.inputs]
    inputs = [path for path in ws.inputs if path not in free and not path.endswith("/")]
    return unchanged(ws, [path for path in inputs if not any(_below(path, folder) for folder in folders)])


def only_under(ws: Submission, folder: str) -> Truth:
    """Whether everything that the agent has created, links too, lies in this folder."""
    free = [folder, *(path for path in ws.inputs if path.endswith("/"))]
    for path, (kind, _) in ws.disk.paths().items():
        if kind != "folder" and path not in ws.inputs and not any(_below(path, inside) for inside in free):
            return No(f"`{path}` lies outside `{folder}`")
    return True


class Tree(NamedTuple):
    """The files below a folder of a store, as a job left them."""

    disk: Store
    folder: str = ""


def file_in(tree: Any, path: Any) -> File:
    """The file at a path of a tree, of the kind that its extension names; it need not exist."""
    if not isinstance(tree, Tree) or not isinstance(path, str):
        raise Unmet("there is no tree of files to read from")
    data, problem = tree.disk.read(f"{tree.folder}/{path}" if path_parts(path) else "")
    return File(path, path, kind_of(path), data, problem)


def job(ws: Submission, id: str) -> Row:
    """How a program of the agent ran: exit, stdout, stderr, timed_out, and files as it left them."""
    if ws.jobs_dir is None:
        raise Unmet("the program was not run")
    disk = Disk(ws.jobs_dir)
    data, _ = disk.read(f"{id}/result.json")
    if data is None:
        raise Unmet("the program was not run")
    recorded = json_value(File(id, f"{id}/result.json", "json", data))
    if not isinstance(recorded, dict):
        raise Unmet("the program was not run")
    result = cast(Row, recorded)
    if result.get("problem"):
        raise Unmet(f"the program could not be run: {result['problem']}")
    record: Row = {"exit": result.get("exit"), "timed_out": result.get("timed_out") is True}
    for stream in ("stdout", "stderr"):
        output, problem = disk.read(f"{id}/{stream}")
        if problem:
            raise Unmet(f"what the program wrote to {stream} {problem}")
        record[stream] = (output or b"").decode("utf-8", "replace")
    record["files"] = Tree(disk, f"{id}/tree")
    return record
