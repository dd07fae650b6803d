"""What a framework plays in a comparison, and what it must be able to do for it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from bench.commands import Spent


class Case(NamedTuple):
    """A built bundle, the shell commands of the agent one after another, and the path of bwrap."""

    bundle: Path
    commands: tuple[str, ...]
    bubblewrap: str


class Peer(Protocol):
    """A framework that is ready to play a case. `isolation` says what a command of the agent and the checker run in."""

    @property
    def version(self) -> str: ...

    @property
    def isolation(self) -> str: ...

    def play(self, episodes: int, jobs: int) -> Spent:
        """One whole command, `jobs` episodes at once. Raises CommandFailed, also when its log does not give every episode
        the reward 1."""
        ...


def quiet_environment(home: Path) -> dict[str, str]:
    """The variables for a framework: nothing of the user's, and a home folder of its own."""
    home.mkdir(parents=True, exist_ok=True)
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(home), "NO_COLOR": "1"}
