"""How far long work is: a bar with rate and time left on a terminal, plain lines elsewhere; both on standard error.

Work goes on when nobody can be told.
"""

from __future__ import annotations

import os
import sys
import time

_WIDTH = 30
_LINES = 20  # plain lines for the whole work
_SOON = 0.05  # seconds before which there is no rate


class ProgressLine:
    """`noun` is what is counted. Shown anew at most ten times a second on a terminal."""

    def __init__(self, total: int, noun: str) -> None:
        self.total = total
        self.noun = noun
        self.started = time.monotonic()
        self.shown = 0.0
        self._told = True
        self._open = False

    def report(self, done: int, skipped: int = 0) -> None:
        """`done` of the total are done, `skipped` of them by an earlier run."""
        now = time.monotonic()
        line = progress_text(done, self.total, self.noun, done - skipped, now - self.started)
        if sys.stderr.isatty():
            if done < self.total and now - self.shown < 0.1:
                return
            self.shown = now
            self._open = done < self.total
            self._write("\r" + progress_bar(done, self.total, line, _columns()) + ("" if self._open else "\n"))
        elif done == self.total or done % max(1, self.total // _LINES) == 0:
            self._write(line + "\n")

    def note(self, text: str) -> None:
        """Says something beside the progress, on a line of its own."""
        self.close()
        self._write(f"{text}\n")

    def close(self) -> None:
        """Ends the line of a bar that has not come to its end."""
        if self._open:
            self._open = False
            self._write("\n")

    def _write(self, text: str) -> None:
        if not self._told:
            return
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._told = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what is buffered would fail once more at the end


def progress_text(done: int, total: int, noun: str, played: int, seconds: float) -> str:
    """How many of the total are done; `played` of them in so many seconds, from which follow rate and time left."""
    if not played or seconds < _SOON:
        return f"{done}/{total} {noun}"
    rate = played / seconds
    return f"{done}/{total} {noun}, {rate:.1f} a second, {(total - done) / rate:.0f} s left"


def progress_bar(done: int, total: int, line: str, columns: int) -> str:
    """The line with a bar before it, as wide as the terminal less one column: a full line would not be written over."""
    width = min(_WIDTH, columns - len(line) - 4)
    filled = width * done // max(total, 1)
    bar = f"[{'#' * filled}{'.' * (width - filled)}] " if width >= 5 else ""
    return (bar + line).ljust(min(columns - 1, _WIDTH + 50))[: max(columns - 1, 1)]


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
