"""Cards that were proved here, kept in a folder that only this user can write: what stands there needs no signature.

A file that is damaged, not this user's, or the card of another key is no card.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from clawc.runtime.regular_file import read_regular
from clawc.runtime.selftest.card_file import CardFault, canonical_bytes, card_json, read_card
from clawc.spec.bundle import MAX_CARD
from clawc.spec.card import CardKey, VerifierCard
from clawc.spec.manifest_id import canonical_json

_OTHERS_WRITE = 0o022
_DIGEST = 64  # hexadecimal digits, and a line end


class CardStore:
    """The folder `cards` in `cache`, a folder of this user; it is made when the first card is put."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.folder = cache / "cards"

    def get(self, key: CardKey) -> VerifierCard | None:
        """The card of exactly this key."""
        with suppress(OSError, CardFault), self._opened() as folder:
            data = _read(folder, _name(key))
            digest, line_end, body = data[:_DIGEST], data[_DIGEST : _DIGEST + 1], data[_DIGEST + 1 :]
            if line_end != b"\n" or digest != hashlib.sha256(body).hexdigest().encode():
                return None
            card = read_card(body)
            if card.key == key:
                return card
        return None

    def put(self, card: VerifierCard) -> bool:
        """Keep a card that was proved here, whole or not at all; whether it could be kept."""
        body = canonical_bytes(card)
        if len(body) > MAX_CARD:
            return False
        data = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened() as folder:
                _write(folder, _name(card.key), data)
                return True
        return False

    @contextmanager
    def _opened(self) -> Generator[int]:
        """The folder, if nobody else could have written there; raises OSError."""
        for path in (self.cache, self.folder):
            fd = os.open(
                path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (os.O_NOFOLLOW if path is self.folder else 0)
            )
            try:
                found = os.fstat(fd)
                if found.st_uid != os.geteuid() or found.st_mode & _OTHERS_WRITE:
                    raise PermissionError(f"`{path}` may be written by others")
                if path is self.folder:
                    yield fd
            finally:
                os.close(fd)


def _name(key: CardKey) -> str:
    return hashlib.sha256(canonical_json(key.model_dump(mode="json"))).hexdigest() + ".json"


def _read(folder: int, name: str) -> bytes:
    """The bytes of a regular file that only this user can write; raises OSError for any other, and for one that is too large."""
    found = read_regular(name, MAX_CARD + _DIGEST + 1, folder=folder, follow=False)
    if found.owner != os.geteuid() or found.mode & _OTHERS_WRITE:
        raise PermissionError(f"`{name}` is not this user's")
    return found.data


def _write(folder: int, name: str, data: bytes) -> None:
    beside = f".{name}.{secrets.token_hex(4)}"
    try:
        with open(
            os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder), "wb"
        ) as file:
            file.write(data)
        os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(beside, dir_fd=folder)
        raise


def put_card_file(card: VerifierCard, path: Path) -> None:
    """Write a card to a file that appears whole or not at all; raises OSError."""
    beside = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        beside.write_text(card_json(card), encoding="utf-8", newline="\n")
        os.replace(beside, path)
    finally:
        with suppress(OSError):
            beside.unlink()  # a bundle with another file in it is none
