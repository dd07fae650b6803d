"""`clawc run --campaign`: players times tasks times seeds into one folder, and what of it is worth training on.

What is finished is never played again; a player that cannot play does not keep the others from it. Players play one after another.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from clawc import __version__, exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import stopping, user_errors
from clawc.commands.models import project_engines
from clawc.commands.output import standard_output
from clawc.commands.progress import ProgressLine
from clawc.commands.sources import PROJECT_FILE, project_root, require_format
from clawc.compiler.report import clean
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.campaign.folder import (
    BUNDLES,
    Seat,
    campaign_folder,
    ledgers,
    require_same_tasks,
    seats,
    set_tasks,
)
from clawc.runtime.campaign.keep import Kept, keep
from clawc.runtime.campaign.play import Purse, Stop, metered, play_player, spent
from clawc.runtime.campaign.played import Played, Reader, played
from clawc.runtime.campaign.result import (
    CampaignResult,
    Fault,
    Output,
    PlayerResult,
    State,
    TaskResult,
    dollars,
    table,
    tally,
    total,
)
from clawc.runtime.campaign.settings import CampaignSettings, PlayerSettings, beside, campaign_settings, task_paths
from clawc.runtime.campaign.whole import write_whole
from clawc.runtime.campaign.write import write_outputs
from clawc.runtime.engine.choose import SMOLLM2, Wishes, model_named
from clawc.runtime.engine.settings import EngineSettings
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.budget import LEDGER
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.interface import Harness
from clawc.runtime.player import LocalPlayer
from clawc.runtime.records import UNSCORED, EpisodeRecord
from clawc.runtime.run import Progress, RunPlan
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from clawc.runtime.trajectory.records import TrajectoryRecord
from clawc.spec.bundle import Manifest

RESULT = "campaign.json"
CAMPAIGNS = "campaigns"
_FREE = ("scripted", "cassette", "local", SMOLLM2)


def campaign_command(file: Path, out: Path | None, format: str, sandbox: str, image: str) -> int:
    """Play what the campaign lacks and write what came of it, into `campaigns/<name of the file>` unless told otherwise. Exit 1 when a
    player could not play, or an episode was not played or has no score."""
    require_format(format)
    with user_errors(), stopping():
        settings = campaign_settings(file)
        paths = task_paths(file, settings)
        place = out if out is not None else Path(CAMPAIGNS) / file.stem
        with campaign_folder(place):
            campaign = _Campaign(file, settings, place, SandboxChoice(sandbox, image))
            campaign.compile(paths)
            campaign.play()
            result = campaign.finish()
    with standard_output() as stream:
        stream.write(_document(result) if format == "json" else f"{table(result)}{place}\n")
    good = all(player.state == "complete" and not _unscored(player) for player in result.players)
    return exits.OK if good else exits.FINDINGS


@dataclass(slots=True)
class _Player:
    """One of the file's players on its way through the campaign; without a harness it cannot play, and `stop` says why."""

    settings: PlayerSettings
    episodes: int
    harness: Harness | None
    purse: Purse
    costs: bool
    seat: Seat
    stop: Stop | None = None


class _Chosen(NamedTuple):
    harness: Harness | None
    purse: Purse
    costs: bool
    stop: Stop | None


