"""What an agent changed: its collected workspace against the inputs of the bundle."""

from __future__ import annotations

import hashlib
from pathlib import Path

from clawc.runtime.records import Change, Changes
from clawc.runtime.sandbox.interface import Collected
from clawc.spec.bundle import Manifest, WorkspaceFile

# Files that a record names.
LISTED = 200


def changes_of(manifest: Manifest, tree: Path, collected: Collected) -> Changes:
    """Compare `tree`, as `collected`, with the inputs. A file that was written again with the same content is no change."""
    before = {file.path: file for file in manifest.workspace}
    found = [change for path in collected.written if (change := _change(path, tree / path, before.get(path)))]
    if collected.kept + sum(path in before for path in collected.written) < len(before):
        gone = [path for path in before if not (tree / path).is_file()]
        found += [Change(path=path, kind="removed", before=before[path].size) for path in gone]
    found.sort(key=lambda change: change.path)
    counts = {kind: sum(change.kind == kind for change in found) for kind in ("added", "changed", "removed")}
    return Changes(**counts, listed=tuple(found[:LISTED]))


def _change(path: str, file: Path, before: WorkspaceFile | None) -> Change | None:
    with open(file, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    size = file.stat().st_size
    if before is None:
        return Change(path=path, kind="added", after=size, sha256=digest)
    if before.sha256 == digest:
        return None
    return Change(path=path, kind="changed", before=before.size, after=size, sha256=digest)
