"""A suite that tasks are compared with: instructions, and structure and data where a task can be compiled.

What is read was written by strangers: sizes are bounded, sources are compiled in children that can be killed, and whatever cannot be
read is a problem of the suite, never a traceback. No link is followed, but for those of a source's own files that stay in the suite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from clawc.compiler.assets import Assets, DiskAssets, NoAssets
from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.tree import FolderTree, Tree, tree_at
from clawc.compiler.pipeline import check
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.bundle import load
from clawc.runtime.engine.untyped import mapping, parsed
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.bounds import Bounds
from clawc.runtime.selftest.rebuild import source_of
from clawc.runtime.synth.structure import data_hash, structure
from clawc.spec.bundle import INSTRUCTION, MANIFEST

MAX_TASKS = 200_000
MAX_SOURCE = 2 << 20  # bytes, as of sources
MAX_INSTRUCTION = 1 << 20  # characters
MAX_LINE = 4 << 20  # characters of a line of JSON
MAX_LINES = 256 << 20  # bytes of a file of lines
MAX_PROBLEMS = 1_000
ENTRY = "data_entry.json"
_FIELDS = ("instruction", "user_query")
_BOUNDS = Bounds(cpu_s=10.0, memory_bytes=1 << 30)


class SuiteTask(NamedTuple):
    """A task of a suite; without a source that compiles here, `structure` and `data` are ""."""

    id: str
    instruction: str
    structure: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """A named suite; `problems` say what of it could not be read, and why."""

    name: str
    tasks: tuple[SuiteTask, ...]
    problems: tuple[str, ...] = ()

    @staticmethod
    def of(paths: Sequence[Path], name: str = "", jobs: int = 1) -> Suite:
        """All tasks at and below the paths: bundles, `.claw` sources (their instances of seed 0), ClawGym's task folders, and JSON lines
        with `instruction` or `user_query`. The name is that of the first path unless given. Raises RuntimeFault R1003 for a path that cannot
        be read, or where no task is found."""
        reader = _Reader([], [], [])
        for path in paths:
            reader.path(path)
        reader.compile(jobs)
        if not reader.tasks:
            shown = ", ".join(f"`{path}`" for path in paths)
            raise RuntimeFault("R1003", f"no task was found in {shown}", reader.problems[0] if reader.problems else
                               "a suite holds bundles, .claw sources, ClawGym's task folders or JSON lines")  # fmt: skip
        return Suite(name or (paths[0].absolute().name if paths else ""), tuple(reader.tasks), tuple(reader.problems))


class _Work(NamedTuple):
    """A source to compile (by the path that stands for it, with the folder that it may read), or a bundle to compile again."""

    id: str
    bundle: Path | None
    text: str = ""
    path: str = ""
    root: Path | None = None


@dataclass(slots=True)
class _Reader:
    tasks: list[SuiteTask]
    problems: list[str]
    work: list[_Work]

    def path(self, path: Path) -> None:
        """One path; a link is read where it is given, and nowhere below."""
        try:
            tree = tree_at(path)
            self._bundles(path, tree)
            self._sources(path, tree)
            self._entries(tree)
            self._lines(path, tree)
        except Refused as refused:
            raise RuntimeFault("R1003", f"the suite `{path}` cannot be read: {refused}") from refused

    def compile(self, jobs: int) -> None:
        """Compiles what was found, in children within bounds."""
        for work, result in zip(self.work, bounded(_compiled, self.work, jobs=jobs, bounds=_BOUNDS)):
            if isinstance(result, Overrun):
                self._problem(
                    work.id,
                    f"its {result.why} ran out" if result.why != "death" else f"its process died: {result.detail}",
                )
                continue
            for found in cast("list[list[str]]", result["tasks"]):
                self._add(SuiteTask(*found))
            if result["problem"]:
                self._problem(work.id, str(result["problem"]))

    def _bundles(self, root: Path, tree: Tree) -> None:
        if not isinstance(tree, FolderTree):
            return
        for name in (n for n in tree.names if n == MANIFEST or n.endswith(f"/{MANIFEST}")):
            self._claim(_Work(name.rpartition("/")[0] or root.absolute().name, root / name.rpartition("/")[0]))

    def _sources(self, path: Path, tree: Tree) -> None:
        """Sources outside of bundles."""
        made = {n.rpartition("/")[0] for n in tree.names if n == MANIFEST or n.endswith(f"/{MANIFEST}")}
        # A file that is given alone may read what lies beside it; of an archive nothing is unpacked.
        root = path if isinstance(tree, FolderTree) else path.parent if path.suffix == ".claw" else None
        for name in (n for n in tree.names if n.endswith(".claw") and not _inside(n, made)):
            text = self._text(tree, name, MAX_SOURCE)
            if text is not None:
                self._claim(_Work(name, None, text, name if root is None else str(root.absolute() / name), root))

    def _entries(self, tree: Tree) -> None:
        for name in (n for n in tree.names if n == ENTRY or n.endswith(f"/{ENTRY}")):
            text = self._text(tree, name, MAX_LINE)
            if text is not None:
                self._row(name.rpartition("/")[0] or tree.shown.rsplit("/", 1)[-1], text)

    def _lines(self, path: Path, tree: Tree) -> None:
        """Files of lines. One whose first line is no task is data of something else, unless it is given by its name."""
        for name in (n for n in tree.names if n.endswith((".jsonl", ".ndjson"))):
            at = path / name if isinstance(tree, FolderTree) else path
            try:
                if at.lstat().st_size > MAX_LINES:
                    raise Refused(f"it is larger than {MAX_LINES >> 20} MiB")
                lines = [(n, line) for n, line in enumerate(tree.large_text(name).split("\n"), 1) if line.strip()]
            except (Refused, OSError, MemoryError) as problem:
                self._problem(name, str(problem))
                continue
            if at != path and not _is_task(lines[0][1] if lines else ""):
                continue
            for number, line in lines:
                self._row(f"{name}:{number}", line)

    def _row(self, id: str, text: str) -> None:
        """A task as JSON."""
        if len(text) > MAX_LINE:
            return self._problem(id, f"it has more than {MAX_LINE >> 20} Mi characters")
        try:
            fields = mapping(parsed(text))
        except ValueError as error:
            return self._problem(id, f"it is no JSON that can be read: {error}")
        said = _said(fields)
        if said is None:
            return self._problem(id, f"it has neither `{_FIELDS[0]}` nor `{_FIELDS[1]}`")
        self._add(SuiteTask(id, said))

    def _text(self, tree: Tree, name: str, most: int) -> str | None:
        try:
            text = tree.text(name)
        except Refused as refused:
            self._problem(name, str(refused))
            return None
        if len(text) > most:
            self._problem(name, f"it has more than {most >> 20} Mi characters")
            return None
        return text

    def _claim(self, work: _Work) -> None:
        if len(self.work) + len(self.tasks) >= MAX_TASKS:
            raise Refused(f"it holds more than {MAX_TASKS} tasks")
        self.work.append(work)

    def _add(self, task: SuiteTask) -> None:
        if len(self.tasks) >= MAX_TASKS:
            raise Refused(f"it holds more than {MAX_TASKS} tasks")
        if len(task.instruction) > MAX_INSTRUCTION:
            return self._problem(task.id, f"its instruction has more than {MAX_INSTRUCTION >> 20} Mi characters")
        self.tasks.append(task)

    def _problem(self, id: str, why: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{id}: {why}"[:1_000])


def _said(fields: Mapping[str, object]) -> str | None:
    """What a task says, in the first of the fields that has a text."""
    return next((value for field in _FIELDS if isinstance(value := fields.get(field), str) and value.strip()), None)


def _is_task(line: str) -> bool:
    try:
        return len(line) <= MAX_LINE and _said(mapping(parsed(line))) is not None
    except ValueError:
        return False


def _inside(name: str, folders: set[str]) -> bool:
    parts = name.split("/")
    return "" in folders or any("/".join(parts[:depth]) in folders for depth in range(1, len(parts)))


def _compiled(work: _Work) -> dict[str, object]:
    """In a child: the tasks of a source, or of the source that a bundle brings; of a bundle that brings none its instruction. A problem
    is why there is less."""
    if work.bundle is None:
        assets = NoAssets() if work.root is None else DiskAssets(work.root)
        tasks = list(_tasks(work.id, work.text, assets, 0, work.path))
        return {"tasks": tasks, "problem": "" if tasks else "it does not compile"}
    try:
        bundle = load(work.bundle)
        said = bundle.read(INSTRUCTION).decode("utf-8", "replace")
    except RuntimeFault as fault:
        return {"tasks": [], "problem": fault.message}
    plain = [[work.id, said, "", ""]]
    try:
        source = source_of(bundle)
        made = [
            t
            for t in _tasks(work.id, source.data.decode("utf-8-sig"), source.assets, source.seed, source.shown)
            if t[1] == said
        ]
    except (RuntimeFault, UnicodeDecodeError) as fault:
        return {
            "tasks": plain,
            "problem": f"only its instruction is compared: {fault.message if isinstance(fault, RuntimeFault) else 'not UTF-8'}",
        }
    return {
        "tasks": [[work.id, *t[1:]] for t in made[:1]] or plain,
        "problem": "" if made else "only its instruction is compared",
    }


def _tasks(id: str, text: str, assets: Assets, seed: int, shown: str) -> Iterator[list[str]]:
    """What is compared of each task in a source."""
    checked = check(shown, text, assets, seed)
    for compiled in checked.tasks:
        name = id if len(checked.tasks) == 1 else f"{id}#{compiled.task.name}"
        yield [name, compiled.task.told, structure(compiled), data_hash(compiled)]
