"""Where the episodes of a training are played: in the sandboxes of this machine, or on the nodes of a cluster. The engine stays here."""

from __future__ import annotations

from pathlib import Path

from clawc.runtime.player import LocalPlayer, Player
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from clawc.runtime.train.records import TRAINING


def player_of(sandbox: SandboxChoice, cluster: str, out: Path, at_once: int) -> Player:
    """A player of at most `at_once` episodes; `cluster` is an address, empty for this machine. Which nodes come and go stands in
    `out/cluster.jsonl`. Raises RuntimeFault R0701, R0702 and R0704 for a cluster that cannot be used, and what `backend_of` raises."""
    if not cluster:
        return LocalPlayer(backend_of(sandbox))
    from clawc.runtime.cluster.events import EventFile
    from clawc.runtime.cluster.player import ClusterPlayer, Plan
    from clawc.runtime.cluster.ray_link import RayLink

    return ClusterPlayer(RayLink(cluster), Plan(sandbox, at_once), EventFile(out, TRAINING).add)
