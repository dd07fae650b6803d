"""The frameworks that rollouts are compared with, by name.

Each plays the same task: the files and the checker of the same bundle, the same shell commands, no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.peers.compose import Engine
from bench.peers.harbor.job import Harbor
from bench.peers.inspect.evaluation import Inspect
from bench.peers.peer import Case, Peer

_PEERS: Mapping[str, type[Harbor | Inspect]] = {"harbor": Harbor, "inspect": Inspect}
NAMES = tuple(_PEERS)


def prepared(name: str, folder: Path, case: Case, engine: Engine | None = None) -> Peer:
    """The peer `name`, installed, with a new folder of its own below `folder`; over Docker if there is an `engine`. Raises
    Unavailable."""
    own = folder / name
    own.mkdir()
    return _PEERS[name](own, case, engine)
