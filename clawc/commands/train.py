"""`clawc train sft`: rows out of runs, bundles and files, and a model that is trained on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from clawc import exits
from clawc.commands.bundles import bundles_at
from clawc.commands.faults import stopping, user_errors
from clawc.commands.model_folder import model_folder
from clawc.commands.train_watch import Live
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.records import Outcome
from clawc.runtime.store.run_folder import RUN

if TYPE_CHECKING:
    from clawc.runtime.engine.interface import Object
    from clawc.runtime.harness.loop.settings import LoopSettings
    from clawc.runtime.train.filters import RowSelection
    from clawc.runtime.train.rows import Row
    from clawc.runtime.train.settings import SftSettings, Tracker
    from clawc.runtime.train.sft import Origin, SftResult
    from clawc.runtime.train.sources import Gathered

OUTCOMES: tuple[str, ...] = get_args(Outcome)
TRACKERS = ("tensorboard", "wandb")
_ALL = "all"
_REASONS = 5


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What the options of the verb say."""

    model: Path
    out: Path
    agent: Path | None = None
    rendered: bool = False
    held_out: tuple[Path, ...] = ()
    lora: int = 0
    epochs: float = 1.0
    steps: int = 0
    batch: int = 16
    at_once: int = 4
    rate: float = 1e-4
    max_tokens: int = 8192
    cut: bool = False
    min_score: float | None = None
    outcomes: tuple[str, ...] = ()
    save_every: int = 0
    eval_every: int = 0
    resume: bool = False
    dtype: str = "bfloat16"
    device: str = "auto"
    seed: int = 0
    opaque: bool = False
    compiled: bool = False
    launch: str = ""
    processes: int | None = None
    trackers: tuple[str, ...] = ()


def sft_command(paths: Sequence[Path], options: TrainOptions) -> int:
    """Exit 1, and nothing is trained, if there is no row."""
    settings = _settings(options)
    if options.processes is not None and not options.launch:
        raise UserError("`--processes` is for `--launch`", "give `--launch several`, too")
    with user_errors(), stopping():
        options = replace(options, model=model_folder(options.model))
        found = _Rows(options)
        rows = found.of(paths)
        if not rows:
            return exits.FINDINGS
        held_out = _Rows(options, told="held out: ").of(options.held_out) if options.held_out else []
        done = _trained(rows, held_out, options, settings, found.origin(paths))
    losses = (
        ""
        if done.loss_before is None
        else f"; held-out loss {done.loss_before:.4f} before, {done.loss_after:.4f} after"
    )
    print(f"{done.steps} steps in {done.seconds:.1f} s{losses}: {done.model}")
    return exits.OK


def _trained(
    rows: Sequence[Row], held_out: Sequence[Row], options: TrainOptions, settings: SftSettings, origin: Origin
) -> SftResult:
    live = Live(options.out)
    if options.launch:
        from clawc.runtime.train.launch import launched

        try:
            return launched(
                options.model, rows, options.out, settings, options.launch, processes=options.processes, held_out=held_out,
                resume=options.resume, origin=origin, waiting=live.look,
            )  # fmt: skip
        finally:
            live.close()
    from clawc.runtime.train.sft import sft

    try:
        with _looking(live.look):
            return sft(options.model, rows, options.out, settings, held_out, resume=options.resume, origin=origin)
    finally:  # when nobody looks any more: a look opens the box
        live.close()


