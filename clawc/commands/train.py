"""`clawc train sft`: rows out of runs and bundles, and a model that is trained on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from clawc import exits
from clawc.commands.bundles import bundles_at
from clawc.commands.faults import stopping, user_errors
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.records import Outcome
from clawc.runtime.store.run_folder import RUN

if TYPE_CHECKING:
    from clawc.runtime.train.rows import Row
    from clawc.runtime.train.sft import SftSettings

OUTCOMES: tuple[str, ...] = get_args(Outcome)
_ALL = "all"


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What the options of the verb say."""

    model: Path
    out: Path
    agent: Path | None = None
    lora: int = 0
    epochs: float = 1.0
    steps: int = 0
    batch: int = 16
    at_once: int = 4
    rate: float = 1e-4
    max_tokens: int = 8192
    min_score: float | None = None
    outcomes: tuple[str, ...] = ()
    save_every: int = 0
    resume: bool = False
    dtype: str = "bfloat16"
    device: str = "auto"
    seed: int = 0
    opaque: bool = False
    compiled: bool = False


def train_command(verb: str, paths: Sequence[Path], options: TrainOptions) -> int:
    """Exit 1, and nothing is trained, if there is no row."""
    if verb != "sft":
        raise UserError(
            f"`clawc train {clean(verb)}` is unknown", "write `clawc train sft RUN… --model FOLDER --out DIR`"
        )
    settings = _settings(options)
    with user_errors(), stopping():
        rows = _rows(paths, options)
        if not rows:
            return exits.FINDINGS
        from clawc.runtime.train.sft import sft

        done = sft(options.model, rows, options.out, settings, resume=options.resume)
    print(f"{done.steps} steps in {done.seconds:.1f} s: {done.model}")
    return exits.OK


def _settings(options: TrainOptions) -> SftSettings:
    from clawc.runtime.train.sft import Lora, SftSettings

    for name, given, known in (
        ("--dtype", options.dtype, ("float32", "bfloat16")),
        ("--device", options.device, ("auto", "cpu", "cuda")),
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
            compiled=options.compiled,
        )
    except ValueError as error:
        raise UserError(str(error), "give `--batch` as a multiple of `--at-once`") from error


def _rows(paths: Sequence[Path], options: TrainOptions) -> list[Row]:
    """Says what was taken and left out."""
    from clawc.runtime.bundle import load
    from clawc.runtime.engine.local.template import Template
    from clawc.runtime.harness.loop.settings import LoopSettings, loop_settings
    from clawc.runtime.train.filters import RowChoice, RowSelection
    from clawc.runtime.train.sources import Without, lesson_rows, run_rows

    unknown = next((one for one in options.outcomes if one not in (*OUTCOMES, _ALL)), None)
    if unknown is not None:
        raise UserError(f"the outcome `{clean(unknown)}` is unknown", f"outcomes: {', '.join((*OUTCOMES, _ALL))}")
    outcomes = frozenset[str]() if _ALL in options.outcomes else frozenset(options.outcomes or ("ok",))
    least = None if options.min_score is None else Decimal(repr(options.min_score))
    selection, without = RowSelection(RowChoice(outcomes, least, options.max_tokens, opaque=options.opaque)), Without()
    agent = LoopSettings() if options.agent is None else loop_settings(options.agent)
    template: Template | None = None
    rows: list[Row] = []
    for path in paths:
        if (path / RUN).is_file():
            rows += run_rows(path, selection, without)
            continue
        bundles = bundles_at(path)
        if not bundles:
            raise UserError(f"`{path}` is neither a run nor a folder of bundles", "build sources first: `clawc build`")
        template = template or Template.of(options.model)
        rows += lesson_rows(map(load, bundles), template, agent, selection, without)
    left = [*selection.counts().items(), *without.counts.items()]
    print(f"{selection.taken} rows, {sum(row.trained for row in rows)} tokens to train on", end="")
    print(f"; left out: {', '.join(f'{count} {why}' for why, count in left)}" if left else "")
    for why, count in without.reasons.most_common(5):
        print(f"  {count} times: {clean(why)}")
    return rows
