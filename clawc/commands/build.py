"""`clawc build`: bundles into a folder; each appears whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from clawc import exits
from clawc.commands.compiling import build_sources
from clawc.commands.sources import find_sources, require_format
from clawc.compiler.report import as_json, as_text
from clawc.spec.bundle import Manifest


def build_command(paths: Sequence[Path], out: Path, format: str) -> int:
    """Builds every task of every file; nothing is written when one has an error."""
    require_format(format)
    sources = find_sources(paths)
    found, manifests = build_sources(sources, out)
    if any(f.severity == "error" for f in found):
        sys.stdout.write(as_json(found, files=len(sources)) if format == "json" else as_text(found))
        return exits.FINDINGS
    if found:
        sys.stderr.write(as_text(found))
    if format == "json":
        document = {"format_version": 1, "bundles": [_entry(m, out) for m in manifests]}
        sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
    else:
        for manifest in manifests:
            print(
                f"{out / manifest.task}  {manifest.id[:12]}  {len(manifest.scoring.checks)} checks, oracle {manifest.oracle}"
            )
    return exits.OK


def _entry(manifest: Manifest, out: Path) -> dict[str, str]:
    return {
        "task": manifest.task,
        "id": manifest.id,
        "path": str(out / manifest.task),
        "oracle": manifest.oracle,
    }
