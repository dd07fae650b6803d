"""How far long work is: a bar with rate and time left on a terminal, plain lines elsewhere; both on standard error."""

from __future__ import annotations

import sys
import time

_WIDTH = 30
_LINES = 20  # plain lines for the whole work


class ProgressLine:
    """`noun` is what is counted. Shown anew at most ten times a second on a terminal."""

    def __init__(self, total: int, noun: str) -> None:
        self.total = total
        self.noun = noun
        self.started = time.monotonic()
        self.shown = 0.0

    def report(self, done: int, skipped: int = 0) -> None:
        """`done` of the total are done, `skipped` of them by an earlier run."""
        now = time.monotonic()
        rate = (done - skipped) / max(now - self.started, 1e-6)
        left = (self.total - done) / rate if rate else 0.0
        line = f"{done}/{self.total} {self.noun}, {rate:.1f} a second, {left:.0f} s left"
        if sys.stderr.isatty():
            if done < self.total and now - self.shown < 0.1:
                return
            self.shown = now
            filled = _WIDTH * done // max(self.total, 1)
            end = "\n" if done == self.total else ""
            print(f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {line}   ", end=end, file=sys.stderr, flush=True)
        elif done == self.total or done % max(1, self.total // _LINES) == 0:
            print(line, file=sys.stderr, flush=True)
