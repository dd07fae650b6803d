"""`clawc bench report`: a leaderboard over runs of one suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clawc import exits
from clawc.commands.faults import user_errors
from clawc.commands.output import put
from clawc.commands.sources import require_format
from clawc.exits import UserError

FORMATS = ("text", "json", "html")


@dataclass(frozen=True, slots=True)
class LeaderboardOptions:
    """What the options of the verb say. Without a `format` it follows from the name of `out`."""

    out: Path | None = None
    format: str = ""
    suite: Path | None = None
    splits: tuple[str, ...] = ()
    threshold: float = 1.0
    level: float = 0.95
    resamples: int = 2_000


def leaderboard_command(folders: Sequence[Path], options: LeaderboardOptions) -> int:
    """Raises UserError for runs that cannot stand side by side."""
    suffix = "" if options.out is None else options.out.suffix.lstrip(".")
    format = options.format or (suffix if suffix in FORMATS else "text")
    require_format(format, FORMATS)
    if len({folder.resolve() for folder in folders}) != len(folders):
        raise UserError("a run is given twice")
    with user_errors():
        from clawc.runtime.stats.bootstrap import Resampling
        from clawc.runtime.store.run_folder import read_info
        from clawc.runtime.suite import leaderboard_page as page
        from clawc.runtime.suite.folder import read_suite
        from clawc.runtime.suite.leaderboard import leaderboard, read_played

        suite = None if options.suite is None else read_suite(options.suite)
        agents = [read_info(folder).agent for folder in folders]
        labels = _labels(folders, agents)
        runs = [read_played(folder, label, suite) for folder, label in zip(folders, labels)]
        board = leaderboard(runs, Resampling(options.level, options.resamples), options.threshold, options.splits)
        text = {"json": page.as_json, "html": page.as_html}.get(format, page.as_text)(board)
    put(text, options.out)
    return exits.OK


def _labels(folders: Sequence[Path], agents: Sequence[str]) -> list[str]:
    """The agents; those of several runs with the folder."""
    counts = Counter(agents)
    return [agent if counts[agent] == 1 else f"{agent} ({folder})" for agent, folder in zip(agents, folders)]
