"""What a run may cost, over all its episodes and starts."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from clawc.runtime.engine.interface import Engine, EngineFailure, TokenUsage
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.store.journal import lines, open_to_read

# In the run folder: a line for each call that has a price, written when it was answered.
LEDGER = "costs.jsonl"
_MOST = Decimal(10) ** 12


@dataclass(slots=True)
class Budget:
    """US dollars; without a `limit` there is none. What was spent stands in the file `ledger`, if one is given."""

    limit: Decimal | None = None
    ledger: Path | None = None
    spent: Decimal = Decimal(0)
    _fd: int = -1

    def require_prices(self, engine: Engine) -> None:
        """Raises RuntimeFault R0964 if there is a limit and calls of the engine have no prices."""
        if self.limit is not None and not getattr(engine, "priced", False):
            raise RuntimeFault(
                "R0964", f"a budget needs prices, and `{engine.name}` has none",
                "Give `price` to each of its upstreams in claw.toml, or set no budget.",
            )  # fmt: skip

    def open(self) -> None:
        """Count what earlier starts have spent. Raises RuntimeFault R0966 for a file that does not say that."""
        if self.ledger is not None and self._fd < 0:
            with suppress(FileNotFoundError), open_to_read(self.ledger) as file:
                costs = (_cost(self.ledger, line.number, line.data) for line in lines(file, self.ledger))
                self.spent = sum(costs, Decimal(0))

    def require(self) -> None:
        """Raises EngineFailure if nothing is left."""
        if self.limit is not None and self.spent >= self.limit:
            raise EngineFailure("budget", f"the budget of {self.limit:f} US dollars is spent")

    def spend(self, usage: TokenUsage | None) -> None:
        """Count what a call has cost. Raises OSError."""
        if usage is None or usage.cost is None:
            return
        self.spent += usage.cost
        if self.ledger is None:
            return
        line = json.dumps({"cost": format(usage.cost, "f")}).encode() + b"\n"
        if self._fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self.ledger, flags, 0o644)
            line = b"\n" + line  # the last line of an earlier start may be torn
        os.write(self._fd, line)

    def close(self) -> None:
        """May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _cost(path: Path, number: int, data: bytes) -> Decimal:
    """What a line says; one that a kill has torn says nothing."""
    if not data.startswith(b"{") or not data.endswith(b"}"):
        return Decimal(0)
    try:
        cost = Decimal(json.loads(data)["cost"])
        if not cost.is_finite() or not -_MOST < cost < _MOST:
            raise ValueError("no cost")
        return max(Decimal(0), cost)
    except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError) as error:
        raise RuntimeFault("R0966", f"`{path}`:{number}: no line of costs", "Give another run folder.") from error
