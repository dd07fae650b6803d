"""Verbs that other programs start: `clawc lsp` for editors, `clawc mcp` for coding agents."""

from __future__ import annotations

from pathlib import Path
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


@app.command()
def mcp(
    root: Annotated[
        Path | None,
        typer.Option(
            "--root", help="the workspace; else the client's folders, or where it was started", metavar="FOLDER"
        ),
    ] = None,
) -> None:
    """Serve a coding agent by MCP: check, test, explain, complete, format, the language card."""
    from clawc.commands.mcp import mcp_command

    raise typer.Exit(mcp_command(root))
