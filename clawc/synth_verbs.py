"""The verb that makes sets of tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def synth_verb(
    out: Annotated[Path, typer.Option("--out", "-o", help="folder that gets the set", metavar="DIR")],
    provider: Annotated[str, typer.Option(help="archetypes: without a model", metavar="NAME")] = "archetypes",
    count: Annotated[int, typer.Option("-n", min=1, max=1_000_000, help="tasks")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same set")] = 1,
    to: Annotated[
        list[str] | None,
        typer.Option(help="folder, jsonl or parquet; may be repeated; all unless given", metavar="FORM"),
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="a suite from which nothing may be taken; may be repeated", metavar="PATH")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="folder for what is finished; DIR.work unless given", metavar="DIR")
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, max=256, help="processes; 0: one for each processor")] = 0,
    no_semantic: Annotated[
        bool, typer.Option("--no-semantic", help="compare no tasks by the meaning of their words")
    ] = False,
) -> None:
    """Make a set of tasks, each proved; goes on where it was interrupted."""
    from clawc.commands.synth import SynthOptions, synth_command

    forms = tuple(dict.fromkeys(to or ("folder", "jsonl", "parquet")))
    options = SynthOptions(out, provider, count, seed, forms, tuple(against or ()), work, jobs, not no_semantic)
    raise typer.Exit(synth_command(options))
