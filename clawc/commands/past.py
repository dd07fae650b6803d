"""What was committed, laid into a scratch folder so that it can be compiled: bounded, and nothing of it leads outside."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

from clawc.commands.revisions import Entry, Repository
from clawc.commands.sources import PROJECT_FILE
from clawc.exits import UserError

_MAX_FILES = 50_000
_MAX_BYTES = 512 << 20
_LINK_BYTES = 4 << 10


def lay_revision(ref: str, path: str, here: Path, out: Path) -> Path:
    """Where `path` of a revision lies in `out`, with its project around it. A path counts from the top of the repository
    around `here`; one that begins with `./` from `here`. Raises UserError."""
    repository = Repository(here)
    tree = repository.tree(repository.commit(ref), sizes=True)
    if path.startswith(("./", "../")) or path == ".":
        path = posixpath.join(os.path.relpath(os.path.realpath(here), repository.top), path)
    path = posixpath.normpath(path) if path else "."
    name = b"" if path == "." else os.fsencode(path)
    is_file = name in tree.entries
    if path.startswith(("/", "../")) or path == ".." or not (is_file or tree.below(name)):
        raise UserError(f"there is no `{path}` in the revision `{ref}`", "a path counts from the top of the repository")
    root = os.path.dirname(name) if is_file else name
    parts = root.split(b"/") if root else []
    above = [b"/".join(parts[:depth]) for depth in range(len(parts), -1, -1)]
    root = next((each for each in above if os.path.join(each, PROJECT_FILE.encode()) in tree.entries), root)
    wanted = {each: tree.entries[each] for each in tree.below(root)}
    size = sum(entry.size for entry in wanted.values())
    if len(wanted) > _MAX_FILES or size > _MAX_BYTES:
        raise UserError(
            f"the project around `{path}` has {len(wanted)} files of {size >> 20} MiB in `{ref}`",
            f"at most {_MAX_FILES} files of {_MAX_BYTES >> 20} MiB are laid out; a `{PROJECT_FILE}` nearer to it bounds it",
        )
    _lay(wanted, repository, out)
    return out / os.fsdecode(name)


def _lay(wanted: dict[bytes, Entry], repository: Repository, out: Path) -> None:
    for name in wanted:
        if any(part in (b"", b".", b"..") or part.lower() == b".git" or len(part) > 255 for part in name.split(b"/")):
            raise UserError(f"the revision has a file `{os.fsdecode(name)!a}`, which no repository should have")
    contents = repository.contents(list(wanted.values()))
    top = os.path.realpath(out)
    links: list[tuple[bytes, bytes]] = []
    for name, entry in wanted.items():
        data = contents[entry.id]
        if entry.link:
            links.append((name, data))
            continue
        target = os.path.join(os.fsencode(top), name)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            mode = 0o755 if entry.program else 0o644
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
                file.write(data)
        except OSError as error:
            raise UserError(f"`{os.fsdecode(name)!a}` cannot be laid out: {error.strerror}") from error
    # Links come last, so that nothing is written through one.
    for name, to in links:
        _link(os.path.join(os.fsencode(top), name), to, os.fsencode(top))
    for name, _ in links:
        link = os.path.join(os.fsencode(top), name)
        if os.path.islink(link) and not os.path.realpath(link).startswith(os.fsencode(top) + b"/"):
            os.unlink(link)


def _link(link: bytes, to: bytes, top: bytes) -> None:
    """A link whose way stays inside; another one is left out, as if it led nowhere."""
    if not to or to.startswith(b"/") or b"\0" in to or len(to) > _LINK_BYTES or os.path.lexists(link):
        return
    folder = os.path.dirname(link)
    os.makedirs(folder, exist_ok=True)
    if os.path.realpath(folder).startswith(top):
        os.symlink(to, link)
