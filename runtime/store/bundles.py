"""The bundles that a run was made of, as far as they are still there and whole. The run folder may be a stranger's."""

from __future__ import annotations

from pathlib import Path

from clawc.runtime.bundle import Bundle, load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import RunInfo

_BUNDLES = "bundles"
# Bundles that are kept at once.
_KEPT = 200


class Bundles:
    """The bundles of a run, as far as they are still there and whole: each is loaded once."""

    def __init__(self, folder: Path, info: RunInfo) -> None:
        # Where a run folder was moved, its own bundles moved along.
        self._paths = {
            task.bundle_id: (folder / _BUNDLES / Path(task.path).name, Path(task.path)) for task in info.tasks
        }
        self._known: dict[str, Bundle | None] = {}

    def of(self, bundle_id: str) -> Bundle | None:
        """The bundle of this id; None if it cannot be had."""
        if bundle_id not in self._known:
            if len(self._known) > _KEPT:
                self._known.clear()
            found = (_loaded(path, bundle_id) for path in self._paths.get(bundle_id, ()))
            self._known[bundle_id] = next((bundle for bundle in found if bundle is not None), None)
        return self._known[bundle_id]


def _loaded(path: Path, bundle_id: str) -> Bundle | None:
    """Raises nothing: the path is what a run folder says, and need not be one."""
    try:
        bundle = load(path)
    except (RuntimeFault, OSError, ValueError):
        return None
    return bundle if bundle.manifest.id == bundle_id else None
