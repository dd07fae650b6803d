"""From paths on the command line to bundles: sources are compiled first, all together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.commands.compiling import Lot, build_sources
from clawc.commands.selecting import require_each, selected
from clawc.commands.sources import find_sources
from clawc.compiler.report import as_text
from clawc.exits import FINDINGS, UserError

if TYPE_CHECKING:  # loaded while other processes compile
    from clawc.runtime.bundle import Bundle
    from clawc.spec.bundle import Manifest

    Admit = Callable[[Sequence[Manifest], Sequence[Manifest]], bool]

_MANIFEST = "bundle.json"


def bundles_of(
    paths: Sequence[Path],
    out: Path,
    meanwhile: Callable[[], object] | None = None,
    admit: Admit | None = None,
    lot: Lot | None = None,
) -> list[Bundle]:
    """Bundles as they are, then sources compiled into `out`. A folder stands for the bundles in it, or for the sources
    below it. `meanwhile` is called while sources compile; `admit` with the manifests of the given and of the compiled
    before anything is placed: it raises to refuse, and says whether `out` holds the latter already. `lot` says which instances
    of sources, and which tasks of all. Raises UserError after diagnostics."""
    lot = lot or Lot()
    names: list[str] = []
    given: list[Bundle] = []
    sources: list[Path] = []
    for path in paths:
        inside = bundles_at(path)
        if inside:
            loaded = [_loaded(each) for each in inside]
            names += [bundle.manifest.template for bundle in loaded]
            given += [bundle for bundle in loaded if selected(bundle.manifest.template, lot.tasks)]
        else:
            sources.append(path)
    if not sources:
        require_each(lot.tasks, names)
        return given
    lot = lot._replace(beside=tuple(names))
    ahead = [bundle.manifest for bundle in given]
    found, manifests, skipped, _ = build_sources(
        find_sources(sources), out, meanwhile, None if admit is None else lambda built: admit(ahead, built), lot
    )
    if found:
        sys.stderr.write(as_text(found))
    if any(f.severity == "error" for f in found):
        what = f"`{sources[0]}` has" if len(sources) == 1 else "sources have"
        raise UserError(f"{what} mistakes, so nothing was done", code=FINDINGS)
    for name, same in skipped:
        print(f"{name} is left out: it draws the same as {same}", file=sys.stderr)
    if not manifests and not (lot.tasks and given):
        raise UserError(f"`{sources[0]}` declares no task" if len(sources) == 1 else "no source declares a task")
    return [*given, *(_loaded(out / manifest.task) for manifest in manifests)]


def bundles_at(path: Path) -> list[Path]:
    """The bundle that stands there, or those in a folder that has no source beside them."""
    with suppress(OSError):
        if (path / _MANIFEST).is_file():
            return [path]
        if path.is_dir() and not any(path.glob("*.claw")):
            return sorted(manifest.parent for manifest in path.glob(f"*/{_MANIFEST}"))
    return []


def _loaded(path: Path) -> Bundle:
    from clawc.runtime.bundle import load

    return load(path)
