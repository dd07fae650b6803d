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


class Assets(Protocol):
    """Where `file`, `from` and `use` find their files."""

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        """The bytes of a file, or None after a diagnostic at `span`."""
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


class NoAssets:
    """For sources without a folder: every file is missing."""

    def read(self, cx: Context, path: str, span: Span) -> bytes | None:
        cx.error("E0703", span, f"there is no file `{path}` beside the source")
        return None
