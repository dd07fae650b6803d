"""Signatures of verifier cards: Ed25519 (RFC 8032) over their canonical bytes, with keys in files of their owner.

The package `cryptography` is loaded when a signature is made or checked, and only then.
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.regular_file import read_regular
from clawc.runtime.selftest.card_file import canonical_bytes
from clawc.spec.card import Signature, VerifierCard

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")
_MAX_KEY_FILE = 16 << 10
_INSTALL = "install it by `pip install 'clawc[sign]'`"


def signed(card: VerifierCard, key: Ed25519PrivateKey) -> VerifierCard:
    """The card with the signature of a key in place of any that it has."""
    value = key.sign(canonical_bytes(card)).hex()
    return card.model_copy(update={"signature": Signature(key=public_key(key), value=value)})


def is_signed(card: VerifierCard) -> bool:
    """Does the signature belong to the card and the key that it names? Whether that key is trusted is another question.

    Raises RuntimeFault R0601 where signatures cannot be checked.
    """
    if card.signature is None:
        return False
    _require()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(card.signature.key))
        key.verify(bytes.fromhex(card.signature.value), canonical_bytes(card))
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key(key: Ed25519PrivateKey) -> str:
    """The public key in 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def new_key(path: Path) -> str:
    """Makes a private key in a new file that only its owner can read (PEM, PKCS 8); the public key.

    Raises RuntimeFault R0601, and R0602 where the file is there or cannot be written.
    """
    _require()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(text)
    except FileExistsError as error:
        raise RuntimeFault("R0602", f"`{path}` exists, and a key is never overwritten", "give another file") from error
    except OSError as error:
        raise RuntimeFault("R0602", f"`{path}` cannot be written: {error.strerror}") from error
    return public_key(key)


def private_key(path: Path) -> Ed25519PrivateKey:
    """The key in a file, as PEM or 64 hexadecimal digits. Raises RuntimeFault R0601, and R0602 for a file that holds none, or
    that others can read."""
    _require()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _own_file(path)
    text = data.decode("ascii", "replace").strip()
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RuntimeFault("R0602", f"`{path}` holds no private key", "make one by `clawc keys new FILE`") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RuntimeFault("R0602", f"the key in `{path}` is not an Ed25519 key", "make one by `clawc keys new FILE`")
    return key


def _own_file(path: Path) -> bytes:
    try:
        found = read_regular(path, _MAX_KEY_FILE)
    except OSError as error:
        raise RuntimeFault(
            "R0602", f"`{path}` cannot be read: {error.strerror}", "make a key by `clawc keys new FILE`"
        ) from error
    if found.mode & 0o077 or found.owner not in (0, os.geteuid()):
        raise RuntimeFault("R0602", f"others can read `{path}`, so its key proves nothing",
                           f"make another key, or if nobody has read this one, `chmod 600 {path}`")  # fmt: skip
    return found.data


def _require() -> None:
    try:
        import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    except ImportError as error:
        raise RuntimeFault(
            "R0601", "signatures need the package `cryptography`, which is not installed", _INSTALL
        ) from error
