"""From paths on the command line to bundles: sources are compiled first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from clawc.commands.build import build_all
from clawc.commands.sources import check_file, find_sources
from clawc.compiler.report import as_text
from clawc.exits import FINDINGS, UserError
from clawc.runtime.bundle import Bundle, load
from clawc.spec.bundle import MANIFEST


def bundles_of(paths: Sequence[Path], out: Path) -> list[Bundle]:
    """Bundles as they are, sources compiled into `out`. Raises UserError after diagnostics."""
    bundles: list[Bundle] = []
    for path in paths:
        if path.is_dir() and (path / MANIFEST).is_file():
            bundles.append(load(path))
            continue
        checked = [check_file(source) for source in find_sources([path])]
        found = [d for c in checked for d in c.diagnostics]
        if found:
            sys.stderr.write(as_text(found))
        if not all(c.ok for c in checked):
            raise UserError(f"`{path}` has mistakes, so nothing was run", code=FINDINGS)
        tasks = [t for c in checked for t in c.tasks]
        if not tasks:
            raise UserError(f"`{path}` declares no task")
        bundles.extend(load(out / manifest.task) for manifest in build_all(tasks, out))
    return bundles
