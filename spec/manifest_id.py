"""The id of a bundle: the hash of everything else in its manifest, so that it names exactly that bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def canonical_json(value: object) -> bytes:
    """Sorted keys, no blanks, UTF-8 unescaped, no NaN; raises ValueError for what has no such form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def manifest_id(manifest: Mapping[str, object]) -> str:
    """Hex SHA-256 over the canonical JSON of the manifest without `id` (64 digits)."""
    rest = {key: value for key, value in manifest.items() if key != "id"}
    return hashlib.sha256(canonical_json(rest)).hexdigest()