@contextmanager
def _looking(look: Callable[[], None], every_s: float = 0.5) -> Generator[None]:
    """Calls `look` again and again beside the training, which is in this process."""
    ended = threading.Event()

    def again() -> None:
        while not ended.wait(every_s):
            look()

    thread = threading.Thread(target=again, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _settings(options: TrainOptions) -> SftSettings:
    from clawc.runtime.train.settings import Lora, SftSettings

    for name, given, known in (
        ("--dtype", options.dtype, ("float32", "bfloat16")),
        ("--device", options.device, ("auto", "cpu", "cuda")),
        *(("--track", tracker, TRACKERS) for tracker in options.trackers),
    ):
        if given not in known:
            raise UserError(f"`{clean(given)}` is nothing for `{name}`", f"one of {', '.join(known)}")
    try:
        return SftSettings(
            epochs=options.epochs,
            steps=options.steps,
            batch=options.batch,
            at_once=options.at_once,
            learning_rate=options.rate,
            lora=Lora(rank=options.lora, alpha=2 * options.lora) if options.lora else None,
            dtype=cast(Literal["float32", "bfloat16"], options.dtype),
            device=cast(Literal["auto", "cpu", "cuda"], options.device),
            seed=options.seed,
            save_every=options.save_every,
            eval_every=options.eval_every,
            compiled=options.compiled,
            trackers=cast("tuple[Tracker, ...]", options.trackers),
        )
    except ValueError as error:
        raise UserError(str(error), "give `--batch` as a multiple of `--at-once`") from error


class _Rows:
    """Gathers rows, and says what was taken and left out."""

    def __init__(self, options: TrainOptions, told: str = "") -> None:
        from clawc.runtime.harness.loop.settings import LoopSettings, loop_settings
        from clawc.runtime.train.sources import Gathered

        self._options = options
        self._told = told
        self._selection: RowSelection = _selection(options)
        self._gathered: Gathered = Gathered()
        self._agent: LoopSettings = LoopSettings() if options.agent is None else loop_settings(options.agent)

    def of(self, paths: Sequence[Path]) -> list[Row]:
        rows = [row for path in paths for row in self._at(path)]
        left = [*self._selection.counts().items(), *self._gathered.counts.items()]
        print(
            f"{self._told}{self._selection.taken} rows, {sum(row.trained for row in rows)} tokens to train on", end=""
        )
        print(f"; left out: {', '.join(f'{count} {why}' for why, count in left)}" if left else "")
        for why, count in self._gathered.reasons.most_common(_REASONS):
            print(f"  {count} times: {clean(why)}")
        return rows

    def origin(self, paths: Sequence[Path]) -> Origin:
        from clawc.runtime.train.sft import Origin

        left: dict[str, int] = {**self._gathered.counts}
        left |= {str(why): count for why, count in self._selection.counts().items()}
        return Origin(tuple(path.resolve().name for path in paths), tuple(left.items()), self._gathered.tasks())

    def _at(self, path: Path) -> list[Row]:
        from clawc.runtime.bundle import load
        from clawc.runtime.engine.local.template import Template
        from clawc.runtime.train.sources import Rendering, file_rows, lesson_rows, run_rows

        chosen, gathered = self._selection, self._gathered
        if (path / RUN).is_file():
            rendering = Rendering(Template.of(self._options.model), self._tools()) if self._options.rendered else None
            return list(run_rows(path, chosen, gathered, rendering=rendering))
        template = Template.of(self._options.model)
        if path.is_file():
            return list(file_rows(path, Rendering(template, self._tools()), chosen, gathered))
        bundles = bundles_at(path)
        if not bundles:
            help = "build sources first: `clawc build`; files of trajectories end with .jsonl, or .json for ATIF"
            raise UserError(f"`{path}` is neither a run, nor a folder of bundles, nor a file", help)
        return list(lesson_rows(map(load, bundles), template, self._agent, chosen, gathered))

    def _tools(self) -> tuple[Object, ...]:
        """Those of the agent that the command line names; none is made up."""
        from clawc.runtime.harness.loop.schemas import schemas

        return tuple(schemas(self._agent.tools)) if self._options.agent is not None else ()


def _selection(options: TrainOptions) -> RowSelection:
    from clawc.runtime.train.filters import RowChoice, RowSelection

    unknown = next((one for one in options.outcomes if one not in (*OUTCOMES, _ALL)), None)
    if unknown is not None:
        raise UserError(f"the outcome `{clean(unknown)}` is unknown", f"outcomes: {', '.join((*OUTCOMES, _ALL))}")
    outcomes = frozenset[str]() if _ALL in options.outcomes else frozenset(options.outcomes or ("ok",))
    least = None if options.min_score is None else Decimal(repr(options.min_score))
    return RowSelection(RowChoice(outcomes, least, options.max_tokens, opaque=options.opaque, cut=options.cut))
