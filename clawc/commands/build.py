"""`clawc build`: bundles into a folder; each appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from clawc import exits
from clawc.commands.sources import check_file, find_sources, require_format
from clawc.compiler.pipeline import Compiled, build, write
from clawc.compiler.report import as_json, as_text
from clawc.exits import UserError
from clawc.spec.bundle import MANIFEST, Manifest


def build_command(paths: Sequence[Path], out: Path, format: str) -> int:
    """Builds every task of every file; nothing is written when one has an error."""
    require_format(format)
    sources = find_sources(paths)
    checked = [check_file(path) for path in sources]
    found = [d for c in checked for d in c.diagnostics]
    if not all(c.ok for c in checked):
        sys.stdout.write(as_json(found, files=len(sources)) if format == "json" else as_text(found))
        return exits.FINDINGS
    if found:
        sys.stderr.write(as_text(found))
    manifests = build_all([t for c in checked for t in c.tasks], out)
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


def build_all(tasks: Sequence[Compiled], out: Path) -> list[Manifest]:
    """One bundle a task in `out`; an older bundle of the same task is replaced. Raises UserError."""
    names = [t.task.name for t in tasks]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise UserError(f"two tasks are called `{twice}`", "build them into different folders")
    return [_put(compiled, out) for compiled in tasks]


def _put(compiled: Compiled, out: Path) -> Manifest:
    files = build(compiled)
    target = out / compiled.task.name
    if target.exists() and not (target / MANIFEST).is_file():
        raise UserError(f"`{target}` exists and is no bundle", "choose another folder by `--out`, or remove it")
    staged: Path | None = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{compiled.task.name}-", dir=out))
        os.chmod(staged, 0o755)
        write(files, staged)
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{compiled.task.name}-old-", dir=out))
            os.rename(target, old / "bundle")
            os.rename(staged, target)
            shutil.rmtree(old)
        else:
            os.rename(staged, target)
    except OSError as error:
        raise UserError(f"`{target}` cannot be written: {error.strerror}", "nothing was changed",
                        exits.ENVIRONMENT) from error  # fmt: skip
    finally:
        if staged is not None and staged.exists():
            shutil.rmtree(staged, ignore_errors=True)
    return files.manifest
