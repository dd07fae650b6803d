"""One player's run within a campaign: it ends early, and without losing what is nearly done, when its money is spent or its model is of
no use.

What ends one player is told apart from what ends the campaign: a model or an agent that cannot be used is the player's, a sandbox, a
disk or a run folder is everybody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.gateway.budget import LEDGER, Budget
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.gateway.gateway import Gateway
from clawc.runtime.harness.interface import Harness
from clawc.runtime.player import NotPlayed, Player
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.rollout import Episode
from clawc.runtime.run import Progress, RunPlan, play_all, run_closing

# Attempts that fail one after another, none between them coming to an end, after which no more are begun.
HOPELESS = 20
_PLAYERS_OWN = ("R04", "R09")


class Stop(NamedTuple):
    """Why a player has not played all: the money is spent, the time is over, or it cannot play."""

    why: Literal["budget", "deadline", "fault"]
    fault: RuntimeFault | None = None


@dataclass(slots=True)
class Purse:
    """What a player may have spent in all, over all its starts; `budget` counts it while it plays."""

    limit: Decimal | None = None
    budget: Budget | None = None

    @property
    def empty(self) -> bool:
        return self.limit is not None and self.budget is not None and self.budget.spent >= self.limit


@dataclass(frozen=True, slots=True)
class Metered(ModelChoice):
    """A choice whose spending is bounded by a purse that is filled later. Its name is that of the choice."""

    purse: Purse = field(default_factory=Purse, compare=False)

    def gateway(self, folder: Path | None) -> Gateway:
        ledger = None if folder is None else folder / LEDGER
        self.purse.budget = Budget(self.purse.limit, ledger)
        return Gateway(self.make(), self.rules, self.caps, self.purse.budget)


def metered(choice: ModelChoice, purse: Purse) -> Metered:
    """The same choice out of this purse."""
    return Metered(choice.model, choice.make, choice.rules, choice.caps, None, purse)


class Careful:
    """A Player that begins nothing more once there is a `stop`, and raises its fault when what was begun has ended."""

    def __init__(self, player: Player, purse: Purse, jobs: int) -> None:
        self.stop: Stop | None = None
        self._player = player
        self._purse = purse
        self._hopeless = max(HOPELESS, 2 * jobs)
        self._failures = 0
        self._flying = 0
        self._landed = asyncio.Event()

    def room(self) -> int | None:
        return self._player.room()

    def short(self) -> bool:
        return self._player.short()

    async def require(self, bundles: Sequence[Bundle], harness: Harness) -> None:
        try:
            await self._player.require(bundles, harness)
        except SandboxUnavailable:
            raise
        except RuntimeFault as fault:
            if _of_player(fault):
                self.stop = Stop("fault", fault)
            raise

    async def play(self, episode: Episode, folder: Path, limit_s: float) -> EpisodeRecord:
        if self.stop is None and self._purse.empty:
            self.stop = Stop("budget", RuntimeFault("R0967", "the budget of the campaign is spent"))
        if self.stop is None:
            self._flying += 1
            try:
                record = await self._player.play(episode, folder, limit_s)
                self._count(record.outcome == "infra_error", record.evidence)
                return record
            except NotPlayed as why:
                self._count(True, str(why))
                raise
            except RuntimeFault as fault:
                if not _of_player(fault):
                    raise
                self.stop = self.stop or Stop("budget" if self._purse.empty else "fault", fault)
            finally:
                self._flying -= 1
                if not self._flying:
                    self._landed.set()
        while self._flying:
            self._landed.clear()
            await self._landed.wait()
        assert self.stop is not None and self.stop.fault is not None
        raise self.stop.fault

    async def close(self) -> None:
        await self._player.close()

    def _count(self, failed: bool, evidence: str) -> None:
        self._failures = self._failures + 1 if failed else 0
        if self._failures >= self._hopeless and self.stop is None:
            said = " ".join(evidence.split())[:300]
            self.stop = Stop("fault", RuntimeFault(
                "R0978", f"{self._failures} attempts failed one after another, the last one because {said}",
                "See to it, and run the same again: failed episodes are tried again.",
            ))  # fmt: skip


def play_player(
    plan: RunPlan, player: Player, purse: Purse, resume: str, progress: Callable[[Progress], None] | None = None
) -> Stop | None:
    """Play what the run folder lacks; None if nothing stopped it. In the main thread, as `run_with`: raises RuntimeFault R0204, with
    `resume` as what one can do, and what would stop every player."""
    careful = Careful(player, purse, plan.jobs)
    try:
        summary = run_closing(play_all(plan, careful, progress), careful, resume)
    except RuntimeFault as fault:
        if careful.stop is not None and careful.stop.fault is fault:
            return careful.stop
        if fault.code.startswith("R04"):  # an agent that cannot even be made
            return Stop("fault", fault)
        raise
    return Stop("deadline") if summary.ending.out_of_time and summary.missing else None


def spent(ledger: Path) -> Decimal:
    """What the calls in a ledger have cost, in US dollars. Raises RuntimeFault R0966."""
    budget = Budget(None, ledger)
    budget.open()
    return budget.spent


def _of_player(fault: RuntimeFault) -> bool:
    return fault.code.startswith(_PLAYERS_OWN)
