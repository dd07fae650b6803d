"""Many files under one name: trees of inputs, sets by pattern, families with one file for each row."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Optional, Sequence, Union

from clawc.stdlib.checks.readers import kind_of, text_of
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import File, Table, Unmet
from clawc.stdlib.checks.workspace import Submission, Tree, check_structure

MAX_SET = 10_000
MAX_SET_BYTES = 64 << 20


class Files:
    """Files below one folder, by their path in it."""

    def __init__(self, folder: str, files: Dict[str, File]) -> None:
        self.folder = folder
        self.files = files


class FileSet:
    """Deliverables whose paths match a pattern; `*` stands for a part of a name, `**` for any folders."""

    def __init__(
        self,
        name: str,
        path: str,
        kind: str,
        forms: Sequence[Callable[[File], Any]] = (),
        least: int = 0,
        most: Optional[int] = None,
    ) -> None:
        self.name = name
        self.path = path
        self.kind = kind
        self.forms = forms
        self.least = least
        self.most = most


class Family:
    """One deliverable for each row of a table: `members` maps the key of a row to the path of its file."""

    def __init__(
        self,
        name: str,
        path: str,
        kind: str,
        forms: Sequence[Callable[[File], Any]] = (),
        members: Optional[Dict[Any, str]] = None,
        only: bool = False,
    ) -> None:
        self.name = name
        self.path = path
        self.kind = kind
        self.forms = forms
        self.members = members or {}
        self.only = only


class FamilyFiles:
    """A family as it stands in one submission."""

    def __init__(self, ws: Submission, family: Family) -> None:
        self.ws = ws
        self.family = family
        self.stray: Optional[str] = None  # a file that belongs to no row, or "", once it was looked for


def path_pattern(path: str) -> Any:
    """The regex of a pattern of paths."""
    parts = re.split(r"(\*\*/?|\*)", path)
    body = "".join({"*": "[^/]*", "**": ".*", "**/": "(?:.*/)?"}.get(part, re.escape(part)) for part in parts)
    return re.compile(body + r"\Z", re.DOTALL)


def pattern_folder(path: str) -> str:
    """The folder in which everything that a pattern matches lies."""
    fixed = path.split("*", 1)[0]
    return fixed.rpartition("/")[0]


def _paths_matching(ws: Submission, path: str) -> List[str]:
    """The paths of the files that match a pattern, in order; none of git's own."""
    pattern = path_pattern(path)
    names = [name for name, (kind, _) in ws.disk.paths().items() if kind != "folder" and pattern.match(name)]
    found = [name for name in names if ".git" not in name.split("/")]
    if len(found) > MAX_SET:
        raise Unmet(f"more than {MAX_SET} files match `{path}`")
    return sorted(found)


def file_set(ws: Submission, name: str) -> Files:
    """The files of a set; raises Unmet if there are too few or too many, or if one has not its form."""
    declared: Any = ws.deliverables[name]
    paths = _paths_matching(ws, declared.path)
    if len(paths) < declared.least:
        raise Unmet(f"{_how_many(len(paths))} `{declared.path}`, at least {declared.least} must")
    if declared.most is not None and len(paths) > declared.most:
        raise Unmet(f"{_how_many(len(paths))} `{declared.path}`, at most {declared.most} may")
    folder = pattern_folder(declared.path)
    found: Dict[str, File] = {}
    for path in paths:
        data, problem = ws.disk.read(path)
        file = File(name, path, declared.kind, data, problem)
        check_structure(file, declared)
        found[path[len(folder) + 1 :] if folder else path] = file
    return Files(folder, found)


def _how_many(number: int) -> str:
    return "no file matches" if number == 0 else "1 file matches" if number == 1 else f"{number} files match"


def file_family(ws: Submission, name: str) -> FamilyFiles:
    """A family, whose files are read by `member`."""
    declared: Any = ws.deliverables[name]
    return FamilyFiles(ws, declared)


