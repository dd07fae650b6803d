"""From sources to what is wrong with them: kept results where they hold, else a check in a child within bounds."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from clawc.commands.check_cache import CheckCache, Kept, Source
from clawc.commands.processors import processors
from clawc.commands.sources import project_root, read_source
from clawc.compiler.finding import Finding, at_start, restored
from clawc.exits import UserError
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.sandbox.bounds import Bounds

# A child costs some milliseconds, and more of them than there are processors only share what there is.
MAX_JOBS = 16
CHECK_BOUNDS = Bounds()


class FileReport(NamedTuple):
    """What a check says of one file: what is wrong, what the author allows there, and the names of its tasks."""

    path: str
    found: list[Finding]
    allowed: list[Finding]
    tasks: list[str]


def check_files(
    paths: Sequence[Path],
    *,
    jobs: int = 0,
    cached: bool = True,
    progress: Callable[[int, int], None] | None = None,
    bounds: Bounds = CHECK_BOUNDS,
) -> list[FileReport]:
    """Reports in the order of the paths. Raises UserError for a file that cannot be read."""
    sources = [Source(str(p), os.path.abspath(p), str(project_root(p))) for p in paths]
    cache = CheckCache(cache_folder()) if cached else None
    try:
        kept = cache.find(sources) if cache is not None else {}
        reports: dict[Source, FileReport] = {}
        for source, result in kept.items():
            report = _report(source, result)
            if report is not None:
                reports[source] = report
        missing = [s for s in sources if s not in reports]
        if missing:
            _check_missing(missing, reports, cache, jobs or min(processors(), MAX_JOBS), progress, bounds)
    finally:
        if cache is not None:
            cache.close()
    return [reports[s] for s in sources]


def _check_missing(
    missing: list[Source],
    reports: dict[Source, FileReport],
    cache: CheckCache | None,
    jobs: int,
    progress: Callable[[int, int], None] | None,
    bounds: Bounds,
) -> None:
    import_module("clawc.compiler.pipeline")  # before children are forked, so that they share it
    kept = len(reports)
    for number, reply in enumerate(bounded(_check_one, missing, jobs=jobs, bounds=bounds), 1):
        source = missing[number - 1]
        if progress is not None:
            progress(kept + number, kept)
        if isinstance(reply, Overrun):
            reports[source] = FileReport(source.shown, [overrun(source.shown, reply, bounds)], [], [])
            continue
        if "refused" in reply:
            raise UserError(*reply["refused"])
        report = _report(source, reply["result"])
        assert report is not None
        reports[source] = report
        if cache is not None:
            cache.put(source, Kept(reply["digest"], reply["reads"], reply["result"]), reply["began"])
    if cache is not None:
        cache.trim()


def _check_one(source: Source) -> dict[str, Any]:
    """In a child: the result of one check as JSON data, and what it read."""
    from clawc.commands.sources import check_data
    from clawc.compiler.assets import DiskAssets
    from clawc.compiler.finding import finding

    began = time.time_ns()
    try:
        data = read_source(Path(source.shown))
    except UserError as error:
        return {"refused": [error.message, error.help, error.code]}
    assets = DiskAssets(Path(source.root))
    checked = check_data(source.shown, data, assets)
    return {
        "began": began,
        "digest": hashlib.sha256(data).hexdigest(),
        "reads": [[kind, path, stamp] for (kind, path), stamp in assets.seen.items()],
        "result": {
            "found": [finding(d).stored() for d in checked.diagnostics],
            "allowed": [finding(d, reason).stored() for d, reason in checked.allowed],
            "tasks": [t.task.name for t in checked.tasks],
        },
    }


def _report(source: Source, result: Any) -> FileReport | None:
    """A result that was kept or came from a child; None when it is not one."""
    try:
        found = [restored(f) for f in result["found"]]
        allowed = [restored(f) for f in result["allowed"]]
        return FileReport(source.shown, found, allowed, [str(t) for t in result["tasks"]])
    except (ValueError, TypeError, KeyError):
        return None


def overrun(path: str, lost: Overrun, bounds: Bounds) -> Finding:
    """What is said of a file whose check did not end."""
    says = {
        "time": f"checking this file takes more than {bounds.cpu_s:g} s of processor time",
        "memory": f"checking this file takes more than {bounds.memory_bytes >> 20} MiB of memory",
        "death": f"checking this file ended the checker ({lost.detail})",
    }[lost.why]
    return at_start("E0503", path, says, "smaller inputs, or fewer products of tables and patterns, would do")
