"""Verbs that serve pages to a browser of this machine: `clawc view`, `clawc review`, `clawc playground`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(rich_markup_mode=None)

Port = Annotated[int, typer.Option(min=0, max=65_535, help="of 127.0.0.1; a free one unless given", metavar="N")]
Browse = Annotated[bool, typer.Option("--open", help="open the address in a browser")]


@app.command()
def view(
    runs: Annotated[list[Path], typer.Argument(help="run folders, or folders with such", metavar="RUN...")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="write the pages into this folder instead", metavar="DIR")
    ] = None,
    port: Port = 0,
    browse: Browse = False,
) -> None:
    """Look at runs in a browser: tasks, episodes, what was said and done, checks, files, two runs side by side."""
    from clawc.commands.view import view_command

    raise typer.Exit(view_command(runs, out, port, browse=browse))


@app.command()
def playground(
    path: Annotated[
        Path | None, typer.Argument(help="a source to edit, or a folder with such", metavar="FILE|FOLDER")
    ] = None,
    port: Port = 0,
    browse: Browse = False,
) -> None:
    """Edit a spec in a browser: problems, instruction, checker, workspace and proof as you type."""
    from clawc.commands.playground import playground_command

    raise typer.Exit(playground_command(path, port, browse=browse))


@app.command()
def review(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="bundles, suites, or `.claw` files", metavar="PATH...")
    ] = None,
    name: Annotated[str, typer.Option("--as", help="who reviews", metavar="NAME")] = "",
    adjudicate: Annotated[bool, typer.Option("--adjudicate", help="decide where reviewers disagree")] = False,
    runs: Annotated[
        list[Path] | None, typer.Option(help="a run folder to show beside; again for more", metavar="RUN")
    ] = None,
    calibration: Annotated[Path | None, typer.Option(help="what `bench calibrate` found", metavar="FILE")] = None,
    gold: Annotated[
        Path | None, typer.Option(help="tasks whose verdict is known, JSONL: one in twenty is one", metavar="FILE")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="folder of the decisions", metavar="DIR")] = Path("review"),
    model: Annotated[
        str, typer.Option("--model", "-m", help="a model that is one of the reviewers, as of `run`", metavar="NAME")
    ] = "",
    model_only: Annotated[bool, typer.Option("--model-only", help="end when the model has reviewed")] = False,
    budget: Annotated[str | None, typer.Option(help="what the model may cost in all", metavar="DOLLARS")] = None,
    export: Annotated[
        bool, typer.Option("--export", help="print the decisions as JSONL, and where things stand")
    ] = False,
    port: Port = 0,
    browse: Browse = False,
) -> None:
    """Review tasks in a browser: two who do not see each other's votes, an adjudicator, and a model if you like."""
    from clawc.commands.models import ModelWish
    from clawc.commands.review import ReviewOptions, review_command

    options = ReviewOptions(
        name,
        adjudicate,
        runs or [],
        calibration,
        gold,
        out,
        port,
        browse,
        ModelWish(model, budget=budget),
        model_only,
        export,
    )
    raise typer.Exit(review_command(paths or [], options))
