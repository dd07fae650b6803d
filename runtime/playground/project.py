"""The files that a playground may read and write: the sources it was started with, as long as they lie in their project."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from clawc.exits import UserError
from clawc.runtime.regular_file import read_regular

LARGEST = 2 << 20  # bytes of a source
_MARK = "\ufeff"


class Opened(NamedTuple):
    """A source as an editor has it: without byte order mark, lines ended by a line feed. `stamp` tells this content from others."""

    text: str
    stamp: str


class Changed(UserError):
    """The file is no longer what was read."""


class Project:
    """`root` is what no asset may leave, `files` are sources below it, which are known by their paths from there."""

    def __init__(self, root: Path, files: Sequence[Path]) -> None:
        self.root = Path(os.path.realpath(root))
        within = (Path(os.path.realpath(f.parent), f.name) for f in files)
        self.names = tuple(dict.fromkeys(_name(f, self.root) for f in within if self._inside(f)))

    def path_of(self, name: str) -> Path:
        """Where a source lies. Raises UserError for a name that is none of ours, or leads out of the project by now."""
        if name not in self.names:
            raise UserError("this file is not one of those that the playground was started with")
        path = self.root / name
        if not self._inside(path):
            raise UserError(f"`{name}` leads out of the project by a link")
        return path

    def opened(self, name: str) -> Opened:
        """What a source holds now. Raises UserError for one that cannot be read or edited."""
        data = self._read(name)
        return Opened(_plain(self._text(name, data)), _stamp(data))

    def save(self, name: str, text: str, stamp: str) -> str:
        """Puts a text in the place of the content with this stamp, whole or not at all; byte order mark and line ends stay those of the
        file. The stamp of what is there now. Raises Changed, and UserError."""
        before = self._read(name)
        if _stamp(before) != stamp:
            raise Changed(f"`{name}` was changed on the disk since it was read", "read it anew; nothing was written")
        old = self._text(name, before)
        new = text.replace("\n", "\r\n") if old.count("\r\n") * 2 > old.count("\n") else text
        try:
            data = ((_MARK if old.startswith(_MARK) else "") + new).encode()
        except UnicodeEncodeError:
            raise UserError(
                "this text holds half of a surrogate pair, which no file can", "nothing was written"
            ) from None
        if len(data) > LARGEST:
            raise UserError(f"this text is larger than {LARGEST >> 20} MiB", "nothing was written")
        _replace(Path(os.path.realpath(self.path_of(name))), data, name)
        return _stamp(data)

    def _inside(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self.root)

    def _read(self, name: str) -> bytes:
        path = os.path.realpath(self.path_of(name))
        try:
            return read_regular(path, LARGEST, follow=False).data
        except OSError as error:
            raise UserError(f"`{name}` cannot be read: {error.strerror}") from error

    def _text(self, name: str, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise UserError(f"`{name}` is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _plain(text: str) -> str:
    """As a text area of a browser gives it back."""
    return text.removeprefix(_MARK).replace("\r\n", "\n").replace("\r", "\n")


def _stamp(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(target: Path, data: bytes, name: str) -> None:
    try:
        handle, part = tempfile.mkstemp(prefix=".claw-", suffix=".part", dir=target.parent)
        try:
            with open(handle, "wb") as file:
                file.write(data)
            os.chmod(part, stat.S_IMODE(target.stat().st_mode))
            os.replace(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"`{name}` cannot be written: {error.strerror}", "nothing was written") from error
