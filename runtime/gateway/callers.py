"""Who calls, by what the system says of the calling process.

What the model has said can only have started what began after it was said. So whatever began before is the harness; in a further turn of
a harness that is started anew, what the runner has started for it and that has started before the model spoke again. A harness whose own
files the agent has changed in between is what the agent has made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from clawc.runtime.gateway.rules import Caller
from clawc.runtime.sandbox.interface import Peer
from clawc.runtime.sandbox.peer import now_ticks


@dataclass(slots=True)
class _Turn:
    """`pid` is the number of the harness's process in the sandbox, 0 in the first turn; the model spoke at `spoke`."""

    pid: int = 0
    spoke: int | None = None

    def holds(self, peer: Peer) -> bool:
        before = self.spoke is None or peer.began < self.spoke
        return before and (self.pid == 0 or self.pid in peer.above)


@dataclass(slots=True)
class Callers:
    """Those of one attempt."""

    _turns: list[_Turn] = field(default_factory=lambda: [_Turn()])
    _proven: bool = False

    def turn(self, pid: int) -> None:
        """The harness was started once more, as the process of this number in the sandbox."""
        self._turns.append(_Turn(pid))

    def spoke(self) -> None:
        """From now on somebody inside may know what the model has said."""
        turn = self._turns[-1]
        if turn.spoke is None:
            turn.spoke = now_ticks()

    def who(self, peer: Peer | None) -> Caller:
        if peer is None:
            return "other" if self._proven else "inside"  # where the system tells of one, who cannot be found hides
        self._proven = True
        return "harness" if any(turn.holds(peer) for turn in self._turns) else "other"
