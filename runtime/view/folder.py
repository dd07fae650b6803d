"""Runs as files to share: pages that open from a disk, refer to each other, and ask for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path

from clawc.exits import UserError
from clawc.runtime.view import compare, query
from clawc.runtime.view.links import FolderLinks
from clawc.runtime.view.pages import Pages, task_list
from clawc.runtime.view.query import Wanted
from clawc.runtime.view.shelf import Volume, attempt_of
from clawc.runtime.web.shell import fonts

ROWS = 1_000
_ALL_TASKS = 20_000


def write_folder(shelf: Sequence[Volume], out: Path, told: Callable[[int, int], None] | None = None) -> int:
    """Write the pages of all attempts into `out`, which must be new or empty; `told` gets how many of how many are written. Returns how
    many files there are. Raises UserError where the folder cannot be had."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UserError(f"`{out}` is not empty", "give a folder that is new")
        return _write(shelf, out, told)
    except OSError as error:
        raise UserError(f"cannot write `{error.filename or out}`: {error.strerror}") from error


def _write(shelf: Sequence[Volume], out: Path, told: Callable[[int, int], None] | None) -> int:
    top, inner, deep = (Pages(FolderLinks(depth), depth) for depth in (0, 1, 2))
    written = 0

    def put(path: Path, text: str) -> None:
        nonlocal written
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        written += 1

    for name, data in fonts().items():
        (out / "fonts").mkdir(exist_ok=True)
        (out / "fonts" / name).write_bytes(data)
        written += 1
    put(out / "index.html", top.runs(shelf))
    every = sum(volume.totals().tries for volume in shelf)
    done = 0
    for number, volume in enumerate(shelf):
        folder = out / f"run-{number + 1}"
        failures = query.failures_of(volume.index)
        listed = task_list(query.tasks_of(volume.index), "", "name", 1, lambda at: "", _ALL_TASKS)
        put(folder / "index.html", inner.run(number, volume, failures, listed))
        wanted = Wanted()
        count = query.count_of(volume.index, wanted)
        for at in range(1, max(1, ceil(count / ROWS)) + 1):
            rows = query.page_of(volume.index, replace(wanted, page=at), ROWS)
            put(
                folder / f"episodes-{at}.html",
                inner.episodes(number, volume, replace(wanted, page=at), rows, count, failures, ROWS),
            )
        for at in range(1, ceil(volume.totals().tries / ROWS) + 1):
            for row in query.page_of(volume.index, Wanted(every=True, page=at), ROWS):
                attempt = attempt_of(volume, row.key)
                if attempt is None:
                    continue
                tries = query.attempts_of(volume.index, row.key) if row.attempt > 1 or not row.counts else [row]
                around = [f"{beside}.html" if beside else "" for beside in _beside(volume, row.number)]
                put(folder / "episode" / f"{row.number}.html",
                    deep.episode(number, volume, attempt, tries, (around[0], around[1]), wanted))  # fmt: skip
                done += 1
                if told is not None and done % 100 == 0:
                    told(done, every)
    for other in range(1, len(shelf)):
        found = compare.compare(shelf[0].index, shelf[other].index)
        text = top.compare(shelf, (0, other), found, 1, lambda task: "", lambda at: "", _ALL_TASKS)
        put(out / f"compare-1-{other + 1}.html", text)
    return written


def _beside(volume: Volume, number: int) -> tuple[int, int]:
    """The numbers of the attempts before and after that count; 0 where there is none."""
    before = volume.index.rows("SELECT max(n) FROM attempts WHERE counts = 1 AND n < ?", (number,))[0][0]
    after = volume.index.rows("SELECT min(n) FROM attempts WHERE counts = 1 AND n > ?", (number,))[0][0]
    return int(str(before or 0)), int(str(after or 0))
