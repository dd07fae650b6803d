"""`clawc migrate`."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from clawc import exits
from clawc.commands.sources import MAX_SOURCE, find_sources
from clawc.compiler.migrate import migrated
from clawc.exits import UserError
from clawc.spec.blocks import EDITIONS


def migrate_command(paths: Sequence[Path], check: bool, diff: bool) -> int:
    """Rewrites sources of older editions; with `check` or `diff` nothing is written, and exit 1 says that something would be."""
    sources = find_sources(paths)
    changed = 0
    for path in sources:
        old = _text(path)
        try:
            new = migrated(old).text
        except ValueError as error:
            raise UserError(f"`{path}`: {error}") from error
        if new == old:
            continue
        changed += 1
        if diff:
            lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(path), str(path))
            sys.stdout.writelines(
                line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
            )
        elif check:
            print(f"{path}: is not of edition {EDITIONS[-1]}")
        else:
            _replace(path, new)
            print(f"{path}: now of edition {EDITIONS[-1]}")
    if not diff:
        print(f"{len(sources)} file{'s' if len(sources) > 1 else ''}, {changed} {'to change' if check else 'changed'}")
    return exits.FINDINGS if changed and (check or diff) else exits.OK


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_SOURCE:
            raise UserError(f"`{path}` is larger than {MAX_SOURCE >> 20} MiB")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"`{path}` is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error


def _replace(path: Path, text: str) -> None:
    """Writes beside the file and renames, so that a source is never half written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(text.encode())
        part.chmod(path.stat().st_mode & 0o777)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UserError(f"`{path}` cannot be written: {error.strerror}") from error
