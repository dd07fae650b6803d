"""What stands on the desk while a task is solved. The first table that is read is the main one; the others are found by path."""

from __future__ import annotations

from collections.abc import Mapping

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.reading import rows_of
from clawc.stdlib.archetypes.solvers.values import Rows, Unsolvable


class Work:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.rows: Rows = []
        self.made: dict[str, bytes] = {}
        self._files = files
        self._tables: dict[str, Rows] = {}

    def read(self, asked: Asked) -> None:
        path = asked.text("path")
        main = not self._tables
        self._tables[path] = rows_of(self.file(path), asked.text("format"))
        if main:
            self.rows = self._tables[path]

    def file(self, path: str) -> bytes:
        if path not in self._files:
            raise Unsolvable(f"there is no file {path}")
        return self._files[path]

    def table(self, path: str) -> Rows:
        if path not in self._tables:
            raise Unsolvable(f"{path} was not read before")
        return self._tables[path]
