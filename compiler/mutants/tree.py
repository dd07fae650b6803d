"""A file as a tree of values: its leaves by their paths, and the file with one part changed or left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from clawc.compiler.deferred import deferred
from clawc.compiler.model import DeliverDecl
from clawc.compiler.render import bytes_of
from clawc.compiler.writers import WRITERS
from clawc.stdlib.checks import primitive
from clawc.stdlib.checks.values import File, Unmet

PARSERS = {"json": "json_value", "yaml": "yaml_value", "toml": "toml_value", "ini": "ini_sections"}
MAX_LEAVES = 400
MAX_DEPTH = 12
Path = tuple[str, ...]
_patched: Callable[[str, str, Any], str | None] = deferred("witness.patching", "patched")


@dataclass(frozen=True, slots=True)
class Tree:
    """`root`: records, lists and single values. A part is named by the keys that lead to it; those of lists are numbers."""

    kind: str
    root: Any
    base: str | None  # the text of an edited file, whose form is kept

    def leaves(self) -> Iterator[tuple[Path, Any]]:
        """Single values and empty containers; of a long list the first, middle and last elements."""
        return islice(_leaves((), self.root, 0), MAX_LEAVES)

    def parts(self) -> Iterator[tuple[Path, Any]]:
        """Everything below the root."""
        return islice(_parts((), self.root, 0), MAX_LEAVES)

    def put(self, path: Path, value: Any) -> bytes | None:
        """The file with another value at a path; None where it cannot be written."""
        return self.write(_with(self.root, path, value, False))

    def drop(self, path: Path) -> bytes | None:
        """The file without the part at a path."""
        return self.write(_with(self.root, path, None, True))

    def write(self, root: Any) -> bytes | None:
        try:
            if self.base is not None:
                text = _patched(self.kind, self.base, root)
                return None if text is None else text.encode()
            return bytes_of(WRITERS[self.kind](root))
        except (Unmet, ValueError, TypeError, AttributeError):
            return None


def tree_of(deliver: DeliverDecl, data: bytes, base: bytes | None) -> Tree | None:
    """The tree of a file; None for formats and contents that are none."""
    parser = PARSERS.get(deliver.kind)
    if parser is None:
        return None
    try:
        root = primitive(parser)(File(deliver.name, deliver.path, deliver.kind, data))
        # What is edited is written by changing the oracle's own text, which keeps its comments.
        return Tree(deliver.kind, root, data.decode("utf-8-sig") if base is not None else None)
    except (Unmet, UnicodeDecodeError):
        return None


def place_of(path: Path) -> str:
    """A path as findings name it; elements of a list have one place."""
    shown = "".join("[]" if key.isdigit() else f".{key}" for key in path).lstrip(".")
    return f"key `{shown}`" if shown not in ("", "[]") else "the elements"


def _leaves(path: Path, value: Any, depth: int) -> Iterator[tuple[Path, Any]]:
    if depth < MAX_DEPTH and isinstance(value, dict) and value:
        for key, of in _items(value):
            yield from _leaves((*path, str(key)), of, depth + 1)
    elif depth < MAX_DEPTH and isinstance(value, list) and value:
        for number in _ends(value):  # pyright: ignore[reportUnknownArgumentType]
            yield from _leaves((*path, str(number)), value[number], depth + 1)
    else:
        yield path, value


def _parts(path: Path, value: Any, depth: int) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    if depth < MAX_DEPTH and isinstance(value, dict):
        for key, of in _items(value):
            yield from _parts((*path, str(key)), of, depth + 1)
    elif depth < MAX_DEPTH and isinstance(value, list):
        for number in _ends(value):  # pyright: ignore[reportUnknownArgumentType]
            yield from _parts((*path, str(number)), value[number], depth + 1)


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    record: dict[Any, Any] = value
    return iter(record.items())


def _ends(value: list[Any]) -> list[int]:
    return sorted({0, len(value) // 2, len(value) - 1}) if value else []


def _with(value: Any, path: Path, new: Any, gone: bool) -> Any:
    """A copy with the part at `path` replaced, or left out."""
    key, rest = path[0], path[1:]
    if isinstance(value, list):
        made: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        if not rest and gone:
            del made[int(key)]
        else:
            made[int(key)] = _with(made[int(key)], rest, new, gone) if rest else new
        return made
    record: dict[Any, Any] = dict(value)
    real = next((k for k in record if str(k) == key), key)
    if not rest and gone:
        del record[real]
    else:
        record[real] = _with(record[real], rest, new, gone) if rest else new
    return record
