"""`clawc synth`, which makes sets of tasks, and `clawc synth review`, which shows samples of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="synth", invoke_without_command=True, no_args_is_help=True, rich_markup_mode=None,
    help="Make a set of tasks, each proved; goes on where it was interrupted.",
)  # fmt: skip


@app.callback()
def synth_verb(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="folder that gets the set", metavar="DIR")] = None,
    provider: Annotated[
        str,
        typer.Option(
            help="archetypes: without a model; persona, skills: written by a model; or shares of them: persona=60,archetypes=40",
            metavar="NAME",
        ),
    ] = "archetypes",
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
    model: Annotated[
        str, typer.Option("--model", "-m", help="the model that plans and writes, as of `run`", metavar="NAME")
    ] = "",
    reviewer: Annotated[
        str, typer.Option(help="the model that reviews; the one that writes unless given", metavar="NAME")
    ] = "",
    skill: Annotated[
        list[Path] | None,
        typer.Option("--skills", help="folder or archive with SKILL.md files; may be repeated", metavar="PATH"),
    ] = None,
    rounds: Annotated[int, typer.Option(min=0, max=10, help="times that a model may mend a file")] = 3,
    at_once: Annotated[int, typer.Option(min=1, max=256, help="calls of a model at once")] = 8,
    temperature: Annotated[
        float | None, typer.Option(min=0.0, max=2.0, help="as the stages have it unless given")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="the most that one answer of the model may have")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="what models may cost in all, over all starts", metavar="DOLLARS")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="keep what the model says, for `--model cassette:FILE`", metavar="FILE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be asked, and ask nobody")] = False,
) -> None:
    """Make a set of tasks, each proved; goes on where it was interrupted."""
    if context.invoked_subcommand is not None:
        return
    from clawc.commands.models import ModelWish
    from clawc.commands.synth import SynthOptions, synth_command
    from clawc.commands.synth_models import AuthorOptions

    if out is None and not dry_run:
        raise typer.BadParameter("give the folder that gets the set", param_hint="--out")
    wish = ModelWish(model, temperature, None, max_tokens, None, budget, record)
    author = AuthorOptions(wish, reviewer, tuple(skill or ()), rounds, at_once)
    forms = tuple(dict.fromkeys(to or ("folder", "jsonl", "parquet")))
    options = SynthOptions(
        out or Path("set"),
        provider,
        count,
        seed,
        forms,
        tuple(against or ()),
        work,
        jobs,
        not no_semantic,
        author,
        dry_run,
    )
    raise typer.Exit(synth_command(options))


@app.command("review")
def review_verb(
    path: Annotated[Path, typer.Argument(help="a set that `clawc synth` made", metavar="SET")],
    out: Annotated[Path, typer.Option("--out", "-o", help="page to write", metavar="FILE")] = Path("review.html"),
    count: Annotated[int, typer.Option("-n", min=1, max=1_000, help="tasks to show")] = 20,
    dropped: Annotated[int, typer.Option(min=0, max=1_000, help="drafts to show that were not taken")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="the same seed shows the same ones")] = 0,
) -> None:
    """Show tasks of a set, and drafts that were not taken with the reason, drawn over categories and reasons."""
    from clawc.commands.synth_review import review_command

    raise typer.Exit(review_command(path, out, count, dropped, seed))
