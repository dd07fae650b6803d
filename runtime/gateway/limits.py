"""What an attempt may use of a model, and what it has used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from clawc.runtime.engine.interface import Object, TokenUsage
from clawc.runtime.engine.meaning import meaning
from clawc.runtime.records import LimitUse

Cap = Literal["calls", "tokens", "model time", "repetition", "context", "capture"]


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds of one attempt: calls, tokens of prompts and answers, seconds that calls may take in all; `repeats` the same answers one
    after another end it. Calls at the same time wait for one another beyond `at_once`. A capture that has `capture_bytes` ends it, too."""

    calls: int = 200
    tokens: int = 4_000_000
    seconds: float = 3_600.0
    repeats: int = 12
    at_once: int = 8
    capture_bytes: int = 256 << 20


@dataclass(slots=True)
class Spent:
    """What calls have used. `known` is false once an answer came without a count of tokens, `priced` once one came without a price;
    `counted` are those with one. `guessed` are tokens that nobody has counted: those of answers without usage, and of calls that were broken off."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    cached: int = 0
    guessed: int = 0
    counted: int = 0
    cost: Decimal = Decimal(0)
    known: bool = True
    priced: bool = True

    @property
    def tokens(self) -> int:
        """What counts against the cap."""
        return self.prompt + self.completion + self.guessed

    def guess(self, size: int) -> None:
        """Count a call by the bytes of it and its answer: as good as any guess, so that the cap holds."""
        self.guessed += size // 4

    def add(self, usage: TokenUsage | None, size: int) -> None:
        self.known = self.known and usage is not None
        self.priced = self.priced and usage is not None and usage.cost is not None
        if usage is not None:
            self.counted += 1
            self.prompt += usage.prompt
            self.completion += usage.completion
            self.cached += usage.cached
            self.cost += usage.cost or 0
        else:
            self.guess(size)


@dataclass(slots=True)
class Meter:
    """Counts against the caps; `hit` is the first that was."""

    caps: Caps
    spent: Spent = field(default_factory=Spent)
    hit: Cap | None = None
    seconds: float = 0.0
    captured: int = 0
    _last: str = ""
    _alike: int = 0
    _most_alike: int = 0

    def admit(self, captured: int = 0) -> Cap | None:
        """Count a call, or say what stands against it; the capture has `captured` bytes so far."""
        if self.hit is None:
            if self.spent.calls >= self.caps.calls:
                self.hit = "calls"
            elif self.spent.tokens >= self.caps.tokens:
                self.hit = "tokens"
            elif self.seconds >= self.caps.seconds:
                self.hit = "model time"
            elif captured >= self.caps.capture_bytes:
                self.hit = "capture"
        self.captured = max(self.captured, captured)
        if self.hit is None:
            self.spent.calls += 1
        return self.hit

    def tokens_left(self) -> int:
        return max(1, self.caps.tokens - self.spent.tokens)

    def seconds_left(self) -> float:
        return max(0.0, self.caps.seconds - self.seconds)

    def answered(self, message: Object) -> Cap | None:
        """Note an answer; says so if it is one too many of the same."""
        text = json.dumps(meaning(message), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._alike = self._alike + 1 if digest == self._last else 1
        self._last = digest
        self._most_alike = max(self._most_alike, self._alike)
        if self.hit is None and self._alike >= self.caps.repeats:
            self.hit = "repetition"
        return self.hit

    def uses(self) -> tuple[LimitUse, ...]:
        """The caps as a record shows them."""
        return tuple(
            LimitUse(
                name=name, unit=unit, allowed=allowed, used=round(seen, 3), enforcer="gateway", hit=self.hit == name
            )
            for name, unit, allowed, seen in self._rows()
        )

    def _rows(self) -> tuple[tuple[str, Literal["s", "bytes", "count"], float, float], ...]:
        caps, spent = self.caps, self.spent
        return (
            ("calls", "count", caps.calls, spent.calls),
            ("tokens", "count", caps.tokens, spent.tokens),
            ("model time", "s", caps.seconds, self.seconds),
            ("repetition", "count", caps.repeats, self._most_alike),
            ("capture", "bytes", caps.capture_bytes, self.captured),
        )
