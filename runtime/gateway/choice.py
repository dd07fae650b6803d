"""Which model the agents of a run speak to, and by which rules: all that is needed to make a gateway, and a name that tells it from
other choices."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from clawc.runtime.engine.interface import Engine, Sampling
from clawc.runtime.gateway.budget import LEDGER, Budget
from clawc.runtime.gateway.gateway import Gateway
from clawc.runtime.gateway.limits import Caps
from clawc.runtime.gateway.line import Rules


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """`model` names the engine that `make` makes; `budget` is in US dollars, for the whole run."""

    model: str
    make: Callable[[], Engine]
    rules: Rules = field(default_factory=Rules)
    caps: Caps = field(default_factory=Caps)
    budget: Decimal | None = None

    @property
    def name(self) -> str:
        """The name of the model, and a digest of what was set beside it."""
        if (self.rules, self.caps) == (Rules(), Caps()):
            return self.model
        set_ = [_fields(self.rules.pinned), self.rules.model, self.rules.max_tokens, _fields(self.caps)]
        return f"{self.model}#{hashlib.sha256(json.dumps(set_).encode()).hexdigest()[:8]}"

    def gateway(self, folder: Path | None) -> Gateway:
        """A new gateway. What calls have cost stands in the run's `folder`, so that its budget holds over several starts. Raises
        RuntimeFault."""
        ledger = None if folder is None else folder / LEDGER
        return Gateway(self.make(), self.rules, self.caps, Budget(self.budget, ledger))


def _fields(found: Sampling | Caps) -> list[object]:
    return [[name, getattr(found, name)] for name in type(found).__slots__]
