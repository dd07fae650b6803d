"""The vendored modules that a checker imports: exactly these files travel in its bundle."""

from __future__ import annotations

import ast
from functools import cache
from importlib.resources import files

from clawc import stdlib

LICENCE = "LICENSE"


@cache
def vendor_file(path: str) -> bytes:
    """The bytes of a file of the library's vendor folder; `path` is relative to it."""
    return files(stdlib).joinpath("vendor", *path.split("/")).read_bytes()


def vendor_files(asked: set[tuple[str, str]]) -> dict[str, bytes]:
    """Path in the vendor folder to bytes: the modules asked for, what they import of their package, the licences."""
    found: dict[str, bytes] = {}
    queue = sorted(asked)
    while queue:
        package, module = queue.pop()
        path = f"{package}/{module}.py"
        if path not in found:
            found[path] = vendor_file(path)
            found[f"{package}/{LICENCE}"] = vendor_file(f"{package}/{LICENCE}")
            queue.extend((package, name) for name in _siblings(found[path]))
    return dict(sorted(found.items()))


def every_vendor_file() -> list[tuple[str, bytes]]:
    """Path in the vendor folder and bytes of every file there, by path."""
    found: list[tuple[str, bytes]] = []
    for package in files(stdlib).joinpath("vendor").iterdir():
        if package.is_dir() and package.name != "__pycache__":
            found += [(f"{package.name}/{f.name}", f.read_bytes()) for f in package.iterdir() if f.is_file()]
    return sorted(found)


@cache
def _siblings(source: bytes) -> list[str]:
    """The modules of the same package that a module imports as it is loaded; those under `if` are for type checkers."""
    names: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            names += [node.module] if node.module else [a.name for a in node.names]
    return names
