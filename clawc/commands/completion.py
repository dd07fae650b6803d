"""`clawc completion`: scripts for shells. The words come from the command line itself, which the script asks."""

from __future__ import annotations

import os

import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script
from typer.completion import shell_complete
from typer.main import get_command

from clawc import exits
from clawc.commands.output import put
from clawc.exits import UserError

SHELLS = ("bash", "zsh", "fish")


def answer_shell(app: typer.Typer, variable: str) -> None:
    """Prints the words that a shell asks for, under the name of the command however it was started."""
    completion_init()
    raise SystemExit(shell_complete(get_command(app), {}, "clawc", variable, os.environ[variable]))


def completion_command(shell: str, variable: str) -> int:
    """Prints the script for a shell, which asks by an environment variable."""
    if shell not in SHELLS:
        raise UserError(f"there is no script for `{shell}`", f"shells: {', '.join(SHELLS)}")
    script = get_completion_script(prog_name="clawc", complete_var=variable, shell=shell).strip()
    if shell == "fish":
        script = script.replace(" --no-files", "")  # paths are offered, too
    put(script + "\n", None)
    return exits.OK
