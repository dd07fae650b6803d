"""`clawc judge`: rubrics of a stored run, or cases with known verdicts, judged by a model."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import stopping, user_errors
from clawc.commands.judged import agreement_data, agreement_text, golden_data, golden_text, run_data, run_text
from clawc.commands.models import ModelWish, model_of, project_engines
from clawc.commands.output import put
from clawc.commands.progress import ProgressLine
from clawc.commands.sources import PROJECT_FILE, project_root, require_format
from clawc.exits import UserError
from clawc.runtime.bundle import Bundle
from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.budget import Budget
from clawc.runtime.judge.ask import Asker, Tally
from clawc.runtime.judge.cache import JudgementCache
from clawc.runtime.judge.golden import GoldenCase, GoldenResult, judge_golden, read_golden
from clawc.runtime.judge.identity import identity_of, judge_sampling
from clawc.runtime.judge.judge import TRIES, Judge
from clawc.runtime.judge.labels import Comparison, compare, read_labels
from clawc.runtime.judge.store import COSTS, JUDGEMENTS, each_judgement
from clawc.runtime.judge.stored import JudgePlan, RunJudged, judge_run
from clawc.runtime.judge.summary import summary_of
from clawc.runtime.run import run_closing
from clawc.runtime.stats.bootstrap import Resampling
from clawc.runtime.store.run_folder import read_run

GOLDEN = "judges"  # in the cache folder


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """What a command line says beside run and bundles."""

    model: ModelWish
    tries: int = TRIES
    jobs: int = 8
    all: bool = False
    cached: bool = True
    format: str = "text"
    labels: Path | None = None
    golden: Path | None = None
    agree: float = 0.9


@dataclass(slots=True)
class _Done:
    """What was judged so far."""

    tally: Tally = field(default_factory=Tally)
    golden: GoldenResult | None = None
    run: RunJudged | None = None


@dataclass(frozen=True, slots=True)
class _Golden:
    """A golden set with the bundles of its cases, by what they are called there."""

    path: Path
    cases: Sequence[GoldenCase]
    bundles: dict[str, list[Bundle]]


def judge_command(folder: Path | None, paths: Sequence[Path], options: JudgeOptions) -> int:
    """Exit 1 when the model left something unjudged, or agrees too little with a golden set."""
    require_format(options.format)
    if folder is None and options.golden is None:
        raise UserError("there is nothing to judge", "give a run folder, or `--golden FILE`")
    if folder is None and options.labels is not None:
        raise UserError("labels are of a run", "give its folder")
    if not options.model.name:
        raise UserError("no model is named", "say which one judges: --model NAME")
    done = _Done()
    with user_errors(), stopping(), tempfile.TemporaryDirectory(prefix="clawc-judge-") as scratch:
        golden = None if options.golden is None else _read_golden(options.golden, Path(scratch) / "golden")
        plan = None
        if folder is not None:
            plan = JudgePlan(folder, bundles_of(paths, Path(scratch) / "bundles"), options.jobs, options.all)
        if folder is not None and options.labels is not None:  # mistakes are told before a model is asked
            read_labels(options.labels, {})
        try:
            _judge(plan, golden, options, done)
        except RuntimeFault as fault:
            if fault.code == "R0986":
                raise UserError(f"{fault.code}: {fault.message}", fault.help, exits.FINDINGS) from fault
            raise
        compared = None
        if folder is not None and options.labels is not None and done.run is not None:
            try:
                compared = _compare(folder, options.labels, done.run)
            except RuntimeFault:
                if not done.run.failures:  # else that is what there is to say
                    raise
        if options.format == "json":
            put(_as_json(folder, done, compared, options), None)
        else:
            put(_as_text(folder, done, compared, options), None)
    short = done.golden is not None and done.golden.agreement < options.agree
    if short and folder is not None:
        raise UserError(
            "R0984: the judge does not agree enough with the golden set, so it judged nothing else",
            "Name another model, or see whether the cases are right; `--agree` says how much is enough.",
            exits.FINDINGS,
        )
    failed = short or (done.run is not None and done.run.failures)
    return exits.FINDINGS if failed else exits.OK


def _judge(plan: JudgePlan | None, golden: _Golden | None, options: JudgeOptions, done: _Done) -> None:
    """Fills `done`."""
    choice = model_of(options.model)
    assert choice is not None
    root = project_root(Path(os.getcwd()) / PROJECT_FILE)
    ledger = None if plan is None else plan.folder / JUDGEMENTS / COSTS
    asker = Asker(choice.make(), judge_sampling(choice), Budget(choice.budget, ledger))
    identity = identity_of(choice, options.tries, options.model.name, project_engines(root), root)
    cache = JudgementCache(cache_folder()) if options.cached else None
    judge = Judge(identity, asker, options.tries, cache)
    line: list[ProgressLine] = []

    def progress(count: int, total: int, before: int) -> None:
        if not line:
            line.append(ProgressLine(total, "episodes"))
        line[0].report(count, before)

    async def work() -> None:
        await asker.open()
        if golden is not None:
            kept = cache_folder() / GOLDEN
            done.golden = await judge_golden(judge, golden.path, golden.cases, golden.bundles, kept, done.tally)
            if done.golden.agreement < options.agree:
                return
        if plan is not None:
            done.run = await judge_run(plan, judge, progress)

    try:
        run_closing(work(), asker, "continue it by the same command")
    finally:
        for each in line:
            each.close()
        if cache is not None:
            cache.close()


def _read_golden(path: Path, scratch: Path) -> _Golden:
    cases = read_golden(path)
    names = list(dict.fromkeys(case.bundle for case in cases))
    bundles = {name: bundles_of([path.parent / name], scratch / str(n)) for n, name in enumerate(names)}
    return _Golden(path, cases, bundles)


def _compare(folder: Path, labels: Path, run: RunJudged) -> Comparison:
    keys = {record.episode: record.key for record in read_run(folder, "original")[1]}
    return compare(each_judgement(folder, run.id), read_labels(labels, keys), Resampling())


def _as_text(folder: Path | None, done: _Done, compared: Comparison | None, options: JudgeOptions) -> str:
    parts: list[str] = []
    if done.golden is not None:
        parts += golden_text(done.golden, options.agree)
    if folder is not None and done.run is not None:
        parts += run_text(folder, done.run, summary_of(each_judgement(folder, done.run.id)))
    if compared is not None:
        parts += agreement_text(compared)
    return "\n".join([*parts, ""])


def _as_json(folder: Path | None, done: _Done, compared: Comparison | None, options: JudgeOptions) -> str:
    document: dict[str, object] = {"format_version": 1}
    if done.golden is not None:
        document["golden"] = golden_data(done.golden, options.agree)
    if folder is not None and done.run is not None:
        document["run"] = run_data(folder, done.run, summary_of(each_judgement(folder, done.run.id)))
    if compared is not None:
        document["labels"] = agreement_data(compared)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"
