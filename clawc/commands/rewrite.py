"""Sources that are rewritten in place: read, shown as a diff, and replaced as a whole."""

from __future__ import annotations

import difflib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clawc.commands.sources import MAX_SOURCE
from clawc.exits import UserError


def read_bytes(path: Path) -> bytes:
    """The bytes of a source. Raises UserError for one that is too large, or cannot be read."""
    try:
        if path.stat().st_size > MAX_SOURCE:
            raise UserError(f"`{path}` is larger than {MAX_SOURCE >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error


def decoded(path: Path, data: bytes) -> str:
    """The text of a source; its byte order mark and line ends are as they are. Raises UserError for what is no text."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"`{path}` is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error


def replace_text(path: Path, text: str) -> None:
    """Writes beside the file and renames, so that a source is never half written. Links stay, their target changes."""
    target = Path(os.path.realpath(path))
    try:
        handle, part = tempfile.mkstemp(prefix=".claw-", suffix=".part", dir=target.parent)
        try:
            with open(handle, "wb") as file:
                file.write(text.encode())
            os.chmod(part, stat.S_IMODE(target.stat().st_mode))
            os.replace(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"`{path}` cannot be written: {error.strerror}") from error


def diff_lines(name: str, old: str, new: str) -> Iterator[str]:
    """A unified diff; a last line without a line end says so."""
    for line in difflib.unified_diff(_lines(old), _lines(new), name, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines as a diff counts them: only a line feed ends one."""
    lines = [line + "\n" for line in text.split("\n")]
    if lines[-1] == "\n":
        return lines[:-1]
    return [*lines[:-1], lines[-1][:-1]]
