"""Options that several verbs have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from clawc.exits import UserError


def values(*words: str) -> Callable[[str], list[str]]:
    """What a shell offers as the value of an option."""

    def begun(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return begun


Sources = Annotated[list[Path], typer.Argument(help="`.claw` files, or folders with them", metavar="PATH...")]
Format = Annotated[
    str, typer.Option("--format", help="text or json", metavar="FORMAT", autocompletion=values("text", "json"))
]

Sandbox = Annotated[
    str,
    typer.Option(
        envvar="CLAWC_SANDBOX",
        help="bubblewrap or docker",
        metavar="NAME",
        autocompletion=values("bubblewrap", "docker"),
    ),
]
Image = Annotated[
    str,
    typer.Option(
        envvar="CLAWC_IMAGE", help="image of Docker's sandboxes, made from this machine unless given", metavar="REF"
    ),
]
Tasks = Annotated[
    list[str] | None,
    typer.Option("--task", help="only the tasks of this name, `*` for any letters; may be repeated", metavar="NAME"),
]


def require_one_choice(task: list[str] | None, since: str | None) -> None:
    """Raises UserError for both: in sources that did not change nobody looks for a name."""
    if task and since is not None:
        raise UserError("`--task` and `--changed-since` both choose what is meant", "leave one of them out")


Output = Annotated[Path | None, typer.Option("--out", "-o", help="file to write; standard output unless given")]
Since = Annotated[
    str | None,
    typer.Option(
        "--changed-since", help="only sources that changed since this revision of git, or read what did", metavar="REF"
    ),
]
