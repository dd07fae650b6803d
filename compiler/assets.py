"""Files beside the source: the one place where the compiler reads a disk. Nothing outside the project root is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from clawc.compiler.elaborate.context import Context
from clawc.compiler.paths import path_problem
from clawc.spec.ast import Span

MAX_ASSET = 16 << 20
MAX_TREE = 2_000


class Assets(Protocol):
    """Where `file`, `from` and `use` find their files."""

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        """The bytes of a file, or None after a diagnostic at `span`."""
        ...

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        """The regular files below a folder: bytes and whether they may be run, by their path in it; None after a diagnostic."""
        ...


class DiskAssets:
    """Assets below the folder of the source; links that lead out of the root are refused."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        base = Path(os.path.dirname(os.path.abspath(cx.source.path))) if cx.source.path else self.root
        problem = path_problem(path.removeprefix("../")) if path.startswith("../") else path_problem(path)
        if problem:
            cx.error("E0701", span, f"the path `{path}` {problem}")
            return None
        target = Path(os.path.realpath(base / path))
        if not target.is_relative_to(self.root):
            cx.error("E0701", span, f"the path `{path}` leaves the project `{self.root.name}`",
                     "keep assets beside the source")  # fmt: skip
            return None
        try:
            with open(os.open(target, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
                info = os.fstat(file.fileno())
                if not stat.S_ISREG(info.st_mode):
                    cx.error("E0703", span, f"`{path}` is not a regular file")
                    return None
                if info.st_size > MAX_ASSET:
                    cx.error("E0704", span, f"`{path}` is larger than 16 MiB")
                    return None
                return file.read(MAX_ASSET + 1)
        except FileNotFoundError:
            cx.error("E0703", span, f"there is no file `{path}` beside the source",
                     f"looked for {os.path.relpath(target, self.root)} in the project `{self.root.name}`")  # fmt: skip
        except OSError as error:
            cx.error("E0703", span, f"`{path}` cannot be read: {error.strerror or error}")
        return None

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        base = Path(os.path.dirname(os.path.abspath(cx.source.path))) if cx.source.path else self.root
        problem = path_problem(path.removeprefix("../"))
        target = Path(os.path.realpath(base / path))
        if problem or not target.is_relative_to(self.root):
            cx.error("E0701", span, f"the path `{path}` {problem or 'leaves the project'}")
            return None
        if not target.is_dir():
            cx.error("E0703", span, f"there is no folder `{path}` beside the source")
            return None
        found: dict[str, tuple[bytes, bool]] = {}
        size = 0
        for folder, folders, names in os.walk(target):
            folders[:] = sorted(f for f in folders if f not in ("__pycache__", ".git"))
            for name in sorted(names):
                inner = os.path.relpath(os.path.join(folder, name), target)
                data = self.read(cx, f"{path}/{inner}", span)
                if data is None:
                    return None
                size += len(data)
                if len(found) >= MAX_TREE or size > 4 * MAX_ASSET:
                    cx.error("E0704", span, f"`{path}` holds more than {MAX_TREE} files or 64 MiB")
                    return None
                found[inner] = (data, os.access(os.path.join(folder, name), os.X_OK))
        return found


class NoAssets:
    """For sources without a folder: every file is missing."""

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        cx.error("E0703", span, f"there is no file `{path}` beside the source")
        return None

    def tree(self, cx: Context, path: str, span: Span) -> dict[str, tuple[bytes, bool]] | None:
        cx.error("E0703", span, f"there is no folder `{path}` beside the source")
        return None
