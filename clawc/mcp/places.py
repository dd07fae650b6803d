"""Which files a client may name: sources inside the folders of the workspace, wherever links lead."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from clawc.commands.sources import MAX_SOURCE, project_root
from clawc.runtime.regular_file import read_regular

UNNAMED = "unnamed.claw"
MAX_ROOTS = 20


class Refusal(Exception):
    """What was asked for is not done: why, and what to do."""


class Source(NamedTuple):
    """A text, the real path that it stands for, the path as answers show it, and the folder that its files must not leave."""

    path: str
    shown: str
    text: str
    root: str


class Places:
    """The folders of a workspace; paths that are not absolute are taken from the first of them."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(dict.fromkeys(Path(os.path.realpath(r)) for r in roots))

    def source(self, path: str | None, text: str | None) -> Source:
        """The source that is meant: a file, a text in the place of one, or a text alone, which is taken as a file of the first
        folder. Raises Refusal."""
        if path is None and text is None:
            raise Refusal("give `path`, the path of a `.claw` file in the workspace, or `text`, or both")
        real, root = self._inside(UNNAMED if path is None else path)
        if text is None:
            text = _read(real, path or "")
        elif len(text) > MAX_SOURCE:
            raise Refusal(f"the text has {len(text)} characters; a source has at most {MAX_SOURCE}")
        project = project_root(real)
        inner = project if project.is_relative_to(root) else root
        return Source(str(real), os.path.relpath(real, root), _valid(text), str(inner))

    def _inside(self, path: str) -> tuple[Path, Path]:
        """The real path, and the folder of the workspace that holds it."""
        if not path.endswith(".claw"):
            raise Refusal(f"`{path[:200]}` is no source: their names end in `.claw`")
        try:
            real = Path(os.path.realpath(self.roots[0] / path))
        except (ValueError, OSError) as error:
            raise Refusal(f"`{path[:200]!a}` is no path: {error}") from error
        around = [r for r in self.roots if real.is_relative_to(r)]
        if not around:
            raise Refusal(f"`{path[:200]}` lies outside of the workspace; paths are taken from its folder")
        return real, max(around, key=lambda r: len(r.parts))


def folders_of(uris: Sequence[str]) -> list[Path]:
    """The folders on this machine that a client's roots name; others are left out."""
    found: list[Path] = []
    for uri in uris[:MAX_ROOTS]:
        parts = urlsplit(uri)
        path = unquote(parts.path)
        if parts.scheme == "file" and parts.netloc in ("", "localhost") and "\0" not in path and os.path.isdir(path):
            found.append(Path(path))
    return found


def _read(real: Path, shown: str) -> str:
    try:
        data = read_regular(real, MAX_SOURCE, follow=False).data
    except OSError as error:
        raise Refusal(f"`{shown[:200]}` cannot be read: {error.strerror or error}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(f"`{shown[:200]}` is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _valid(text: str) -> str:
    """Halves of characters, which JSON can bring, cannot be written to a file."""
    return text.encode("utf-8", "replace").decode("utf-8")
