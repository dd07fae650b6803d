"""`clawc check`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from clawc import exits
from clawc.commands.sources import check_file, find_sources, require_format
from clawc.compiler.report import as_json, as_text
from clawc.exits import UserError


def check_command(paths: Sequence[Path], format: str, deny: str | None) -> int:
    """Checks all files, then reports; exit 1 when something was found."""
    require_format(format)
    if deny not in (None, "warnings"):
        raise UserError(f"`--deny {deny}` is unknown", "write `--deny warnings`")
    sources = find_sources(paths)
    found = [d for path in sources for d in check_file(path).diagnostics]
    if format == "json":
        sys.stdout.write(as_json(found, files=len(sources)))
    elif found:
        sys.stdout.write(as_text(found))
    else:
        print(f"{len(sources)} file{'s' if len(sources) > 1 else ''} checked, nothing found")
    failed = any(d.severity == "error" or deny == "warnings" for d in found)
    return exits.FINDINGS if failed else exits.OK