def family_key(key: Any) -> Any:
    """A key as it stands in `members`: a text, or a tuple of texts."""
    if not isinstance(key, (list, tuple)):
        return as_text(key)
    parts: Any = key  # pyright: ignore[reportUnknownVariableType]
    return tuple(as_text(part) for part in parts)


def member(of: Any, key: Any, raw: bool = False) -> File:
    """The file of one row; raises Unmet if it has not its form, or `raw` and no such row."""
    if not isinstance(of, FamilyFiles):
        raise Unmet("there is no family of files to read from")
    ws, family = of.ws, of.family
    path = family.members.get(family_key(key))
    if path is None:
        raise Unmet(f"`{family.path}` has no file for this row")
    if family.only and not raw:
        _require_only(of)
    data, problem = ws.disk.read(path)
    file = File(family.name, path, family.kind, data, problem)
    if not raw:
        check_structure(file, family)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return file


def _require_only(files: FamilyFiles) -> None:
    """Raises Unmet if a file matches the pattern that belongs to no row."""
    if files.stray is None:
        wanted = set(files.family.members.values())
        stray = [path for path in _paths_matching(files.ws, files.family.path) if path not in wanted]
        files.stray = stray[0] if stray else ""
    if files.stray:
        raise Unmet(f"`{files.stray}` belongs to no row")


def files_in(tree: Union[Files, FamilyFiles, Tree, Any]) -> Dict[str, File]:
    """The files of a tree, set or family by their path in its folder, in order."""
    if isinstance(tree, Files):
        return tree.files
    if isinstance(tree, FamilyFiles):
        folder = pattern_folder(tree.family.path)
        found: Dict[str, File] = {}
        for path in sorted(tree.family.members.values()):
            data, problem = tree.ws.disk.read(path)
            if data is not None:
                found[path[len(folder) + 1 :] if folder else path] = File(path, path, kind_of(path), data, problem)
        return found
    if not isinstance(tree, Tree):
        raise Unmet("there is no tree of files to list")
    found, size = {}, 0
    prefix = tree.folder + "/" if tree.folder else ""
    for path, (kind, length) in tree.disk.paths().items():
        if kind == "file" and path.startswith(prefix):
            size += length
            if len(found) >= MAX_SET or size > MAX_SET_BYTES:
                raise Unmet(f"`{tree.folder}` holds more than {MAX_SET} files or {MAX_SET_BYTES >> 20} MiB")
            data, problem = tree.disk.read(path)
            inner = path[len(prefix) :]
            found[inner] = File(inner, inner, kind_of(inner), data, problem)
    return found


def file_table(tree: Any) -> Table:
    """A tree or set as a table: path in its folder, name, stem, ext (without dot), text (null if it is none)."""
    rows: List[Any] = []
    for path, file in files_in(tree).items():
        name = path.rpartition("/")[2]
        stem, dot, ext = name.rpartition(".")
        rows.append((path, name, stem if dot and stem else name, ext if dot and stem else "", _text_or_null(file)))
    return Table(["path", "name", "stem", "ext", "text"], rows)


def _text_or_null(file: File) -> Optional[str]:
    try:
        return text_of(file)
    except Unmet:
        return None


def file_names(tree: Any) -> List[str]:
    """The paths of the files of a tree, set or family, in its folder."""
    return list(files_in(tree))


def file_dirs(tree: Any) -> List[str]:
    """The folders of a tree, set or family that hold files, at any depth."""
    found: Dict[str, None] = {}
    for path in files_in(tree):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            found["/".join(parts[:depth])] = None
    return sorted(found)


def file_at(tree: Any, path: Any) -> File:
    """The file at a path of a tree or set; it need not exist."""
    if isinstance(tree, (Files, FamilyFiles)):
        return files_in(tree).get(str(path), File(str(path), str(path), kind_of(str(path))))
    raise Unmet("there is no tree of files to read from")
