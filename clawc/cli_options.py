"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Sources = Annotated[list[Path], typer.Argument(help="`.claw` files, or folders with them", metavar="PATH...")]
Format = Annotated[str, typer.Option("--format", help="text or json", metavar="FORMAT")]

Sandbox = Annotated[str, typer.Option(envvar="CLAWC_SANDBOX", help="bubblewrap or docker", metavar="NAME")]
Image = Annotated[
    str,
    typer.Option(
        envvar="CLAWC_IMAGE", help="image of Docker's sandboxes, made from this machine unless given", metavar="REF"
    ),
]
Output = Annotated[Path | None, typer.Option("--out", "-o", help="file to write; standard output unless given")]
Since = Annotated[
    str | None,
    typer.Option(
        "--changed-since", help="only sources that changed since this revision of git, or read what did", metavar="REF"
    ),
]
