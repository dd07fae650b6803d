"""The part of `clawc synth` that asks models: who they are, what a dry run shows, and the batches of both routes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.commands.models import ModelWish, model_of
from clawc.commands.progress import ProgressLine
from clawc.commands.proving import Beside
from clawc.commands.synth_proofs import proved_tasks
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.gateway.choice import ModelChoice
    from clawc.runtime.synth.authoring.calls import Calls
    from clawc.runtime.synth.authoring.drafts import DraftRecord
    from clawc.runtime.synth.authoring.grounded import GroundedSkills
    from clawc.runtime.synth.authoring.noted import Tried
    from clawc.runtime.synth.authoring.pipeline import Authored
    from clawc.runtime.synth.authoring.stages import Models
    from clawc.runtime.synth.leakage import Leakage
    from clawc.runtime.synth.rows import TaskRow
    from clawc.runtime.synth.screen import Screen
    from clawc.runtime.synth.skills.skill import Skill

COSTS = "costs.jsonl"
YIELDS = "yields.txt"  # of the route at work, as far as it is


@dataclass(frozen=True, slots=True)
class AuthorOptions:
    """`reviewer` names another model for votes; `skills` are folders and archives with skills; `rounds` is how often a file may be
    mended; `at_once` bounds calls."""

    model: ModelWish
    reviewer: str
    skills: tuple[Path, ...]
    rounds: int
    at_once: int


@dataclass(slots=True)
class Made:
    """What models made, over all routes."""

    rows: list[TaskRow]
    records: list[DraftRecord]
    model: str
    calls: int


def authored(
    options: AuthorOptions, counts: Mapping[str, int], seed: int, work: Path, screen: Screen, leakage: Leakage | None, jobs: int
) -> Made:  # fmt: skip
    """The tasks of the routes that ask models. Raises UserError, and RuntimeFault where a model or a work folder is none."""
    from clawc.runtime.synth.authoring.calls import CallLog
    from clawc.runtime.synth.authoring.ideas import ROUTES
    from clawc.runtime.synth.authoring.pipeline import Author, AuthorSettings
    from clawc.runtime.synth.authoring.yields import as_text, yields
    from clawc.runtime.synth.batch import whole_file

    choice = model_of(options.model)
    if choice is None:
        raise UserError(
            "`persona` and `skills` ask a model", "name one by --model; `--dry-run` shows what it would be asked"
        )
    other = model_of(ModelWish(options.reviewer)) if options.reviewer else None
    work.mkdir(parents=True, exist_ok=True)
    log = CallLog(work)
    made = Made([], [], choice.name, 0)
    with asyncio.Runner() as runner:
        models, opened = _models(choice, other, log, options, seed, work)
        try:
            log.open()
            for calls in opened:
                runner.run(calls.open())
            for route in ROUTES:
                if route not in counts:
                    continue
                skills = _skills(options, models, runner) if route == "skills" else None
                line = ProgressLine(counts[route], f"tasks ({route})")

                def seen(found: Authored, line: ProgressLine = line, total: int = counts[route]) -> None:
                    line.report(min(len(found.rows), total), 0)
                    whole_file(work / YIELDS, as_text(yields(found.records)).encode())

                settings = AuthorSettings(
                    route,
                    counts[route],
                    seed,
                    options.rounds,
                    options.at_once,
                    models.writer.model,
                    models.reviewer.model,
                )
                author = Author(
                    settings, work, models, log, lambda paths: prove_written(paths, jobs), screen, runner.run, skills, leakage, max(1, jobs), seen, _told
                )  # fmt: skip
                try:
                    found = author.batch()
                finally:
                    line.close()
                made.rows += found.rows
                made.records += found.records
        finally:
            made.calls = log.made
            for calls in opened:
                runner.run(calls.close())
            runner.run(log.close())
    return made


def dry_run(options: AuthorOptions, counts: Mapping[str, int], seed: int) -> str:
    """What would be asked, as text: the first idea and prompt of each route, and how many calls and tokens that comes to. Asks nobody."""
    from clawc.runtime.synth.authoring.planned import planned

    skills = _unasked_skills(options) if "skills" in counts else None
    return planned(counts, seed, options.rounds, skills)


def _models(
    choice: ModelChoice, other: ModelChoice | None, log: object, options: AuthorOptions, seed: int, work: Path
) -> tuple[Models, tuple[Calls, ...]]:
    from clawc.runtime.engine.interface import Constraint, constrains
    from clawc.runtime.gateway.budget import Budget
    from clawc.runtime.judge.ask import Asker
    from clawc.runtime.judge.identity import judge_sampling
    from clawc.runtime.synth.authoring.calls import CallLog, Calls
    from clawc.runtime.synth.authoring.stages import Models
    from clawc.spec.export.decoding import decoding_grammar

    assert isinstance(log, CallLog)
    budget = Budget(choice.budget, work / COSTS)

    def calls_of(chosen: ModelChoice) -> tuple[Calls, frozenset[str]]:
        engine = chosen.make()
        return Calls(Asker(engine, judge_sampling(chosen), budget), chosen.name, log, options.at_once), constrains(
            engine
        )

    writer, kinds = calls_of(choice)
    reviewer, review_kinds = calls_of(other) if other is not None else (writer, kinds)
    grammar = (
        Constraint("grammar", decoding_grammar("llguidance", "file", cut=True, tidy=True))
        if "grammar" in kinds
        else None
    )
    models = Models(
        writer,
        reviewer,
        seed,
        choice.rules.pinned,
        choice.rules.max_tokens,
        grammar,
        "schema" in kinds,
        "schema" in review_kinds,
    )
    return models, (writer,) if other is None else (writer, reviewer)


def _told(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def prove_written(paths: Sequence[Path], jobs: int) -> Iterator[Tried]:
    """What compiling and proving each source came to."""
    from clawc.runtime.synth.authoring.noted import Tried, no_solution, read_note, task_note
    from clawc.runtime.synth.rows import card_summary

    for one in proved_tasks(paths, jobs, Beside("authoring", task_note, no_solution)):
        if one.card is None:
            yield Tried(one.path, one.against)
            continue
        try:
            note = read_note(one.note)
        except ValueError as error:
            yield Tried(one.path, (), why=str(error))
            continue
        yield Tried(one.path, (), card_summary(one.card), one.card.key.bundle, note)


def _skills(options: AuthorOptions, models: Models, runner: asyncio.Runner) -> GroundedSkills:
    from clawc.runtime.synth.authoring.grounded import GroundedSkills, annotated

    return GroundedSkills(runner.run(annotated(_read(options), models)))


def _unasked_skills(options: AuthorOptions) -> GroundedSkills:
    from clawc.runtime.synth.authoring.grounded import GroundedSkills, annotated_by_rule

    return GroundedSkills(annotated_by_rule(_read(options)))


def _read(options: AuthorOptions) -> tuple[Skill, ...]:
    """The skills of the command line; what is wrong with others is told."""
    from clawc.runtime.synth.skills.importer import read_skills

    if not options.skills:
        raise UserError("the provider `skills` needs skills", "give folders with SKILL.md files by --skills")
    found = read_skills(options.skills)
    for problem in found.problems:
        sys.stderr.write(f"{problem}\n")
    return found.skills
