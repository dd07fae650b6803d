"""`clawc migrate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from clawc import exits
from clawc.commands.rewrite import decoded, diff_lines, read_bytes, replace_text
from clawc.commands.sources import find_sources
from clawc.compiler.migrate import migrated
from clawc.exits import UserError
from clawc.spec.blocks import EDITIONS


def migrate_command(paths: Sequence[Path], check: bool, diff: bool) -> int:
    """Rewrites sources of older editions; with `check` or `diff` nothing is written, and exit 1 says that something would be."""
    sources = find_sources(paths)
    changed = 0
    for path in sources:
        old = decoded(path, read_bytes(path)).removeprefix("\ufeff")
        try:
            new = migrated(old).text
        except ValueError as error:
            raise UserError(f"`{path}`: {error}") from error
        if new == old:
            continue
        changed += 1
        if diff:
            sys.stdout.writelines(diff_lines(str(path), old, new))
        elif check:
            print(f"{path}: is not of edition {EDITIONS[-1]}")
        else:
            replace_text(path, new)
            print(f"{path}: now of edition {EDITIONS[-1]}")
    if not diff:
        print(f"{len(sources)} file{'s' if len(sources) > 1 else ''}, {changed} {'to change' if check else 'changed'}")
    return exits.FINDINGS if changed and (check or diff) else exits.OK
