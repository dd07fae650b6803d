"""What stands on the desk while a task is solved. The first source that is read is the main one; the others are found by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.reading import rows_of
from clawc.stdlib.archetypes.solvers.values import Rows, Unsolvable, Value


class Work:
    def __init__(self, files: Mapping[str, bytes], steps: Sequence[Asked] = ()) -> None:
        self._steps = steps
        self.made: dict[str, bytes] = {}
        # Figures that a step works out beside its rows, under the name by which a record asks for them.
        self.counts: dict[str, Value] = {}
        # What a check looks at, when its rows are findings; and the step that began the check.
        self.checked: Rows = []
        self.begun: Asked | None = None
        # The columns that the rows have, where a step says which ones.
        self.columns: list[str] | None = None
        # The file that the next text or list goes into, where its own step has no path.
        self.named: str | None = None
        self._rows: Rows | None = None
        self._files = files
        self._forms: dict[str, str] = {}
        self._tables: dict[str, Rows] = {}

    @property
    def rows(self) -> Rows:
        """Those of the main source, until a step makes others."""
        if self._rows is None:
            self._rows = self.table(self.source(0))
        return self._rows

    @rows.setter
    def rows(self, rows: Rows) -> None:
        self._rows = rows

    def read(self, asked: Asked) -> bool:
        """Whether it is the main source."""
        self._forms[asked.text("path")] = asked.text("format")
        return len(self._forms) == 1

    def source(self, at: int) -> str:
        """The path of a source, by the order in which they are read."""
        paths = list(self._forms)
        if at >= len(paths):
            raise Unsolvable(f"only {len(paths)} sources are read")
        return paths[at]

    def form(self, path: str) -> str:
        return self._forms[path]

    def file(self, path: str) -> bytes:
        if path not in self._files:
            raise Unsolvable(f"there is no file {path}")
        return self._files[path]

    def text(self, path: str) -> str:
        return self.file(path).decode("utf-8")

    def folder(self, path: str) -> dict[str, bytes]:
        """The files of a folder, by their names."""
        within = {name.removeprefix(f"{path}/"): data for name, data in self._files.items()}
        return {name: within[name] for name in sorted(within) if f"{path}/{name}" in self._files}

    def paths(self, end: str) -> list[str]:
        """The files whose path has that end."""
        return sorted(path for path in self._files if f"/{path}".endswith(end))

    def table(self, path: str) -> Rows:
        if path not in self._forms:
            raise Unsolvable(f"{path} was not read before")
        if path not in self._tables:
            self._tables[path] = rows_of(self.file(path), self._forms[path])
        return self._tables[path]

    def told(self, do: str) -> list[Asked]:
        """All steps of that name."""
        return [step for step in self._steps if step.do == do]

    def target(self, asked: Asked) -> str:
        """Where the result of a step goes: its own path, or the file named before it."""
        if asked.has("path") or self.named is None:
            return asked.text("path")
        return self.named

    def asked(self) -> Asked:
        if self.begun is None:
            raise Unsolvable("a step that goes on with a check that no step began")
        return self.begun
