"""What a run may cost, over all its episodes and starts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from clawc.runtime.engine.interface import EngineFailure, TokenUsage


@dataclass(slots=True)
class Budget:
    """US dollars; without a `limit` there is none. `spent` begins with what earlier starts of the run have cost."""

    limit: Decimal | None = None
    spent: Decimal = Decimal(0)

    def require(self) -> None:
        """Raises EngineFailure if nothing is left."""
        if self.limit is not None and self.spent >= self.limit:
            raise EngineFailure("budget", f"the budget of {self.limit} US dollars is spent")

    def spend(self, usage: TokenUsage | None) -> None:
        if usage is not None and usage.cost is not None:
            self.spent += usage.cost
