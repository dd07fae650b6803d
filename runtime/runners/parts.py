"""A bundle on the disk as targets take it."""

from __future__ import annotations

from pydantic import ValidationError

from clawc.compiler.targets.export import BundleParts
from clawc.compiler.targets.parts import solution
from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.spec.bundle import CHECKER, INSTRUCTION, MANIFEST, SOLUTION_STEPS


def parts_of(bundle: Bundle) -> BundleParts:
    """All of its files, each proved again as it is read. Raises RuntimeFault R0101 to R0106 for a bundle that lacks what every
    export has, or whose solution leads out of the workspace."""
    for name in (INSTRUCTION, CHECKER, *bundle.manifest.turns):
        bundle.read(name)
    files = {name: bundle.read(name) for name in bundle.files}
    parts = BundleParts(bundle.manifest, {**files, MANIFEST: (bundle.path / MANIFEST).read_bytes()})
    try:
        found = solution(parts)
    except ValidationError as error:
        raise RuntimeFault("R0103", f"{SOLUTION_STEPS}: {error.errors()[0]['msg'].lower()}") from error
    except ValueError as error:
        raise RuntimeFault("R0103", f"{SOLUTION_STEPS}: {error}") from error
    for step in found.steps if found else ():
        if step.source is not None:
            bundle.read(step.source)
    return parts