class _Campaign:
    """Made within the folder's lock; `compile`, `play` and `finish`, in this order."""

    def __init__(self, file: Path, settings: CampaignSettings, out: Path, sandbox: SandboxChoice) -> None:
        self._file = file
        self._settings = settings
        self._out = out
        self._sandbox = sandbox
        self._bundles: list[Bundle] = []
        self._began = time.monotonic()
        root = project_root(file.parent / PROJECT_FILE)
        engines = project_engines(root)
        chosen = [_chosen(file, player, engines, root) for player in settings.players]
        names = [None if each.harness is None else each.harness.name for each in chosen]
        self._players = [
            _Player(player, player.episodes or settings.episodes, each.harness, each.purse, each.costs, seat, each.stop)
            for player, each, seat in zip(
                settings.players, chosen, seats(out, file, settings.players, names, settings.seed)
            )
        ]

    def compile(self, paths: Sequence[Path]) -> None:
        """All bundles, once for all players."""
        folder = self._out / BUNDLES
        mine = [player.seat for player in self._players]

        def admit(given: Sequence[Manifest], built: Sequence[Manifest]) -> bool:
            require_same_tasks(self._file, mine, [*given, *built])
            return all(_is_there(folder / manifest.task, manifest.id) for manifest in built)

        self._bundles = bundles_of(paths, folder, None, admit)
        require_same_tasks(self._file, mine, [bundle.manifest for bundle in self._bundles])

    def play(self) -> None:
        """One player after the other, each as far as money and time allow."""
        for player in self._players:
            if player.harness is not None and self._played(player).finished < self._planned(player):
                player.stop = self._play(player, player.harness)

    def _play(self, player: _Player, harness: Harness) -> Stop | None:
        settings, folder = self._settings, player.seat.folder
        left_s = None
        if settings.deadline_s is not None:
            left_s = settings.deadline_s - (time.monotonic() - self._began)
            if left_s <= 0:
                return Stop("deadline")
        if settings.budget is not None and player.costs:
            others = (spent(ledger) for ledger in ledgers(self._out) if ledger != folder / LEDGER)
            player.purse.limit = settings.budget - sum(others, Decimal(0))
            if player.purse.limit <= (_cost(folder) or 0):
                return Stop("budget")
        set_tasks(player.seat, self._bundles)
        plan = RunPlan(
            self._bundles, harness, folder, player.episodes, settings.jobs, settings.seed, settings.retries, left_s
        )
        line = ProgressLine(self._planned(player), f"episodes of {player.seat.name}")

        def report(progress: Progress) -> None:
            line.report(progress.done, progress.skipped)

        local = LocalPlayer(backend_of(self._sandbox), folder)
        try:
            with stopping():  # its handlers are gone after a run
                stop = play_player(
                    plan, local, player.purse, f"go on by the same command with `--out {self._out}`", report
                )
        finally:
            line.close()
        if stop is not None and stop.why == "fault" and stop.fault is not None:
            print(clean(f"{player.seat.name}: {stop.fault.code}: {stop.fault.message}"), file=sys.stderr)
        return stop

    def finish(self) -> CampaignResult:
        """Choose what is kept, write it, and say what came of the campaign."""
        found = [self._played(player) for player in self._players]
        readers = {
            number: (player.seat.name, Reader(player.seat))
            for number, (player, each) in enumerate(zip(self._players, found))
            if each.records
        }

        def read(number: int, record: EpisodeRecord) -> TrajectoryRecord | None:
            return readers[number][1].read(record)

        ids = [bundle.manifest.id for bundle in self._bundles]
        kept, order = keep(self._settings.keep, ids, found, read)
        outputs = write_outputs(self._out, self._settings.output, readers, order)
        result = self._result(found, kept, [record for _, record in order], outputs)
        with write_whole(self._out / RESULT) as file:
            file.write(_document(result).encode())
        return result

    def _result(
        self, found: Sequence[Played], kept: Sequence[Kept], order: Sequence[EpisodeRecord], outputs: list[Output]
    ) -> CampaignResult:
        players = tuple(self._player_result(*each) for each in zip(self._players, found, kept))
        costs = [spent(ledger) for ledger in ledgers(self._out)]
        states = {player.state for player in players}
        worst: tuple[State, ...] = ("budget", "deadline", "fault", "incomplete", "complete")
        return CampaignResult(
            clawc=__version__,
            state=next(state for state in worst if state in states),
            seed=self._settings.seed,
            budget=dollars(self._settings.budget),
            spent=dollars(sum(costs, Decimal(0))) if costs else None,
            tasks=tuple(
                TaskResult(
                    task=bundle.manifest.task,
                    bundle_id=bundle.manifest.id,
                    kept=sum(record.bundle_id == bundle.manifest.id for record in order),
                )
                for bundle in self._bundles
            ),
            players=players,
            total=total([player.tally for player in players]),
            outputs=tuple(outputs),
        )

    def _player_result(self, player: _Player, found: Played, kept: Kept) -> PlayerResult:
        planned, stop = self._planned(player), player.stop
        state: State = "complete" if found.finished >= planned else "incomplete" if stop is None else stop.why
        fault = None
        if state == "fault" and stop is not None and stop.fault is not None:
            fault = Fault(code=stop.fault.code, message=stop.fault.message, help=stop.fault.help)
        scored = sum(record.score is not None for record in found.records.values())
        return PlayerResult(
            name=player.seat.name,
            folder=str(player.seat.folder.relative_to(self._out)),
            agent=player.harness.name if player.harness is not None else player.settings.agent,
            model=player.settings.model,
            state=state,
            fault=fault,
            tally=tally(
                planned,
                found.outcomes(),
                (found.mean_score(), scored),
                len(kept.records),
                kept.reasons(),
                (found.prompt_tokens, found.completion_tokens),
                _cost(player.seat.folder),
            ),
        )

    def _played(self, player: _Player) -> Played:
        return played(player.seat, frozenset(bundle.manifest.id for bundle in self._bundles), player.episodes)

    def _planned(self, player: _Player) -> int:
        return len(self._bundles) * player.episodes


def _chosen(file: Path, player: PlayerSettings, engines: dict[str, EngineSettings], root: Path) -> _Chosen:
    """The harness of a player, or why there is none."""
    purse, settings = Purse(), engines.get(player.model)
    free = player.model.partition(":")[0] in _FREE if settings is None else settings.kind != "openai"
    costs = bool(player.model) and not free
    wishes = Wishes(player.temperature, player.top_p, player.max_tokens, player.calls, engines=engines, root=root)
    try:
        name = player.model if settings is not None else beside(file, player.model)
        model = metered(model_named(name, wishes), purse) if player.model else None
        return _Chosen(harness_named(beside(file, player.agent), model), purse, costs, None)
    except RuntimeFault as fault:
        return _Chosen(None, purse, costs, Stop("fault", fault))


def _cost(folder: Path) -> Decimal | None:
    """What a player's calls have cost; None if no call has a price."""
    return spent(folder / LEDGER) if (folder / LEDGER).exists() else None


def _is_there(folder: Path, id: str) -> bool:
    try:
        return load(folder).manifest.id == id
    except RuntimeFault:
        return False


def _unscored(player: PlayerResult) -> bool:
    return any(player.tally.outcomes.get(outcome) for outcome in UNSCORED)


def _document(result: CampaignResult) -> str:
    return result.model_dump_json(indent=2, by_alias=True) + "\n"
