"""`clawc eval`: a suite played with a model, and with the one before its training, and what changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import stopping, user_errors
from clawc.commands.models import ModelWish, model_of
from clawc.commands.output import put
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.bundle import Bundle
    from clawc.runtime.engine.settings import EngineSettings
    from clawc.runtime.train.records import TrainingRecord
    from clawc.runtime.train.scores import Bounds, Difference, Evaluation, GroupScore

EVALUATION = "eval.json"
_NONE = "none"


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What the options of the verb say. An empty `before` is the base of a training, and nothing for other models."""

    out: Path
    before: str = ""
    agent: str = "loop"
    episodes: int = 1
    jobs: int | None = None
    seed: int = 0
    temperature: float = 0.0
    max_tokens: int | None = None
    device: str = "auto"
    dtype: str = "auto"
    graphs: bool = False
    format: str = "text"
    sandbox: str = "bubblewrap"
    image: str = ""
    fail_under: float | None = None


@dataclass(frozen=True, slots=True)
class _Model:
    """A model by its name, or by the settings of a folder."""

    name: str
    settings: EngineSettings | None = None


def eval_command(model: str, suite: Sequence[Path], options: EvalOptions) -> int:
    """Exit 1 if an episode could not be scored, or the mean score is below `--fail-under`."""
    require_format(options.format)
    with user_errors(), stopping():
        from clawc.runtime.train.scores import Known, evaluation

        after, base, training = _models(model, options)
        before = None if options.before == _NONE else _named(options.before, options) if options.before else base
        options.out.mkdir(parents=True, exist_ok=True)
        bundles = bundles_of(suite, options.out / "bundles")
        status = exits.OK
        for name, played in (("before", before), ("after", after)):
            if played is not None:
                status = max(status, _play(name, played, bundles, options))
        found = evaluation(
            options.out / "after", None if before is None else options.out / "before", Known.of(training)
        )
        text = json.dumps(found.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
        (options.out / EVALUATION).write_text(text, encoding="utf-8")
    put(text if options.format == "json" else _text(found), None)
    least, mean = options.fail_under, found.after.total.mean
    return exits.FINDINGS if least is not None and (mean is None or mean < least) else status


def _models(model: str, options: EvalOptions) -> tuple[_Model, _Model | None, TrainingRecord | None]:
    """The model, that before its training, and the training, as far as there are such."""
    from clawc.runtime.train.records import MODEL, TRAINING, read_training

    folder = Path(model)
    if not (folder / TRAINING).is_file():
        return _named(model, options), None, None
    training = read_training(folder)
    if not (folder / MODEL).is_dir():
        if (folder / "config.json").is_file():  # exported
            return _local(model, options, folder), None, training
        raise UserError(
            f"the training in `{clean(model)}` has not ended", "go on with it: `clawc train sft … --resume`"
        )
    base = Path(training.base.path)
    trained = folder / MODEL
    if (trained / "adapter_config.json").is_file():
        return _local("after", options, base, trained), _local("before", options, base), training
    first = _local("before", options, base) if (base / "config.json").is_file() else None
    return _local("after", options, trained), first, training


def _named(name: str, options: EvalOptions) -> _Model:
    folder = Path(name)
    return _local(folder.name, options, folder) if (folder / "config.json").is_file() else _Model(name)


def _local(name: str, options: EvalOptions, folder: Path, adapter: Path | None = None) -> _Model:
    from pydantic import ValidationError

    from clawc.runtime.engine.settings import EngineSettings

    try:
        settings = EngineSettings.model_validate(
            {
                "kind": "local", "folder": str(folder.resolve()), "adapter": str(adapter.resolve()) if adapter else "",
                "device": options.device, "dtype": options.dtype, "graphs": options.graphs,
            }
        )  # fmt: skip
    except ValidationError as error:
        first = cast("dict[str, Any]", error.errors(include_url=False)[0])
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"`--{where}`: {first['msg'].lower()}") from error
    return _Model(Path(name).name or "model", settings)


def _play(name: str, model: _Model, bundles: Sequence[Bundle], options: EvalOptions) -> int:
    wish = ModelWish(
        model.name, temperature=options.temperature, max_tokens=options.max_tokens, settings=model.settings
    )
    from clawc.commands.rollouts import Ready, Where
    from clawc.runtime.run import RunPlan
    from clawc.runtime.sandbox.choose import SandboxChoice

    print(f"{name}: {clean(model.name)}", file=sys.stderr)
    ready = Ready(options.agent, Where(SandboxChoice(options.sandbox, options.image)), model_of(wish))
    try:
        plan = RunPlan(bundles, ready.harness, options.out / name, options.episodes, seed=options.seed)
        return ready.roll_out(plan, options.jobs, None)
    finally:
        ready.close()


def _text(found: Evaluation) -> str:
    if found.before is None or found.total is None:
        after = found.after
        rows = [["", "tasks", "solved", "mean score", "95 %"]]
        rows += [_score_row(group) for group in (after.total, *after.familiarity, *after.families)]
    else:
        rows = [["", "tasks", "before", "after", "difference", "95 %"]]
        rows += [_difference_row(group) for group in (found.total, *found.familiarity, *found.families)]
    unscored = found.after.unscored + (found.before.unscored if found.before else 0)
    notes = [
        "`seen` tasks were trained on, of `known` ones other instances of their family, `new` ones are of other families."
    ]
    if unscored:
        notes.append(f"{unscored} episodes could not be scored.")
    return _table(rows) + "\n" + "\n".join(notes) + "\n"


def _score_row(group: GroupScore) -> list[str]:
    mean = "–" if group.mean is None else f"{group.mean:.3f}"
    return [clean(group.name), str(group.tasks), f"{group.solved} of {group.episodes}", mean, _interval(group.interval)]


def _difference_row(group: Difference) -> list[str]:
    return [
        clean(group.name), str(group.tasks), f"{group.before:.3f}", f"{group.after:.3f}", f"{group.difference:+.3f}",
        _interval(group.interval, "+"),
    ]  # fmt: skip


def _interval(bounds: Bounds | None, sign: str = "") -> str:
    return "–" if bounds is None else f"{bounds.low:{sign}.3f} to {bounds.high:{sign}.3f}"


def _table(rows: Iterable[Sequence[str]]) -> str:
    lines = list(rows)
    widths = [max(len(row[n]) for row in lines) for n in range(len(lines[0]))]
    return "".join(
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        + "\n"
        for row in lines
    )
