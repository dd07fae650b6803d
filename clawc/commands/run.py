"""`clawc run`: compiles what is not yet a bundle, then plays."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.commands.bundles import bundles_of
from clawc.commands.compiling import Lot
from clawc.commands.faults import stopping, user_errors
from clawc.commands.sources import require_format
from clawc.commands.suites_played import suite_played
from clawc.exits import ENVIRONMENT, UserError

if TYPE_CHECKING:
    from clawc.commands.models import ModelWish
    from clawc.commands.rollouts import Ready
    from clawc.spec.bundle import Manifest

BUNDLES = "bundles"
MOST_HERE = 256


def run_command(
    paths: Sequence[Path],
    agent: str,
    episodes: int | None,
    jobs: int | None,
    seed: int,
    out: Path | None,
    format: str,
    retries: int = 2,
    deadline_s: float | None = None,
    cluster: str = "",
    sandbox: str = "bubblewrap",
    image: str = "",
    model: ModelWish | None = None,
    judge: str = "",
    splits: Sequence[str] = (),
    tasks: Sequence[str] = (),
) -> int:
    """The exit status, as `roll_out`; with a `judge`, the model of that name then judges rubrics, as `clawc judge` does. Without a number of
    `episodes` it is that of the suite, else 1; `splits` are those of a suite, `tasks` the names of
    those tasks of sources and bundles that are meant."""
    require_format(format)
    if judge and format == "json":
        raise UserError("`--judge` speaks text alone", "run without it, then `clawc judge RUN --format json`")
    if deadline_s is not None and isnan(deadline_s):
        raise UserError("`nan` is no number of seconds", "give a number, 0 or more")
    if jobs is not None and jobs > MOST_HERE and not cluster:
        raise UserError(f"at most {MOST_HERE} episodes at once on one machine", "give a smaller -j, or --cluster")
    folder, made = _folder_of(out)
    if os.path.islink(folder / BUNDLES):
        raise UserError(f"`{folder / BUNDLES}` is a link", "give another --out")
    ready: list[Ready] = []

    def prepare() -> None:
        """What playing needs is loaded and started while another process compiles."""
        from clawc.commands.models import ModelWish, model_of
        from clawc.commands.rollouts import Ready, Where
        from clawc.runtime.sandbox.choose import SandboxChoice

        if not ready:
            if judge:
                model_of(ModelWish(judge))  # a mistake is told before anything is played
            chosen = None if model is None else model_of(model)
            ready.append(Ready(agent, Where(SandboxChoice(sandbox, image), cluster), chosen))

    def admit(given: Sequence[Manifest], built: Sequence[Manifest]) -> bool:
        prepare()
        return ready[0].continues(folder, seed, given, built)

    with user_errors(), stopping():
        try:
            suite = suite_played(paths, splits, folder)
            if suite and tasks:
                raise UserError(
                    "`--task` is not for suites: their scores are of all tasks", "choose a part by `--split`"
                )
            lot = Lot(tasks=tuple(tasks))
            bundles = suite.bundles if suite else bundles_of(paths, folder / BUNDLES, prepare, admit, lot)
            prepare()
            from clawc.runtime.run import RunPlan

            gc.enable()
            gc.freeze()
            plan = RunPlan(
                bundles,
                ready[0].harness,
                folder,
                episodes or (suite.repeats if suite else 1),
                seed=seed,
                retries=retries,
                deadline_s=deadline_s,
                suite=suite.suite if suite else None,
            )
            status = ready[0].roll_out(plan, jobs, format)
        finally:
            for one in ready:
                one.close()
            for path in made:  # one that holds nothing was made for nothing
                with suppress(OSError):
                    path.rmdir()
    return max(status, _judged(folder, judge)) if judge else status


def _judged(folder: Path, judge: str) -> int:
    from clawc.commands.judge import JudgeOptions, judge_command
    from clawc.commands.models import ModelWish

    return judge_command(folder, (), JudgeOptions(ModelWish(judge)))


def _folder_of(out: Path | None) -> tuple[Path, list[Path]]:
    """The run folder, and what must be made for it, innermost first. Without a wish it is a new one, named for the time of
    day, and this process's own: several runs may begin in one second."""
    if out is not None:
        return out, _absent(out / BUNDLES)
    first = Path("runs") / time.strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        path = first if number == 1 else first.with_name(f"{first.name}-{number}")
        made = _absent(path / BUNDLES)
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise UserError(
                f"`{path}` cannot be written: {error.strerror}", "give a folder by `--out`", ENVIRONMENT
            ) from error
        return path, made
    raise AssertionError("numbers do not end")


def _absent(path: Path) -> list[Path]:
    return [each for each in (path, *path.parents) if not os.path.lexists(each)]
