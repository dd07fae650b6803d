"""`clawc build`: bundles into a folder; each appears whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clawc import exits
from clawc.commands.compiling import Lot, build_sources
from clawc.commands.sources import changed_sources, require_format
from clawc.compiler.report import as_json, as_text
from clawc.spec.bundle import Manifest


def build_command(
    paths: Sequence[Path],
    out: Path,
    format: str,
    seed: int = 0,
    count: int | None = None,
    since: str | None = None,
    tasks: Sequence[str] = (),
) -> int:
    """Builds every task of every file; nothing is written when one has an error. With a `count`, so many instances of
    each task that draws something: of `seed` and the following. `tasks` names those that are meant; none: all."""
    require_format(format)
    sources = changed_sources(paths, since)
    found, manifests, skipped, _ = build_sources(sources, out, lot=Lot(seed, count, tuple(tasks)))
    if any(f.severity == "error" for f in found):
        sys.stdout.write(as_json(found, files=len(sources)) if format == "json" else as_text(found))
        return exits.FINDINGS
    if found:
        sys.stderr.write(as_text(found))
    for name, same in skipped:
        print(f"{name} is left out: it draws the same as {same}", file=sys.stderr)
    if format == "json":
        document: dict[str, Any] = {"format_version": 1, "bundles": [_entry(m, out) for m in manifests]}
        if skipped:
            document["skipped"] = [{"task": name, "same_as": same} for name, same in skipped]
        sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
    else:
        for manifest in manifests:
            print(
                f"{out / manifest.task}  {manifest.id[:12]}  {len(manifest.scoring.checks)} checks, oracle {manifest.oracle}"
            )
    return exits.OK


def _entry(manifest: Manifest, out: Path) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "task": manifest.task,
        "id": manifest.id,
        "path": str(out / manifest.task),
        "oracle": manifest.oracle,
    }
    if manifest.instance is not None:
        entry["instance"] = manifest.instance.model_dump(mode="json")
    return entry
