"""Verbs for who writes specs: `clawc new`, and what other programs start: `clawc lsp` for editors, `clawc mcp` for coding agents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawc.cli_options import values

app = typer.Typer(rich_markup_mode=None)
COMPLETE = "_CLAWC_COMPLETE"  # by which a shell asks for words


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


def new(
    name: Annotated[str | None, typer.Argument(help="name of the task; on a terminal it asks without one")] = None,
    folder: Annotated[Path, typer.Option("--in", help="folder to put it in")] = Path("."),
    ask: Annotated[bool, typer.Option("--ask", help="ask what the task is about")] = False,
    like: Annotated[str, typer.Option("--like", help="take this task, one of `--list`", metavar="NAME")] = "",
    show: Annotated[bool, typer.Option("--list", help="list the tasks that `--like` takes")] = False,
    finds: Annotated[
        str | None,
        typer.Option(
            help="what the agent finds: csv, json, text, notes, git or program", metavar="KIND",
            autocompletion=values("csv", "json", "text", "notes", "git", "program"),
        ),
    ] = None,
    delivers: Annotated[
        str | None,
        typer.Option(
            help="what it must deliver: csv, json or markdown", metavar="KIND", autocompletion=values("csv", "json", "markdown")
        ),
    ] = None,
    category: Annotated[str | None, typer.Option(help="of the taxonomy, such as office.records", metavar="NAME")] = None,
    generated: Annotated[bool, typer.Option("--generated", help="each seed draws other data")] = False,
    instances: Annotated[bool, typer.Option("--instances", help="a parameter makes instances differ")] = False,
) -> None:  # fmt: skip
    """Write a first task to start from."""
    from clawc.commands.new import NewOptions, list_command, new_command

    if show:
        raise typer.Exit(list_command())
    options = NewOptions(name, folder, ask, like, finds, delivers, category, generated, instances)
    raise typer.Exit(new_command(options))


@app.command()
def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish", autocompletion=values("bash", "zsh", "fish"))],
) -> None:
    """Print the script by which a shell completes verbs, options, values and files."""
    from clawc.commands.completion import completion_command

    raise typer.Exit(completion_command(shell, COMPLETE))
