"""A bundle on the disk as targets take it."""

from __future__ import annotations

from clawc.compiler.targets.export import BundleParts
from clawc.runtime.bundle import Bundle
from clawc.spec.bundle import MANIFEST


def parts_of(bundle: Bundle) -> BundleParts:
    """All of its files, each proved again as it is read."""
    files = {name: bundle.read(name) for name in bundle.files}
    return BundleParts(bundle.manifest, {**files, MANIFEST: (bundle.path / MANIFEST).read_bytes()})
