"""Files as a `.tar.gz` of which equal files give equal bytes: names in order, no times, no owners."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from clawc.compiler.targets.export import ExportFile


def write_tarball(files: Mapping[str, ExportFile], top: str, path: Path) -> None:
    """All files in the folder `top` of the archive, whole or not at all. The bytes also depend on the zlib that packs them. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    try:
        with (
            open(part, "wb") as raw,
            gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar,
        ):
            for name in sorted(_folders(files)):
                tar.addfile(_info(f"{top}/{name}".rstrip("/"), 0o755, tarfile.DIRTYPE))
            for name in sorted(files):
                info = _info(f"{top}/{name}", files[name].mode, tarfile.REGTYPE)
                info.size = len(files[name].data)
                tar.addfile(info, io.BytesIO(files[name].data))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _folders(files: Mapping[str, ExportFile]) -> set[str]:
    found = {""}
    for name in files:
        parts = name.split("/")
        found.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return found


def _info(name: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode = mode & 0o777
    info.mtime = info.uid = info.gid = 0
    info.type = kind
    return info
