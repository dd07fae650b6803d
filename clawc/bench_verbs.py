"""`clawc bench`: suites that are built, calibrated, packed, reported and planned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawc.cli_options import Format, Image, Output, Sandbox

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


@app.command("select")
def select_verb(
    calibration: Annotated[Path, typer.Argument(help="folder of a calibration", metavar="CALIBRATION")],
    size: Annotated[int, typer.Option(min=1, max=1_000_000, help="how many tasks")],
    out: Annotated[Path, typer.Option("--out", "-o", help="file for the set")],
    tiers: Annotated[str, typer.Option(help="shares of tiers, as in easy=1,middle=2,hard=1", metavar="SHARES")] = "",
    exclude_flagged: Annotated[
        bool, typer.Option("--exclude-flagged", help="no task whose verifier is flagged")
    ] = False,
    per_family: Annotated[int | None, typer.Option(min=1, help="at most so many of a family")] = None,
    seed: Annotated[int, typer.Option(help="decides between tasks that fit equally")] = 1,
    paths: Annotated[
        Path | None,
        typer.Option(help="print the paths of the chosen bundles in this folder, one a line", metavar="FOLDER"),
    ] = None,
) -> None:
    """Choose a balanced set of calibrated tasks; says why each is in, and what could not be met."""
    from clawc.commands.bench_select import SelectOptions, select_command

    options = SelectOptions(out, size, tiers, exclude_flagged, per_family, seed, paths)
    raise typer.Exit(select_command(calibration, options))


@app.command("report")
def report_verb(
    runs: Annotated[list[Path], typer.Argument(help="run folders of one suite", metavar="RUN...")],
    out: Output = None,
    format: Annotated[
        str, typer.Option(help="text, json or html; unless given, by the name of --out", metavar="FORMAT")
    ] = "",
    suite: Annotated[
        Path | None,
        typer.Option(help="folder of the suite, if bundles are not where the runs found them", metavar="SUITE"),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="a table for this split; all unless given", metavar="NAME")
    ] = None,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="the least score that passes")] = 1.0,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="confidence of intervals")] = 0.95,
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="resamples of an interval")] = 2_000,
) -> None:
    """A leaderboard: agents on one suite, with intervals by family, paired differences, and what could not be seen."""
    from clawc.commands.bench_report import LeaderboardOptions, leaderboard_command

    options = LeaderboardOptions(out, format, suite, tuple(split or ()), threshold, level, resamples)
    raise typer.Exit(leaderboard_command(runs, options))


@app.command("plan")
def plan_verb(
    path: Annotated[
        Path | None, typer.Argument(help="a suite, or a calibration whose variances count", metavar="[SUITE]")
    ] = None,
    effect: Annotated[float, typer.Option(help="difference of mean scores that is to be found, in [0, 1]")] = 0.05,
    power: Annotated[float, typer.Option(min=0.01, max=0.999, help="the chance to find it")] = 0.8,
    alpha: Annotated[float, typer.Option(min=0.0001, max=0.5, help="two-sided level of the test")] = 0.05,
    trials: Annotated[int, typer.Option(min=1, max=10_000, help="how often each agent plays each task")] = 1,
    items: Annotated[int | None, typer.Option(min=2, max=1_000_000, help="tasks, if not those that there are")] = None,
    between: Annotated[
        str, typer.Option(help="two rungs whose variances count; the strongest unless given", metavar="RUNG,RUNG")
    ] = "",
    format: Format = "text",
) -> None:
    """How many tasks and trials it takes to tell two agents apart, and what difference the tasks there are show."""
    from clawc.commands.bench_plan import PlanOptions, plan_command

    raise typer.Exit(plan_command(path, PlanOptions(effect, power, alpha, trials, items, between, format)))
