"""The verbs about runs that there are: what was said and done, how it is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawc.cli_options import Format, Image, Output, Sandbox, values


def trajectories_verb(
    paths: Annotated[
        list[Path], typer.Argument(help="run folders; with `--from`, files of that format", metavar="RUN...")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="file, or folder for several documents of atif and inspect", metavar="PATH"),
    ],
    to: Annotated[str, typer.Option("--to", help="chat, atif, inspect or jsonl", metavar="FORMAT")] = "jsonl",
    source: Annotated[
        str, typer.Option("--from", help="read files instead of runs: atif, chat, openclaw or jsonl", metavar="FORMAT")
    ] = "",
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="outcomes to take, or `all`; may be repeated; ok of runs unless given", metavar="NAME"),
    ] = None,
    min_score: Annotated[float | None, typer.Option(min=0, max=1, help="the least score to take")] = None,
    per_task: Annotated[int | None, typer.Option(min=1, help="at most so many of each task")] = None,
    unique: Annotated[bool, typer.Option("--unique", help="of those with the same messages only the first")] = False,
    sound: Annotated[
        bool, typer.Option("--sound", help="none with a call of a tool that failed or has no result")
    ] = False,
    metadata: Annotated[
        bool, typer.Option("--metadata", help="for chat: with what the format has no place for")
    ] = False,
    scoring: Annotated[str, typer.Option(help="of runs: latest, original, or the id of a re-scoring")] = "latest",
) -> None:
    """Write what was said and done in runs as a file for training or other tools; read such files of others."""
    from clawc.commands.trajectories import TrajectoriesOptions, trajectories_command

    options = TrajectoriesOptions(
        out, to, source, tuple(outcome or ()), min_score, per_task, unique, sound, metadata, scoring
    )
    raise typer.Exit(trajectories_command(paths, options))


def report_verb(
    runs: Annotated[
        list[Path], typer.Argument(help="run folders; others are compared with the first", metavar="RUN...")
    ],
    format: Annotated[
        str,
        typer.Option(
            help="text, json, csv, markdown, junit or html",
            metavar="FORMAT",
            autocompletion=values("text", "json", "csv", "markdown", "junit", "html"),
        ),
    ] = "text",
    out: Output = None,
    by: Annotated[str | None, typer.Option(help="rows of csv: task, category, operation, template or check")] = None,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="the least score that passes")] = 1.0,
    k: Annotated[list[int] | None, typer.Option("--k", min=1, help="pass@k also for this k; may be repeated")] = None,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="confidence of intervals")] = 0.95,
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="resamples of an interval")] = 2_000,
    scoring: Annotated[str, typer.Option(help="latest, original, or the id of a re-scoring")] = "latest",
    fail_under: Annotated[float | None, typer.Option(min=0, max=1, help="exit 1 if a mean score is below")] = None,
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="exit 1 if a run is significantly worse than the first")
    ] = False,
    compare: Annotated[bool, typer.Option("--compare", help="implied by several runs")] = False,
) -> None:
    """Report runs: scores with intervals, breakdowns, and differences from the first run."""
    from clawc.commands.report import ReportOptions, report_command
    from clawc.runtime.report.build import Settings
    from clawc.runtime.stats.bootstrap import Resampling

    settings = Settings(scoring, threshold, tuple(k or ()), Resampling(level, resamples))
    options = ReportOptions(format, by, out, settings, fail_under, fail_on_regression, compare)
    raise typer.Exit(report_command(runs, options))


def rescore(
    run: Annotated[Path, typer.Argument(help="a run folder")],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="bundles or `.claw` files to judge by; those of the run unless given", metavar="[PATH...]"),
    ] = None,
    jobs: Annotated[int, typer.Option("-j", min=1, max=256, help="episodes at once")] = 64,
    format: Format = "text",
    sandbox: Sandbox = "bubblewrap",
    image: Image = "",
) -> None:
    """Judge the stored workspaces of a run again, without playing anything."""
    from clawc.commands.rescore import rescore_command

    raise typer.Exit(rescore_command(run, paths or [], jobs, format, sandbox, image))


def judge_verb(
    run: Annotated[
        Path | None, typer.Argument(help="a run folder; none for a golden set alone", metavar="[RUN]")
    ] = None,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="bundles or `.claw` files with the rubrics; those of the run unless given", metavar="[PATH...]"
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", help="the model that judges, as of `run`", metavar="NAME")
    ] = "",
    tries: Annotated[int, typer.Option(min=1, max=20, help="answers in which a vote must come to count")] = 3,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, max=256, help="episodes at once")] = 8,
    all_: Annotated[bool, typer.Option("--all", help="ask also where the score does not hang on the rubric")] = False,
    labels: Annotated[
        Path | None, typer.Option(help="verdicts of people, JSONL: how far the judge agrees with them", metavar="FILE")
    ] = None,
    golden: Annotated[
        Path | None, typer.Option(help="cases with known verdicts, JSONL: they are judged first", metavar="FILE")
    ] = None,
    agree: Annotated[float, typer.Option(min=0.0, max=1.0, help="the least share of a golden set to agree with")] = 0.9,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="ask anew what was judged before")] = False,
    temperature: Annotated[
        float | None, typer.Option(min=0.0, max=2.0, help="as the model's settings have it, else 0, unless given")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="the most that one answer of the model may have")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="what judging the run may cost in all, over all starts", metavar="DOLLARS")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="keep what the model says, for `--model cassette:FILE`", metavar="FILE")
    ] = None,
    format: Format = "text",
) -> None:
    """Judge the rubrics of a stored run by a model; or see how far a model judges as people do."""
    from clawc.commands.judge import JudgeOptions, judge_command
    from clawc.commands.models import ModelWish

    wish = ModelWish(model, temperature, None, max_tokens, None, budget, record)
    options = JudgeOptions(wish, tries, jobs, all_, not no_cache, format, labels, golden, agree)
    raise typer.Exit(judge_command(run, paths or [], options))
