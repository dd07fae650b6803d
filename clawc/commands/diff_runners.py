"""`clawc diff-runners`: the same answers judged by our runtime and by other frameworks."""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import stopping, user_errors
from clawc.commands.output import put
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.runners.answers import answer_of, changed_answers, oracle_and_null
from clawc.runtime.runners.compare import FRAMEWORKS, Compared, Comparison, compare
from clawc.runtime.runners.installed import Unavailable, environment, installed
from clawc.runtime.runners.interface import Answer, Runner
from clawc.runtime.sandbox.bounds import Bounds

_BOUNDS = Bounds()._replace(cpu_s=120.0)


class RunnerOptions(NamedTuple):
    """`runners` are names, all if empty; `install` gets those that are not there; `mutants` of each task are tried."""

    runners: tuple[str, ...]
    install: bool
    mutants: int
    format: str
    out: Path | None


def diff_runners_command(paths: Sequence[Path], options: RunnerOptions) -> int:
    """Exit 1 when a runner gives an answer another reward than ours, 3 when there is no runner."""
    require_format(options.format)
    runners = _runners(options)
    if options.out is not None and not options.out.absolute().parent.is_dir():
        raise UserError(f"`{options.out}` cannot be written: there is no folder for it")
    with user_errors(), stopping(), tempfile.TemporaryDirectory(prefix="clawc-runners-") as scratch:
        bundles = bundles_of(paths, Path(scratch))
        _require_distinct(bundles)
        answers = _answers(bundles, options.mutants)
        comparison = compare(answers, runners, lambda name: print(f"{len(answers)} answers in {name}", file=sys.stderr))
    text = _as_json(comparison) if options.format == "json" else _as_text(comparison)
    put(text, options.out)
    return exits.OK if comparison.equal else exits.FINDINGS


def _runners(options: RunnerOptions) -> list[Runner]:
    """Those that are asked for and there."""
    unknown = [name for name in options.runners if name not in FRAMEWORKS]
    if unknown:
        raise UserError(f"unknown runner `{clean(unknown[0])}`", f"runners are {', '.join(FRAMEWORKS)}")
    found: list[Runner] = []
    for name in dict.fromkeys(options.runners or FRAMEWORKS):
        framework, runner = FRAMEWORKS[name]
        folder = installed(framework, cache_folder())
        if folder is None and options.install:
            try:
                folder = environment(framework, cache_folder())
            except Unavailable as error:
                raise UserError(clean(str(error)), "nothing was compared", exits.ENVIRONMENT) from error
        if folder is not None:
            found.append(runner(folder))
        elif options.runners:
            raise UserError(
                f"{name} {framework.version} is not installed", "add `--install` to get it from PyPI", exits.ENVIRONMENT
            )
        else:
            print(f"{name} {framework.version} is not installed, so it is left out", file=sys.stderr)
    if not found:
        raise UserError("no runner is installed", "add `--install` to get them from PyPI", exits.ENVIRONMENT)
    return found


def _require_distinct(bundles: Sequence[Bundle]) -> None:
    names = [bundle.manifest.task for bundle in bundles]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"two tasks are called `{twice}`", "compare them one after the other")


def _answers(bundles: Sequence[Bundle], mutants: int) -> list[Answer]:
    """Oracle, null, and mutants of each task. Raises UserError for a bundle whose mutants cannot be made."""
    found: list[Answer] = []
    items = [(str(bundle.path), mutants) for bundle in bundles]
    for bundle, reply in zip(bundles, bounded(_changed, items, jobs=2, bounds=_BOUNDS)):
        found += oracle_and_null(bundle)
        if isinstance(reply, Overrun):
            raise UserError(
                f"mutants of `{bundle.manifest.task}` take too long to make", "ask for fewer by `--mutants`"
            )
        if "refused" in reply:
            raise UserError(*reply["refused"])
        for number, (what, files) in enumerate(reply["answers"], 1):
            raw = {path: None if data is None else base64.b64decode(data) for path, data in files.items()}
            found.append(answer_of(bundle, f"mutant-{number}", what, raw))
    return found


def _changed(item: tuple[str, int]) -> dict[str, Any]:
    """In a child: mutants as JSON data."""
    path, count = item
    if count == 0:
        return {"answers": []}
    try:
        made = changed_answers(load(Path(path)), count)
    except RuntimeFault as fault:
        return {"refused": [f"{fault.code}: {fault.message}", fault.help]}
    return {
        "answers": [
            (what, {name: None if data is None else base64.b64encode(data).decode() for name, data in files.items()})
            for what, files in made
        ]
    }


def _as_text(comparison: Comparison) -> str:
    lines: list[str] = []
    total = len(comparison.answers)
    for other in comparison.others:
        differing = comparison.differences(other)
        name = f"{other.runner.name} {other.runner.version}"
        if other.failed:
            lines.append(f"FAIL  {name} did not come to its end: {_one_line(other.failed)}")
            continue
        lines.append(
            f"{'FAIL' if differing else 'PASS'}  {name}: {total - len(differing)} of {total} rewards equal to the bit"
        )
        lines += [
            f"      {one.task}, {one.name} ({clean(one.what)}): {_both(comparison, other, one)}" for one in differing
        ]
    return "\n".join(lines) + "\n"


def _both(comparison: Comparison, other: Compared, answer: Answer) -> str:
    ours, theirs = (side.rewards[answer.task, answer.name] for side in (comparison.own, other))
    return f"{_shown(ours.reward, ours.problem)} here, {_shown(theirs.reward, theirs.problem)} there"


def _shown(reward: float | None, problem: str) -> str:
    return f"no reward ({_one_line(problem)[:300]})" if reward is None else f"{reward:g}"


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))


def _as_json(comparison: Comparison) -> str:
    sides = [comparison.own, *comparison.others]
    document = {
        "format_version": 1,
        "equal": comparison.equal,
        "runners": [
            {
                "name": side.runner.name, "version": side.runner.version, "isolation": side.runner.isolation,
                "failed": side.failed or None,
                "different": None if side is comparison.own else len(comparison.differences(side)),
            }
            for side in sides
        ],
        "answers": [
            {
                "task": one.task, "bundle": one.bundle.manifest.id, "name": one.name, "what": one.what,
                "rewards": {s.runner.name: s.rewards[one.task, one.name].reward for s in sides if not s.failed},
                "problems": {
                    s.runner.name: p for s in sides if not s.failed and (p := s.rewards[one.task, one.name].problem)
                },
            }
            for one in comparison.answers
        ],
    }  # fmt: skip
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
