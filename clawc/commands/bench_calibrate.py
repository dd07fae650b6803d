"""`clawc bench calibrate`: a ladder of agents plays a suite; which verifiers to doubt, and how hard tasks are."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawc import exits
from clawc.commands.bundles import bundles_at
from clawc.commands.faults import stopping, user_errors
from clawc.commands.models import ModelWish, model_of
from clawc.commands.output import put
from clawc.commands.run import MOST_HERE
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.errors import RuntimeFault

if TYPE_CHECKING:
    from clawc.runtime.bundle import Bundle
    from clawc.runtime.calibrate.posteriors import Escalation
    from clawc.runtime.calibrate.responses import Trial
    from clawc.runtime.suite.ladder import Ladder
    from clawc.runtime.suite.trials import Pool, Stored
    from clawc.spec.calibration import LadderRung
    from clawc.spec.suite import Suite

PAGE = "calibration.html"
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class CalibrateOptions:
    """What the options of the verb say. No `agents`: the ladder of imperfect oracles."""

    out: Path
    agents: Path | None = None
    first: int = 4
    most: int = 16
    jobs: int | None = None
    split: str = ""
    seed: int = 0
    sandbox: str = "bubblewrap"
    image: str = ""
    fail_on_flags: bool = False


def calibrate_command(suite: Path, options: CalibrateOptions) -> int:
    """Exit 1 with `--fail-on-flags` if a verifier is doubted."""
    if options.most < options.first:
        raise UserError(f"`--most {options.most}` is below `--first {options.first}`")
    if options.jobs is not None and options.jobs > MOST_HERE:
        raise UserError(f"at most {MOST_HERE} episodes at once on one machine", "give a smaller -j")
    with user_errors(), stopping():
        from clawc.runtime.calibrate.posteriors import Escalation
        from clawc.runtime.suite.ladder import read_ladder, synthetic_ladder

        record, pool = pool_at(suite, options.split)
        ladder = read_ladder(options.agents) if options.agents else synthetic_ladder()
        _require_numpy()
        rule = Escalation(options.first, options.most)
        players = [_player(rung, ladder) for rung in ladder.rungs]  # all, before one of them plays
        played = {player.rung.name: _play(player, pool, rule, options) for player in players}
        text = _written(record, pool, ladder, played, rule, options)
    put(text.text, None)
    return exits.FINDINGS if options.fail_on_flags and text.flagged else exits.OK


@dataclass(frozen=True, slots=True)
class _Told:
    text: str
    flagged: bool


def pool_at(folder: Path, split: str = "") -> tuple[Suite | None, Pool]:
    """The bundles of a suite, or of any folder of bundles. Raises RuntimeFault, and UserError where none is."""
    from clawc.runtime.bundle import load
    from clawc.runtime.suite.assemble import verifier_hash
    from clawc.runtime.suite.folder import members_there, read_suite
    from clawc.runtime.suite.trials import Pool
    from clawc.spec.suite import SUITE

    record = None
    if os.path.lexists(folder / SUITE):
        record = read_suite(folder)
        names = [each.name for each in record.splits]
        if split and split not in names:
            raise UserError(f"the suite has no split `{clean(split)}`", f"there are: {', '.join(names) or 'none'}")
        bundles = members_there(record, folder, [split] if split else ())
    else:
        if split:
            raise UserError(f"`{clean(str(folder))}` is no suite, so it has no splits", "leave --split out")
        bundles = [load(path) for path in bundles_at(folder)]
    if not bundles:
        raise UserError(
            f"there is no bundle in `{clean(str(folder))}`", "give the folder that `clawc bench build` made"
        )
    twice = [task for task, n in Counter(bundle.manifest.task for bundle in bundles).items() if n > 1]
    if twice:
        raise UserError(f"two bundles are called `{clean(twice[0])}`", "calibrate them apart")
    return record, Pool(
        {bundle.manifest.id: bundle for bundle in bundles},
        {bundle.manifest.id: verifier_hash(bundle) for bundle in bundles},
    )


@dataclass(frozen=True, slots=True)
class _Player:
    """A rung with the model that it asks for; `agent` is the name of both in records."""

    rung: LadderRung
    wish: ModelWish
    agent: str


def _player(rung: LadderRung, ladder: Ladder) -> _Player:
    """Raises RuntimeFault, and UserError, for an agent or a model that is none."""
    from clawc.runtime.harness.choose import harness_named

    wish = ModelWish(rung.model, temperature=ladder.temperatures.get(rung.name))
    return _Player(rung, wish, harness_named(rung.agent, model_of(wish)).name)


def _play(player: _Player, pool: Pool, rule: Escalation, options: CalibrateOptions) -> list[Stored]:
    """Goes on with the runs of a rung and begins new ones, until nothing is left to play."""
    from clawc.runtime.suite.trials import RUNS, batches, stored_runs

    rung, agent = player.rung, player.agent
    runs = options.out / RUNS
    folder = runs / rung.name
    for path in (runs, folder):
        if os.path.islink(path):
            raise UserError(f"`{clean(str(path))}` is a link", "give another --out")
    stored = stored_runs(folder, agent)
    for run in stored:
        if run.resumable(pool) and not run.finished:
            bundles = [pool.bundles[task.bundle_id] for task in run.info.tasks]
            _roll_out(player, bundles, run.folder, run.info.episodes, run.info.seed, options)
    for _ in range(_ROUNDS):
        stored = stored_runs(folder, agent)
        todo = batches(folder, rung, stored, pool, rule, options.seed)
        if not todo:
            break
        for batch in todo:
            _roll_out(player, batch.bundles, batch.folder, batch.episodes, batch.seed, options)
    return stored_runs(folder, agent)


def _roll_out(
    player: _Player, bundles: Sequence[Bundle], out: Path, episodes: int, seed: int, options: CalibrateOptions
) -> None:
    from clawc.commands.rollouts import Ready, Where
    from clawc.runtime.run import RunPlan
    from clawc.runtime.sandbox.choose import SandboxChoice

    print(f"{player.rung.name}: {len(bundles)} tasks, {episodes} times", file=sys.stderr)
    ready = Ready(player.rung.agent, Where(SandboxChoice(options.sandbox, options.image)), model_of(player.wish))
    try:
        ready.roll_out(RunPlan(bundles, ready.harness, out, episodes, seed=seed), options.jobs, None)
    except RuntimeFault as fault:
        if fault.code != "R0204":
            raise
        raise RuntimeFault(fault.code, fault.message, "The same command goes on with it.") from fault
    finally:
        ready.close()


def _written(
    suite: Suite | None, pool: Pool, ladder: Ladder, played: dict[str, list[Stored]], rule: Escalation, options: CalibrateOptions
) -> _Told:  # fmt: skip
    from clawc.runtime.suite.calibrated import calibration_of
    from clawc.runtime.suite.calibration_page import as_html, as_text
    from clawc.runtime.suite.trials import trials_of
    from clawc.spec.calibration import CALIBRATION

    trials: list[Trial] = []
    dropped, failed = Counter[str](), Counter[str]()
    for rung in ladder.rungs:
        found = trials_of(rung, played[rung.name], pool)
        trials += found.trials
        dropped += found.dropped
        failed += found.failed
    record = calibration_of(
        pool,
        ladder.rungs,
        trials,
        rule,
        suite=suite,
        split=options.split,
        dropped=dropped,
        failed=failed,
    )
    for name, text in ((CALIBRATION, record.model_dump_json(indent=2) + "\n"), (PAGE, as_html(record))):
        part = options.out / f".{name}.part"
        put(text, part)
        part.replace(options.out / name)
    lost = sum(r.outcome == "infra_error" for runs in played.values() for run in runs for r in run.records)
    if lost:
        print(f"clawc: the infrastructure failed {lost} episodes; the same command tries them again", file=sys.stderr)
    return _Told(as_text(record) + f"{options.out / PAGE}\n", bool(record.flagged))


def _require_numpy() -> None:
    from importlib.util import find_spec

    if find_spec("numpy") is None:
        raise UserError(
            "numpy is needed and not installed", "install it: pip install 'clawc[bench]'", exits.ENVIRONMENT
        )
