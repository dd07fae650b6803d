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
