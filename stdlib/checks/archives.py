"""ZIP and TAR archives, read in memory within bounds; links, and names that lead out of a folder, are refused."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Tuple

from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.readers import kind_of, source_name
from clawc.stdlib.checks.values import File, Row, Table, Unmet, require_bytes

MAX_UNPACKED = 64 << 20
MAX_MEMBERS = 20_000
MAX_GZIP_PARTS = 20  # what is left of the file is copied for each
MAX_PAX_HEADER = 1 << 20
TAR_BLOCK = 512

_OCTAL = re.compile(rb"[ \0]*([0-7]*)[ \0]*\Z")


class ZipReader:
    """The members of a ZIP file; all that is read of them together is bounded."""

    def __init__(self, data: bytes, name: str) -> None:
        import io
        import zipfile

        self.name = name
        self.left = MAX_UNPACKED
        if data.count(b"PK\1\2") > MAX_MEMBERS:
            raise Unmet(f"{name} has more than {MAX_MEMBERS} members")
        try:
            self.file = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, LookupError, OSError, RuntimeError, OverflowError):
            raise Unmet(f"{name} is not a ZIP file") from None
        self.members: Dict[str, Any] = {}
        for info in self.file.infolist():
            if info.filename in self.members:
                raise Unmet(f"{name} has the member `{cut(info.filename, 60)}` twice")
            self.members[info.filename] = info

    def read(self, path: str) -> bytes:
        """The content of a member."""
        import zipfile
        import zlib

        info = self.members[path]
        label = f"`{cut(path, 60)}` in {self.name}"
        if info.flag_bits & 1:
            raise Unmet(f"{label} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unmet(f"{label} is compressed in a way that is not read here")
        if info.file_size > self.left:
            raise Unmet(f"{self.name} is too large: more than {MAX_UNPACKED >> 20} MiB unpacked")
        try:
            with self.file.open(info) as stream:
                data = stream.read(info.file_size)
                rest = stream.read(1)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError, OverflowError):
            raise Unmet(f"{label} is damaged") from None
        if rest or len(data) != info.file_size:
            raise Unmet(f"{label} is damaged: it has another size than it says")
        self.left -= len(data)
        return data


def archive_members(source: Any) -> Dict[str, bytes]:
    """The regular files of an archive (.zip, .tar, .tar.gz) by their paths."""
    name = source_name(source)
    if not isinstance(source, File):
        raise Unmet("only a file can be an archive")
    data = require_bytes(source)
    if data[:2] == b"PK":
        found = _zip_files(ZipReader(data, name))
    else:
        found = _tar_files(_gunzipped(data, name) if data[:2] == b"\x1f\x8b" else data, name)
    members: Dict[str, bytes] = {}
    for path, content in found:
        path = path[2:] if path.startswith("./") else path
        if path in members:
            raise Unmet(f"{name} has the member `{cut(path, 60)}` twice")
        members[path] = content
    return members


def archive_table(source: Any) -> Table:
    """The regular files of an archive as a table of path, size, and text (null where it is not UTF-8)."""
    lines: List[Row] = []
    for path, data in archive_members(source).items():
        try:
            text: Optional[str] = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            text = None
        lines.append({"path": path, "size": len(data), "text": None if text is None or "\0" in text else text})
    return Table(["path", "size", "text"], lines)


def zip_file(source: Any, path: Any) -> File:
    """A member of an archive as a file that other readers read; it need not be there."""
    data = archive_members(source).get(path)
    path = str(path)
    return File(path, f"{source.path}/{path}", kind_of(path), data)


def _require_inside(path: str, name: str) -> None:
    """Raises Unmet for a path that leads out of the folder into which it would be unpacked."""
    if path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/") or path[1:2] == ":":
        raise Unmet(f"{name} is not accepted: its member `{cut(path, 60)}` could be unpacked outside of a folder")


def _zip_files(archive: ZipReader) -> List[Tuple[str, bytes]]:
    """The regular files of a ZIP file."""
    found: List[Tuple[str, bytes]] = []
    for path, info in archive.members.items():
        _require_inside(path, archive.name)
        if (info.external_attr >> 28) == 0o12:  # the type of a Unix mode: a link
            raise Unmet(f"{archive.name} is not accepted: its member `{cut(path, 60)}` is a link")
        if not path.endswith("/"):
            found.append((path, archive.read(path)))
    return found


def _gunzipped(data: bytes, name: str) -> bytes:
    """What a .gz file holds."""
    import zlib

    parts: List[bytes] = []
    left = MAX_UNPACKED
    while data[:2] == b"\x1f\x8b":
        unpacker = zlib.decompressobj(31)
        try:
            parts.append(unpacker.decompress(data, left + 1))
        except zlib.error:
            raise Unmet(f"{name} is damaged: it cannot be unpacked") from None
        left -= len(parts[-1])
        if len(parts) > MAX_GZIP_PARTS:
            raise Unmet(f"{name} is not accepted: more than {MAX_GZIP_PARTS} compressed files stand in a row")
        if left < 0:
            raise Unmet(f"{name} is too large: more than {MAX_UNPACKED >> 20} MiB unpacked")
        if not unpacker.eof:
            raise Unmet(f"{name} is damaged: it ends too early")
        data = unpacker.unused_data if len(unpacker.unused_data) < len(data) else b""
    return b"".join(parts)


def _tar_files(data: bytes, name: str) -> List[Tuple[str, bytes]]:
    """The regular files of a TAR archive, with the long names of GNU and of POSIX."""
    found: List[Tuple[str, bytes]] = []
    long_name = ""
    position, count = 0, 0
    while position + TAR_BLOCK <= len(data):
        head = data[position : position + TAR_BLOCK]
        if not head.strip(b"\0"):
            break
        count += 1
        if count > 2 * MAX_MEMBERS:
            raise Unmet(f"{name} has more than {MAX_MEMBERS} members")
        size = _tar_number(head[124:136])
        checksum = sum(head) - sum(head[148:156]) + 8 * 32  # its own place counts as blanks
        if size is None or _tar_number(head[148:156]) != checksum:
            raise Unmet(f"{name} is not an archive" if not position else f"{name} is damaged: a header is wrong")
        begin = position + TAR_BLOCK
        content = data[begin : begin + size]
        if len(content) < size:
            raise Unmet(f"{name} is damaged: it ends too early")
        position = begin + (size + TAR_BLOCK - 1) // TAR_BLOCK * TAR_BLOCK
        kind = head[156:157]
        if kind == b"L":
            long_name = _tar_text(content)
        elif kind == b"x":
            long_name = _pax_path(content, name) or long_name
        elif kind != b"g":
            path = _tar_text(head[:100])
            if head[257:263] == b"ustar\0" and head[345:346] != b"\0":
                path = _tar_text(head[345:500]) + "/" + path
            path, long_name = long_name or path, ""
            _require_inside(path, name)
            if kind in (b"0", b"\0", b"7") and not path.endswith("/"):
                found.append((path, content))
            elif kind not in (b"0", b"\0", b"5"):
                what = "a link" if kind in (b"1", b"2") else "no regular file"
                raise Unmet(f"{name} is not accepted: its member `{cut(path, 60)}` is {what}")
    if not count and len(data) < 2 * TAR_BLOCK:
        raise Unmet(f"{name} is not an archive")
    return found


def _tar_number(octets: bytes) -> Optional[int]:
    """A number of a header, in octal or, with the first bit set, in binary; None when it is none."""
    if octets[0] == 0x80:
        return int.from_bytes(octets[1:], "big")
    match = _OCTAL.match(octets)
    return None if match is None else int(match.group(1) or b"0", 8)


def _tar_text(octets: bytes) -> str:
    """A name up to the first NUL."""
    return octets.partition(b"\0")[0].decode("utf-8", "replace")


def _pax_path(content: bytes, name: str) -> str:
    """The path that an extended header gives, or ""; a size given there is refused, as the plain one would be wrong."""
    path, position = "", 0
    if len(content) > MAX_PAX_HEADER:
        raise Unmet(f"{name} is too large: it has an extended header of more than {MAX_PAX_HEADER >> 20} MiB")
    while position < len(content):
        blank = content.find(b" ", position, position + 12)
        length = int(content[position:blank]) if blank > 0 and content[position:blank].isdigit() else 0
        if length <= 0:
            raise Unmet(f"{name} is damaged: an extended header is wrong")
        key, _, value = content[blank + 1 : position + length].rstrip(b"\n").partition(b"=")
        if key == b"path":
            path = _tar_text(value)
        elif key == b"size" or key.startswith(b"GNU.sparse"):
            raise Unmet(f"{name} is not accepted: it has sparse or very large members")
        position += length
    return path
