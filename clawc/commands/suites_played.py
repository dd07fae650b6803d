"""`clawc run` of a suite: its folder or its archive as bundles, and what the run says of it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.compiler.report import clean
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.bundle import Bundle
    from clawc.runtime.records import RunSuite

_RECORD = "suite.json"
_ENDINGS = (".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class PlayedSuite:
    """`repeats` are the episodes for each task that the suite asks for."""

    bundles: list[Bundle]
    suite: RunSuite
    repeats: int


def suite_played(paths: Sequence[Path], splits: Collection[str], run: Path) -> PlayedSuite | None:
    """The suite that the only path is, of these splits, all unless given; None if no path is one. An archive is unpacked into the folder of
    the run, where it is kept for judging again. Raises UserError and RuntimeFault R1101 to R1103."""
    there = [path for path in paths if _is_packed(path) or (path / _RECORD).is_file()]
    if not there:
        if splits:
            raise UserError("`--split` is for suites", "`clawc bench build` makes one")
        return None
    if len(paths) > 1:
        raise UserError(f"`{clean(str(there[0]))}` is a suite, which is played alone", "run the others by themselves")
    from clawc.runtime.records import RunSuite
    from clawc.runtime.suite.folder import members_there, read_suite

    folder = _unpacked(there[0], run) if _is_packed(there[0]) else there[0]
    record = read_suite(folder)
    names = [split.name for split in record.splits]
    for split in splits:
        if split not in names:
            raise UserError(
                f"the suite `{record.name}` has no split `{clean(split)}`", f"there are {', '.join(names)}" if names else "it has none"
            )  # fmt: skip
    wanted = tuple(name for name in names if name in splits)
    bundles = members_there(record, folder, wanted)
    absent = sum(not wanted or member.split in wanted for member in record.members) - len(bundles)
    if not bundles:
        raise UserError("no task of it is here: they are secret", "ask who made the suite to run it")
    if absent:
        print(f"{absent} secret tasks of {record.name} are not here, and are not played", file=sys.stderr)
    return PlayedSuite(
        bundles, RunSuite(name=record.name, version=record.version, id=record.id, splits=wanted), record.repeats
    )


def _is_packed(path: Path) -> bool:
    return path.name.lower().endswith(_ENDINGS) and path.is_file()


def _unpacked(archive: Path, run: Path) -> Path:
    """The folder of the suite; the one of an earlier start, if the run goes on with the same."""
    from clawc.runtime.suite.folder import UNPACKED, read_suite
    from clawc.runtime.suite.unpack import unpack
    from clawc.spec.suite import BUNDLES, SUITE

    place, part = run / UNPACKED, run / f".{UNPACKED}.part"
    for path in (place, part):
        if os.path.islink(path):
            raise UserError(f"`{path}` is a link", "give another --out")
    shutil.rmtree(part, ignore_errors=True)
    try:
        found = unpack(archive, part, (SUITE, BUNDLES))
        record = read_suite(found)
        if not os.path.lexists(place):
            found.replace(place)
        elif read_suite(place).id != record.id:
            raise UserError(f"`{run}` holds a run of another suite", "give another --out")
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place
