"""`clawc bench`: suites that are built, calibrated, packed, reported and planned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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


@app.command("pack")
def pack_verb(
    suite: Annotated[Path, typer.Argument(help="folder of a suite that was built", metavar="DIR")],
    out: Annotated[Path, typer.Option("--out", "-o", help="the archive, `NAME.tar.gz`", metavar="FILE")],
    with_secret: Annotated[bool, typer.Option("--with-secret", help="with the bundles of secret splits")] = False,
    licence: Annotated[
        str, typer.Option("--license", help="licence of the suite, for its README", metavar="SPDX")
    ] = "",
) -> None:
    """Pack a suite into one archive that `clawc run` and Harbor play: bundles, cards, checksums, a README."""
    from clawc.commands.bench_pack import BenchPackOptions, pack_command

    raise typer.Exit(pack_command(suite, BenchPackOptions(out, with_secret, licence)))
