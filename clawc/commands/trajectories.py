"""`clawc trajectories`: what was said and done in runs, or in sessions of others, as a file for training or for other tools.

The output appears whole or not at all, and never in the place of what it was made from.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import BinaryIO, NamedTuple, get_args

from clawc import exits
from clawc.commands.faults import stopping, user_errors
from clawc.commands.output import put
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.records import Outcome
from clawc.runtime.store.run_folder import read_info
from clawc.runtime.trajectory.atif import atif_of
from clawc.runtime.trajectory.chat import write_chat
from clawc.runtime.trajectory.filter import Choice, Selection
from clawc.runtime.trajectory.from_atif import read_atif
from clawc.runtime.trajectory.from_chat import read_chat
from clawc.runtime.trajectory.inspect_log import LogHead, write_log
from clawc.runtime.trajectory.openclaw import read_openclaw
from clawc.runtime.trajectory.own import read_records, write_records
from clawc.runtime.trajectory.read import read_trajectories
from clawc.runtime.trajectory.records import TrajectoryRecord
from clawc.runtime.trajectory.strangers import open_file
from clawc.runtime.trajectory.values import as_json

TARGETS = {"chat": "OpenAI chat", "atif": "ATIF", "inspect": "Inspect log", "jsonl": "JSON Lines of clawc"}
SOURCES = ("atif", "chat", "openclaw", "jsonl")
OUTCOMES: tuple[str, ...] = get_args(Outcome)
_ALL = "all"
_FILE = ".json"


@dataclass(frozen=True, slots=True)
class TrajectoriesOptions:
    """What the options of the verb say. `source` is empty for run folders; no `outcomes` are "ok" of runs, and all of files."""

    out: Path
    to: str = "jsonl"
    source: str = ""
    outcomes: tuple[str, ...] = ()
    min_score: float | None = None
    per_task: int | None = None
    unique: bool = False
    sound: bool = False
    metadata: bool = False
    scoring: str = "latest"


class Group(NamedTuple):
    """Trajectories that belong together, read as they are taken: those of a run, or of all the files."""

    head: LogHead
    records: Iterator[TrajectoryRecord]


def trajectories_command(paths: Sequence[Path], options: TrajectoriesOptions) -> int:
    """Writes what is chosen; exit 1, and nothing is written, if that is nothing."""
    _require(options)
    with user_errors(), stopping():
        selection = Selection(_choice(options))
        groups = _files(paths, options, selection) if options.source else _runs(paths, options, selection)
        _require_apart(options.out, paths)
        if options.to in ("chat", "jsonl"):
            _write_lines(groups, options, selection)
        elif options.out.suffix == _FILE:
            _write_document(groups, options, selection)
        else:
            _write_folder(groups, options, selection)
    put(_text(selection, options), None)
    return exits.OK if selection.taken else exits.FINDINGS


def _require(options: TrajectoriesOptions) -> None:
    if options.to not in TARGETS:
        raise UserError(f"the format `{clean(options.to)}` is unknown", f"formats: {', '.join(TARGETS)}")
    if options.source and options.source not in SOURCES:
        raise UserError(f"`--from {clean(options.source)}` is unknown", f"formats: {', '.join(SOURCES)}")
    unknown = next((one for one in options.outcomes if one not in (*OUTCOMES, _ALL)), None)
    if unknown is not None:
        raise UserError(f"the outcome `{clean(unknown)}` is unknown", f"outcomes: {', '.join((*OUTCOMES, _ALL))}")
    if options.min_score is not None and not isfinite(options.min_score):
        raise UserError(f"`{options.min_score}` is nothing for `--min-score`", "give a number between 0 and 1")
    if options.metadata and options.to != "chat":
        raise UserError("`--metadata` is for `--to chat`", "the other formats have all that is known")


def _choice(options: TrajectoriesOptions) -> Choice:
    given = options.outcomes or (() if options.source else ("ok",))
    least = None if options.min_score is None else Decimal(repr(options.min_score))
    outcomes = frozenset[str]() if _ALL in given else frozenset(given)
    return Choice(outcomes, least, options.per_task, options.unique, options.sound)


def _runs(folders: Sequence[Path], options: TrajectoriesOptions, selection: Selection) -> list[Group]:
    groups: list[Group] = []
    for folder in folders:
        info = read_info(folder)
        tasks = {task.task for task in info.tasks}
        name = next(iter(tasks)) if len(tasks) == 1 else f"run-{info.run_id}"
        head = LogHead(info.run_id, name, info.agent, info.created, info.clawc)
        groups.append(Group(head, selection.chosen(_played(folder, options.scoring, selection))))
    return groups


def _played(folder: Path, scoring: str, selection: Selection) -> Iterator[TrajectoryRecord | None]:
    wanted = read_trajectories(folder, scoring, lambda record: selection.judged(record.outcome, record.score))
    return (trajectory for _, trajectory in wanted)


def _files(paths: Sequence[Path], options: TrajectoriesOptions, selection: Selection) -> list[Group]:
    head = LogHead(options.out.stem, options.out.stem, options.source)
    return [Group(head, selection.chosen(_imported(paths, options.source)))]


def _imported(paths: Sequence[Path], source: str) -> Iterator[TrajectoryRecord]:
    for path in paths:
        stored = open_file(path)
        with stored.file:
            if source == "atif":
                yield read_atif(stored)
            elif source == "chat":
                yield from read_chat(stored)
            elif source == "openclaw":
                yield read_openclaw(stored)
            else:
                yield from read_records(stored)


def _write_lines(groups: Iterable[Group], options: TrajectoriesOptions, selection: Selection) -> None:
    with _new_file(options.out, selection) as file:
        for group in groups:
            if options.to == "chat":
                write_chat(group.records, file, options.metadata)
            else:
                write_records(group.records, file)


def _write_document(groups: Sequence[Group], options: TrajectoriesOptions, selection: Selection) -> None:
    """The only log, or the only trajectory, as one file."""
    help = f"give a folder, whose name does not end with `{_FILE}`, by `--out`"
    if len(groups) > 1:
        raise UserError(f"`{options.out}` is one file, and there are {len(groups)} runs", help)
    with _new_file(options.out, selection) as file:
        if options.to == "inspect":
            write_log(groups[0].head, groups[0].records, file)
            return
        for number, record in enumerate(groups[0].records):
            if number:
                raise UserError(f"`{options.out}` is one file, and there are several trajectories", help)
            _write_atif(record, file)


def _write_atif(record: TrajectoryRecord, file: BinaryIO) -> None:
    file.write(as_json(atif_of(record)).encode() + b"\n")


def _write_folder(groups: Iterable[Group], options: TrajectoriesOptions, selection: Selection) -> None:
    """A log for each run, or a document for each trajectory."""
    names = _Names()
    with _new_folder(options.out, selection) as folder:
        for group in groups:
            if options.to == "inspect":
                before = selection.taken
                path = folder / names.new(group.head.run_id)
                with open(path, "xb") as file:
                    write_log(group.head, group.records, file)
                if selection.taken == before:
                    path.unlink()
            else:
                for record in group.records:
                    with open(folder / names.new(record.id), "xb") as file:
                        _write_atif(record, file)


class _Names:
    """Names of files from names of others; no two differ by case only."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._count = Counter[str]()

    def new(self, name: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-")[:150] or "trajectory"
        found = stem
        while found.lower() in self._taken:
            self._count[stem] += 1
            found = f"{stem}-{self._count[stem] + 1}"
        self._taken.add(found.lower())
        return found + _FILE


def _require_apart(out: Path, paths: Sequence[Path]) -> None:
    """Raises UserError if the output would change an input."""
    place = Path(os.path.realpath(out))
    for path in paths:
        there = Path(os.path.realpath(path))
        if place == there or there in place.parents or (place.exists() and there.exists() and place.samefile(there)):
            raise UserError(f"`{out}` is an input, or stands in one", "choose another place by `--out`")


@contextmanager
def _new_file(out: Path, selection: Selection) -> Generator[BinaryIO]:
    """A file that takes the place of `out` once it is whole, if anything was taken."""
    if out.is_dir():
        raise UserError(f"`{out}` is a folder", "give a file by `--out`")
    staged = out.parent / f".trajectories-{secrets.token_hex(4)}"
    with _failures(out):
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with open(staged, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if selection.taken:
                os.replace(staged, out)
        finally:
            with suppress(FileNotFoundError):
                staged.unlink()


@contextmanager
def _new_folder(out: Path, selection: Selection) -> Generator[Path]:
    """A folder that becomes `out` once it is whole, if anything was taken."""
    with _failures(out):
        if os.path.lexists(out) and (out.is_symlink() or not out.is_dir() or any(out.iterdir())):
            raise UserError(f"`{out}` is there already", "choose another folder by `--out`, or remove it")
        place = Path(os.path.abspath(out))
        staged = place.parent / f".trajectories-{secrets.token_hex(4)}"
        try:
            staged.mkdir(parents=True)
            yield staged
            if selection.taken:
                if place.is_dir():
                    place.rmdir()
                os.rename(staged, place)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


@contextmanager
def _failures(out: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"`{out}` cannot be written: {error.strerror}", "nothing was changed", exits.ENVIRONMENT
        ) from error


def _text(selection: Selection, options: TrajectoriesOptions) -> str:
    left = selection.counts()
    offered = selection.taken + sum(left.values())
    noun = "trajectory" if offered == 1 else "trajectories"
    lines = [f"{selection.taken} of {offered} {noun} taken"]
    lines += [f"  {count} left out: {reason}" for reason, count in left.items()]
    where = f"{options.out}  {TARGETS[options.to]}" if selection.taken else f"`{options.out}` was not written"
    return "\n".join([*lines, where, ""])
