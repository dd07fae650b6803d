"""Verbs that other programs start: `clawc lsp` for editors."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(rich_markup_mode=None)


@app.command()
def lsp(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="speak over standard input and output, as it does anyway")
    ] = True,
) -> None:
    """Serve an editor: diagnostics, completion, hover, definitions, renaming, formatting."""
    from clawc.commands.lsp import lsp_command

    raise typer.Exit(lsp_command())
