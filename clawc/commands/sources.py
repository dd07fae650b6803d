"""From paths on the command line to checked files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import Checked, check
from clawc.compiler.source import Diagnostics, Source
from clawc.exits import UserError
from clawc.spec.ast import Span

PROJECT_FILE = "claw.toml"
MAX_SOURCE = 4 << 20


def find_sources(paths: Sequence[Path]) -> list[Path]:
    """The `.claw` files that paths name; folders stand for all below them. Raises UserError for a path without any."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*.claw") if p.is_file())
            if not inside:
                raise UserError(f"there is no `.claw` file in `{path}`")
            found.extend(inside)
        elif path.exists():
            found.append(path)
        else:
            raise UserError(f"there is no file `{path}`")
    return list(dict.fromkeys(found))


def project_root(source: Path) -> Path:
    """The nearest folder above with a `claw.toml`, else the folder of the source."""
    here = Path(os.path.abspath(source)).parent
    return next((f for f in (here, *here.parents) if (f / PROJECT_FILE).is_file()), here)


def check_file(path: Path) -> Checked:
    """Reads and checks one source file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error
    shown = str(path)
    if len(data) > MAX_SOURCE:
        raise UserError(f"`{path}` is larger than {MAX_SOURCE >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _not_utf8(shown, data, error.start)
    return check(shown, text, DiskAssets(project_root(path)))


def _not_utf8(path: str, data: bytes, at: int) -> Checked:
    source = Source.of(path, data.decode("utf-8", "replace"))
    offset = len(data[:at].decode("utf-8", "replace"))
    diagnostics = Diagnostics()
    diagnostics.add("E0702", source, Span(offset, offset + 1), f"this file is not UTF-8 text (byte {at})",
                    "save it as UTF-8")  # fmt: skip
    return Checked(source, diagnostics.sorted(), [])


def require_format(format: str) -> None:
    """Only the formats of this version."""
    if format not in ("text", "json"):
        later = ("sarif", "github", "junit")
        why = "is not in this version" if format in later else "is unknown"
        raise UserError(f"the format `{format}` {why}", "formats: text, json")
