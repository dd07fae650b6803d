"""Entries as the one layer of an image: equal entries give equal bytes, whoever writes them."""

from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from typing import IO

from clawc.runtime.images.gather import Entry

# Larger files with the same content are one file with two names; git is there twice.
_SHARE_FROM = 1 << 20


def write_layer(entries: Mapping[str, Entry], out: IO[bytes]) -> None:
    """A tar of all entries in order. Raises OSError where a file cannot be read any more."""
    written: dict[bytes, str] = {}
    with tarfile.open(
        fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape"
    ) as tar:
        for name in sorted(entries):
            entry = entries[name]
            info = tarfile.TarInfo(name)
            info.mode, info.mtime, info.uid, info.gid = stat.S_IMODE(entry.mode), entry.mtime, entry.owner, entry.owner
            if stat.S_ISDIR(entry.mode):
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif entry.link:
                info.type, info.linkname = tarfile.SYMTYPE, entry.link
                tar.addfile(info)
            else:
                _add_file(tar, info, entry, written)


def _add_file(tar: tarfile.TarFile, info: tarfile.TarInfo, entry: Entry, written: dict[bytes, str]) -> None:
    data = entry.data
    if data is None:
        assert entry.source is not None
        data = entry.source.read_bytes()
    if len(data) >= _SHARE_FROM:
        digest = sha256(b"%o " % info.mode + data).digest()
        if digest in written:
            info.type, info.linkname = tarfile.LNKTYPE, written[digest]
            tar.addfile(info)
            return
        written[digest] = info.name
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
