"""`clawc bench`: suites that are built, calibrated, packed, reported and planned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawc.cli_options import Image, Sandbox

app = typer.Typer(
    name="bench", no_args_is_help=True, rich_markup_mode=None,
    help="Benchmarks: build a suite, calibrate it, pack it, compare agents on it, plan how much it takes.",
)  # fmt: skip


@app.command("build")
def build_verb(
    file: Annotated[Path, typer.Argument(help="the `.claw` file that declares the suite", metavar="FILE")],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder for the suite; an older one in it is replaced")],
    suite: Annotated[str, typer.Option(help="which suite, if the file declares several", metavar="NAME")] = "",
    public: Annotated[bool, typer.Option("--public", help="leave the bundles of secret splits out")] = False,
    unproved: Annotated[bool, typer.Option("--unproved", help="do not try verifiers that have no card")] = False,
) -> None:
    """Compile the tasks of a suite, prove their verifiers, part them, and write the record that names each."""
    from clawc.commands.bench_build import BuildOptions, build_command

    raise typer.Exit(build_command(file, BuildOptions(out, suite, public, unproved)))


@app.command("calibrate")
def calibrate_verb(
    suite: Annotated[Path, typer.Argument(help="folder of a built suite, or of bundles", metavar="SUITE")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder for the runs and the result; what it has is gone on with")
    ],
    agents: Annotated[
        Path | None, typer.Option(help="TOML file with a ladder of agents; unless given, oracles that make mistakes")
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=1_000, help="trials of each task by each agent")] = 4,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="trials where the first leave the rate open")] = 16,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="episodes at once")] = None,
    split: Annotated[str, typer.Option(help="tasks of this split alone", metavar="NAME")] = "",
    seed: Annotated[int, typer.Option(min=0, help="from which the seeds of runs follow")] = 0,
    sandbox: Sandbox = "bubblewrap",
    image: Image = "",
    fail_on_flags: Annotated[bool, typer.Option("--fail-on-flags", help="exit 1 if a verifier is doubted")] = False,
) -> None:
    """Let a ladder of agents play a suite; says which verifiers to doubt and how hard each task is."""
    from clawc.commands.bench_calibrate import CalibrateOptions, calibrate_command

    options = CalibrateOptions(out, agents, first, most, jobs, split, seed, sandbox, image, fail_on_flags)
    raise typer.Exit(calibrate_command(suite, options))
