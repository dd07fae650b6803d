"""From paths on the command line to bundles: sources are compiled first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from clawc.commands.compiling import build_sources
from clawc.commands.sources import find_sources
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
        found, manifests = build_sources(find_sources([path]), out)
        if found:
            sys.stderr.write(as_text(found))
        if any(f.severity == "error" for f in found):
            raise UserError(f"`{path}` has mistakes, so nothing was run", code=FINDINGS)
        if not manifests:
            raise UserError(f"`{path}` declares no task")
        bundles.extend(load(out / manifest.task) for manifest in manifests)
    return bundles
