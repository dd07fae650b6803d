"""From paths on the command line to bundles: sources are compiled first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.commands.compiling import build_sources
from clawc.commands.sources import find_sources
from clawc.compiler.report import as_text
from clawc.exits import FINDINGS, UserError

if TYPE_CHECKING:  # loaded while other processes compile
    from clawc.runtime.bundle import Bundle

_MANIFEST = "bundle.json"


def bundles_of(paths: Sequence[Path], out: Path, meanwhile: Callable[[], object] | None = None) -> list[Bundle]:
    """Bundles as they are, sources compiled into `out`; `meanwhile` is called while that goes on. Raises UserError after
    diagnostics."""
    bundles: list[Bundle] = []
    for path in paths:
        if path.is_dir() and (path / _MANIFEST).is_file():
            bundles.append(_loaded(path))
            continue
        found, manifests = build_sources(find_sources([path]), out, meanwhile)
        if found:
            sys.stderr.write(as_text(found))
        if any(f.severity == "error" for f in found):
            raise UserError(f"`{path}` has mistakes, so nothing was run", code=FINDINGS)
        if not manifests:
            raise UserError(f"`{path}` declares no task")
        bundles.extend(_loaded(out / manifest.task) for manifest in manifests)
    return bundles


def _loaded(path: Path) -> Bundle:
    from clawc.runtime.bundle import load

    return load(path)
