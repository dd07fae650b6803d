"""From paths on the command line to checked files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clawc.exits import UserError

if TYPE_CHECKING:  # what was kept of earlier checks needs no compiler
    from clawc.compiler.assets import DiskAssets
    from clawc.compiler.pipeline import Checked

PROJECT_FILE = "claw.toml"
_MAX_PROJECT = 1 << 20
MAX_SOURCE = 2 << 20
# Files by which a bundle and a run are known.
MADE = (frozenset({"bundle.json"}), frozenset({"run.json", "episodes.jsonl"}))


def find_sources(paths: Sequence[Path]) -> list[Path]:
    """The `.claw` files that paths name; folders stand for all below them, but for what stands in bundles and runs: that
    is a task's or an agent's. Raises UserError for a path without any."""
    found: list[Path] = []
    for path in paths:
        mode = _mode(path)
        if stat.S_ISDIR(mode):
            inside = sorted(_below(path))
            if not inside:
                raise UserError(f"there is no `.claw` file in `{path}`")
            found.extend(inside)
        elif stat.S_ISREG(mode):
            found.append(path)
        else:
            raise UserError(f"`{path}` is not a regular file")
    return list(dict.fromkeys(found))


def changed_sources(paths: Sequence[Path], since: str | None, *, readers: bool = True) -> list[Path]:
    """The same; after a revision of git only those that changed and, with `readers`, those that read what did."""
    found = find_sources(paths)
    if since is None:
        return found
    from clawc.commands.changed import changed_since

    return changed_since(found, since, readers=readers)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"there is no file `{path}`") from error
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error


def _below(top: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(top):
        if folder != str(top) and any(mark.issubset(files) for mark in MADE):
            folders.clear()
            continue
        yield from (path for path in (Path(folder, name) for name in files if name.endswith(".claw")) if path.is_file())


def project_root(source: Path) -> Path:
    """The nearest folder above with a `claw.toml`, else the folder of the source."""
    here = Path(os.path.abspath(source)).parent
    return next((f for f in (here, *here.parents) if (f / PROJECT_FILE).is_file()), here)


def read_project(path: Path) -> dict[str, Any]:
    """What a `claw.toml` says; nothing where there is none. Raises UserError for a file that cannot be read, or is not TOML."""
    from clawc.runtime.regular_file import read_regular

    try:
        data = read_regular(path, _MAX_PROJECT).data
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"`{path}` is not TOML: {error}") from error


def read_source(path: Path) -> bytes:
    """The bytes of a source. Raises UserError for one that cannot be read, or is too large to be a source."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SOURCE + 1)
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error
    if len(data) > MAX_SOURCE:
        raise UserError(f"`{path}` is larger than {MAX_SOURCE >> 20} MiB")
    return data


def check_file(path: Path) -> Checked:
    """Reads and checks one source file in this process, without bounds of time and memory: for sources that are trusted."""
    from clawc.compiler.assets import DiskAssets

    return check_data(str(path), read_source(path), DiskAssets(project_root(path)))


def check_data(shown: str, data: bytes, assets: DiskAssets) -> Checked:
    """Checks the bytes of a source under the path that messages show."""
    return next(check_instances(shown, data, assets, (0,)))


def check_instances(shown: str, data: bytes, assets: DiskAssets, seeds: Iterable[int]) -> Iterator[Checked]:
    """The same for one instance after the other: the source is read once."""
    from clawc.compiler.pipeline import check_instance, read

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield _not_utf8(shown, data, error.start)
        return
    parsed = read(shown, text)
    for seed in seeds:
        yield check_instance(parsed, assets, seed)


def _not_utf8(path: str, data: bytes, at: int) -> Checked:
    from clawc.compiler.pipeline import Checked
    from clawc.compiler.source import Diagnostics, Source
    from clawc.spec.ast import Span

    source = Source.of(path, data.decode("utf-8", "replace"))
    offset = len(data[:at].decode("utf-8", "replace"))
    diagnostics = Diagnostics()
    diagnostics.add("E0702", source, Span(offset, offset + 1), f"this file is not UTF-8 text (byte {at})",
                    "save it as UTF-8")  # fmt: skip
    return Checked(source, diagnostics.sorted(), [])


REPORT_FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit")


def require_format(format: str, formats: Sequence[str] = ("text", "json")) -> None:
    """Only formats that the verb writes. Raises UserError."""
    if format not in formats:
        why = "is not written by this verb" if format in REPORT_FORMATS else "is unknown"
        raise UserError(f"the format `{format}` {why}", "formats: " + ", ".join(formats))
