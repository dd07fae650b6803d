"""A git repository as bytes: loose objects, references and index of a linear history, the same on every machine."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

BRANCH = "main"
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
_ENTRY = struct.Struct(">10I20sH")  # of the index: times, device, inode, mode, owner, size, object, flags


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: the whole of its files (path to bytes and whether they may be run). `at` has a zone."""

    message: str
    author: str
    email: str
    at: datetime
    files: Mapping[str, tuple[bytes, bool]]


@dataclass(frozen=True, slots=True)
class History:
    """`files` are those below `.git`, by their path in it; `ids` are the commits' names, in order."""

    files: dict[str, bytes]
    ids: tuple[str, ...]


def history(commits: list[Commit]) -> History:
    """The repository of these commits, the last one checked out. Formats: git's manual, gitformat-*."""
    files: dict[str, bytes] = {
        "HEAD": f"ref: refs/heads/{BRANCH}\n".encode(),
        "config": _CONFIG.encode(),
    }
    ids: list[str] = []
    for commit in commits:
        tree = _tree(commit.files, files)
        seconds = int(commit.at.timestamp())
        offset = commit.at.utcoffset() or UTC.utcoffset(None)
        minutes = int(offset.total_seconds()) // 60
        zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
        who = f"{commit.author} <{commit.email}> {seconds} {zone}"
        parents = f"parent {ids[-1]}\n" if ids else ""
        text = f"tree {tree.hex()}\n{parents}author {who}\ncommitter {who}\n\n{commit.message.strip()}\n"
        ids.append(_store("commit", text.encode(), files).hex())
    if ids:
        files[f"refs/heads/{BRANCH}"] = f"{ids[-1]}\n".encode()
        files["index"] = _index(commits[-1].files)
    return History(files, tuple(ids))


def _name(kind: str, data: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).digest()


def _store(kind: str, data: bytes, files: dict[str, bytes]) -> bytes:
    name = _name(kind, data)
    # Stored, not deflated: what deflate makes differs between versions of zlib.
    files[f"objects/{name.hex()[:2]}/{name.hex()[2:]}"] = _stored(f"{kind} {len(data)}\0".encode() + data)
    return name


def _stored(data: bytes) -> bytes:
    """A zlib stream of stored blocks."""
    blocks = [data[at : at + 0xFFFF] for at in range(0, len(data), 0xFFFF)] or [b""]
    body = b"".join(
        struct.pack("<BHH", at == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block
        for at, block in enumerate(blocks)
    )
    return b"\x78\x01" + body + struct.pack(">I", zlib.adler32(data))


def _tree(files: Mapping[str, tuple[bytes, bool]], store: dict[str, bytes]) -> bytes:
    """Stores a folder and all below it; its name."""
    entries: dict[bytes, tuple[bytes, bytes]] = {}  # sorting key: folders sort as if they ended in `/`
    folders: dict[str, dict[str, tuple[bytes, bool]]] = {}
    for path, (data, executable) in files.items():
        first, _, rest = path.partition("/")
        if rest:
            folders.setdefault(first, {})[rest] = (data, executable)
        else:
            mode = b"100755" if executable else b"100644"
            entries[first.encode()] = (mode + b" " + first.encode(), _store("blob", data, store))
    for first, inside in folders.items():
        entries[first.encode() + b"/"] = (b"40000 " + first.encode(), _tree(inside, store))
    return _store("tree", b"".join(head + b"\0" + name for _, (head, name) in sorted(entries.items())), store)


def _index(files: Mapping[str, tuple[bytes, bool]]) -> bytes:
    """What is checked out. Without times, so that git compares the contents once."""
    body = b"DIRC" + struct.pack(">II", 2, len(files))
    for path, (data, executable) in sorted(files.items(), key=lambda entry: entry[0].encode()):
        name = path.encode()
        mode = 0o100755 if executable else 0o100644
        flags = min(len(name), 0xFFF)
        entry = _ENTRY.pack(0, 0, 0, 0, 0, 0, mode, 0, 0, len(data), _name("blob", data), flags) + name
        body += entry + b"\0" * (8 - len(entry) % 8)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()
