"""Whose fault it is that calls were not answered. A failure is the infrastructure's only if the engine has failed a call of the harness's
own conversation and no later one was answered; what others ask proves nothing about the engine."""

from __future__ import annotations

from dataclasses import dataclass

from clawc.runtime.engine.interface import EngineFailure


@dataclass(slots=True)
class Blame:
    """`refusal` is what every attempt would meet, `broken` why the runner itself could not go on, `context` that the conversation has
    become longer than the model takes."""

    refusal: EngineFailure | None = None
    broken: str = ""
    context: bool = False
    _last: str = ""

    @property
    def fault(self) -> str:
        """Why the attempt counts for nothing; empty if it counts."""
        return self.broken or self._last

    def failed(self, number: int, failure: EngineFailure, *, main: bool) -> None:
        """Note that the engine has failed a call, of the harness's own conversation or not."""
        if failure.kind == "budget" or (failure.kind == "refused" and main):
            self.refusal = self.refusal or failure
        elif main and failure.worth_a_try:
            self._last = f"call {number} of the model failed: {failure.message}"
        elif main and failure.kind == "context":
            self.context = True

    def answered(self) -> None:
        """The harness's conversation has gone on."""
        self._last = ""
        self.context = False
