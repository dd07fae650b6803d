"""Our own runtime as a runner."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clawc import __version__
from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.harness.replayed import ReplayedAgent
from clawc.runtime.rollout import Clock, play
from clawc.runtime.runners.interface import Answer, Judged
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.bytecode import TRAJECTORY, Bytecode
from clawc.runtime.scoring.checking import COLLECTED
from clawc.runtime.scoring.score import judge

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class _Replay:
    """A Harness of one answer."""

    answer: Answer

    @property
    def name(self) -> str:
        return self.answer.name

    @property
    def endpoint(self) -> Literal["none"]:
        return "none"

    def agent(self, bundle: Bundle) -> ReplayedAgent:
        return ReplayedAgent(self.answer.solution, lambda source: self.answer.files[source])


class Own:
    """Raises SandboxUnavailable when it plays where sandboxes do not work."""

    name = "clawc"
    version = __version__
    isolation = "bubblewrap: a sandbox each for the agent, for programs that the checker wants run, and for the checker"

    def play(self, answers: Sequence[Answer], folder: Path) -> dict[tuple[str, str], Judged]:
        return asyncio.run(self._all(answers))

    async def _all(self, answers: Sequence[Answer]) -> dict[tuple[str, str], Judged]:
        backend, room, bytecode = Bubblewrap(), asyncio.Semaphore(_AT_ONCE), Bytecode()
        try:
            probe = await backend.probe()
            if not probe.ok:
                raise SandboxUnavailable(probe.reason, probe.help)

            async def one(answer: Answer) -> Judged:
                async with room:
                    return await _judged(answer, backend, bytecode)

            found = await asyncio.gather(*map(one, answers))
            return {(answer.task, answer.name): judged for answer, judged in zip(answers, found)}
        finally:
            await backend.close()


async def _judged(answer: Answer, backend: Bubblewrap, bytecode: Bytecode) -> Judged:
    scratch = backend.scratch()
    try:
        await play(answer.bundle, _Replay(answer), 0, backend, scratch, scratch / COLLECTED, Clock())
        scored = await judge(answer.bundle, scratch, backend, None, scratch / TRAJECTORY, bytecode)
    finally:
        await backend.discard(scratch)
    if scored.verdict is None:
        return Judged(None, scored.fault)
    return Judged(float(scored.verdict.score_checks))
