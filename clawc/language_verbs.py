"""Verbs that say what the language is: `clawc explain`, `grammar`, `schema`, `card`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawc.cli_options import Output, values

app = typer.Typer(rich_markup_mode=None)


@app.command()
def explain(
    code: Annotated[
        str, typer.Argument(help="for example E0402, deliver, group; `all` lists every code", metavar="WORD")
    ],
) -> None:
    """Explain a diagnostic, or a word of the language."""
    from clawc.commands.explain import explain_command

    raise typer.Exit(explain_command(code))


@app.command()
def grammar(
    target: Annotated[
        str,
        typer.Option(
            "--for",
            help="llguidance, gbnf, ebnf or lark; of editors: textmate, tree-sitter",
            metavar="ENGINE",
            autocompletion=values("llguidance", "gbnf", "ebnf", "lark", "textmate", "tree-sitter"),
        ),
    ] = "llguidance",
    start: Annotated[str, typer.Option(help="file or expression", metavar="START")] = "file",
    specialised: Annotated[bool, typer.Option("--specialised", help="only what the tables have, by name")] = False,
    scope: Annotated[Path | None, typer.Option(help="a `.claw` file whose names stand for values")] = None,
    out: Output = None,
) -> None:
    """Print the grammar for constrained decoding, or for an editor."""
    from clawc.commands.grammar import grammar_command

    raise typer.Exit(grammar_command(target, start, specialised, scope, out))


@app.command()
def schema(
    subject: Annotated[
        str,
        typer.Option(
            "--for",
            help="spec, ir, report, bundle, card, review, gold or calibration",
            metavar="WHAT",
            autocompletion=values("spec", "ir", "report", "bundle", "card", "review", "gold", "calibration"),
        ),
    ] = "spec",
    out: Output = None,
) -> None:
    """Print a JSON Schema: of a source's blocks, the IR, a report, a manifest, a card, decisions of reviews, a calibration."""
    from clawc.commands.schema import schema_command

    raise typer.Exit(schema_command(subject, out))


@app.command()
def card(out: Output = None) -> None:
    """Print the language card: what a model needs to write a task."""
    from clawc.commands.card import card_command

    raise typer.Exit(card_command(out))
