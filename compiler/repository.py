"""A `repo` as a value at compile time: its files, and what `commits` gives."""

from __future__ import annotations

from typing import Any

from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import File, Table, Unmet


class Repository(Files):
    """The files that are checked out, and the commits as a table."""

    def __init__(self, folder: str, files: dict[str, File], commits: Table) -> None:
        super().__init__(folder, files)
        self.commits = commits


def commits_of(of: Any) -> Table:
    """The commits in order: id, author, email, at, message, files (the paths that changed)."""
    if not isinstance(of, Repository):
        raise Unmet("only a `repo` of the workspace has commits that are known")
    return of.commits
