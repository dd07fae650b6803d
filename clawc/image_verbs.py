"""`clawc image …`: names and options of its verbs; what they do stands in `clawc.commands.image`, imported when called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="image", no_args_is_help=True, rich_markup_mode=None, help="Make, list, save and remove images for Docker."
)

Base = Annotated[
    str, typer.Option("--base", help="an image that the engine has, instead of that of this machine", metavar="REF")
]
Format = Annotated[str, typer.Option("--format", help="text or json", metavar="FORMAT")]


@app.command("build")
def build_verb(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="`.claw` files, bundles, or folders with them; none: this machine", metavar="[PATH...]"),
    ] = None,
    base: Base = "",
    format: Format = "text",
) -> None:
    """Build images of tasks, or that of this machine."""
    from clawc.commands.image import build_command

    raise typer.Exit(build_command(paths or [], base, format))


@app.command("save")
def save_verb(
    path: Annotated[Path, typer.Argument(help="a bundle, or the `.claw` file of one task", metavar="PATH")],
    out: Annotated[Path, typer.Option("--out", "-o", help="file to write, for `docker load`", metavar="FILE.tar")],
    base: Base = "",
    replace: Annotated[bool, typer.Option("--replace", help="replace a file that is there")] = False,
    format: Format = "text",
) -> None:
    """Write the image of a task to a file."""
    from clawc.commands.image import save_command

    raise typer.Exit(save_command(path, out, base, replace, format))


@app.command("list")
def list_verb(format: Format = "text") -> None:
    """List the images that are ours."""
    from clawc.commands.image import list_command

    raise typer.Exit(list_command(format))


@app.command("prune")
def prune_verb(
    all: Annotated[bool, typer.Option("--all", help="also the image of this machine as it is now")] = False,
    format: Format = "text",
) -> None:
    """Remove images that no container uses."""
    from clawc.commands.image import prune_command

    raise typer.Exit(prune_command(all, format))
