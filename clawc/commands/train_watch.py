"""`clawc train watch` and `clawc train plot`: how far a training is, and how it went."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clawc import exits
from clawc.commands.faults import stopping, user_errors
from clawc.commands.progress import ProgressLine
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.train.progress import MetricsReader, is_finished, panel, plain_line

if TYPE_CHECKING:
    from rich.live import Live as RichLive

_EVERY_S = 0.5
_WIDEST = 100


class Live:
    """Shows a training on standard error as it goes on: a box on a terminal, some plain lines elsewhere."""

    def __init__(self, out: Path) -> None:
        self._reader = MetricsReader(out)
        self._name = clean(out.name)
        self._box: RichLive | None = None
        self._line: ProgressLine | None = None
        self._shown = -1

    def look(self) -> None:
        progress = self._reader.look()
        if not progress.steps or progress.step == self._shown:
            return
        self._shown = progress.step
        if not sys.stderr.isatty():
            if self._line is None or self._line.total != progress.steps:
                self._line = ProgressLine(progress.steps, "steps")
            self._line.report(progress.step)
            return
        box = panel(progress, self._name, min(_WIDEST, shutil.get_terminal_size().columns))
        if self._box is None:
            from rich.console import Console
            from rich.live import Live as RichLive

            self._box = RichLive(box, console=Console(stderr=True), auto_refresh=False)
            self._box.start()
        self._box.update(box, refresh=True)

    def close(self) -> None:
        self.look()
        if self._box is not None:
            self._box.stop()
            self._box = None
        if self._line is not None:
            self._line.close()


def watch_command(folder: Path, once: bool) -> int:
    """Ends when the training does."""
    with user_errors(), stopping():
        if once:
            done = is_finished(folder)
            print(plain_line(MetricsReader(folder).look()) + ("; finished" if done else ""))
            return exits.OK
        live = Live(folder)
        try:
            while not is_finished(folder):
                live.look()
                time.sleep(_EVERY_S)
        finally:
            live.close()
    return exits.OK


def plot_command(folders: Sequence[Path], out: Path) -> int:
    from clawc.runtime.train.plots import FORMATS, plot_trainings

    if out.suffix not in FORMATS:
        raise UserError(f"`{clean(out.name)}` is no kind of picture", f"kinds: {', '.join(FORMATS)}")
    with user_errors(), stopping():
        plot_trainings(folders, out)
    print(out)
    return exits.OK
