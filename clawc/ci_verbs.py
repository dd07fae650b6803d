"""Verbs for those who review changes: `clawc diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from clawc.cli_options import Output


def diff_verb(
    before: Annotated[
        str,
        typer.Argument(help="a `.claw` file, a bundle, a folder with such, or REF:PATH of git", metavar="A"),
    ],
    after: Annotated[str, typer.Argument(help="the same after the change", metavar="B")],
    format: Annotated[str, typer.Option("--format", help="text, json, markdown or github", metavar="FORMAT")] = "text",
    seed: Annotated[int, typer.Option("--seed", min=0, help="of the instance of tasks that draw something")] = 0,
    out: Output = None,
) -> None:
    """Say what a change of tasks means: whose scores stay comparable, are made again, or need new runs."""
    from clawc.commands.diff import diff_command

    raise typer.Exit(diff_command(before, after, format, seed, out))
