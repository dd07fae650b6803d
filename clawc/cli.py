"""The command line: names and options of the verbs. What they do stands in `clawc.commands`, imported when called."""

from __future__ import annotations

import errno
import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from clawc import (
    __version__,
    bench_verbs,
    ci_verbs,
    exits,
    image_verbs,
    language_verbs,
    page_verbs,
    run_verbs,
    synth_verbs,
    tool_verbs,
    train_verbs,
)
from clawc.cli_options import Format, Image, Output, Sandbox, Since, Sources, Tasks, require_one_choice, values
from clawc.commands.output import close_output
from clawc.exits import UserError

app = typer.Typer(
    name="clawc", add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Compile, run and score tasks for agents that work over files.",
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip

app.add_typer(language_verbs.app)
app.add_typer(image_verbs.app)
app.add_typer(synth_verbs.app)
app.add_typer(train_verbs.app)
app.add_typer(bench_verbs.app)
app.add_typer(page_verbs.app)
app.add_typer(tool_verbs.app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"clawc {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an internal error.")] = False,
) -> None:
    """Options of every verb."""
    if debug:
        os.environ["CLAWC_DEBUG"] = "1"


@app.command()
def check(
    paths: Sources,
    format: Annotated[
        str,
        typer.Option(
            help="text, json, sarif, github, gitlab or junit",
            metavar="FORMAT",
            autocompletion=values("text", "json", "sarif", "github", "gitlab", "junit"),
        ),
    ] = "text",
    deny: Annotated[
        str | None,
        typer.Option(help="`warnings`: let them fail too", metavar="WHAT", autocompletion=values("warnings")),
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="hide the warnings that this file knows")] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="keep the warnings of now in this file")] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, max=256, help="processes; 0: one for each processor")] = 0,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="check anew what was checked before")] = False,
    since: Since = None,
) -> None:
    """Report every mistake in sources; builds nothing."""
    from clawc.commands.check import CheckOptions, check_command

    options = CheckOptions(format, deny, baseline, write_baseline, jobs, not no_cache, since)
    raise typer.Exit(check_command(paths, options))


@app.command("import")
def import_(
    sources: Annotated[
        list[Path], typer.Argument(help="folders, archives or files of another benchmark", metavar="SOURCE...")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="new folder that gets one folder for each task, and the report")
    ],
    origin: Annotated[str, typer.Option("--from", help="the format, where it is not recognised", metavar="NAME")] = "",
    format: Format = "text",
    suggest: Annotated[
        bool, typer.Option("--suggest", help="propose checks of ours beside programs that are kept")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="replace an older import")] = False,
    probe: Annotated[bool, typer.Option("--probe", help="say which verifiers pay for the untouched workspace")] = False,
) -> None:
    """Turn tasks of other benchmarks into sources; says what became of each part of their verifiers."""
    from clawc.commands.import_ import ImportOptions, import_command

    raise typer.Exit(import_command(sources, out, ImportOptions(origin, format, suggest, replace, probe)))


@app.command()
def build(
    paths: Annotated[
        list[Path],
        typer.Argument(help="`.claw` files, or folders with them; for a target also bundles", metavar="PATH..."),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder that gets one bundle for each task, or the export")
    ] = Path("build"),
    format: Format = "text",
    count: Annotated[
        int | None, typer.Option("-n", min=1, max=100_000, help="instances of each task that has parameters or data")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of the first instance; the others follow")] = 0,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            help="write another format instead of bundles: harbor, inspect, verifiers, nemo-gym, openenv, clawgym, "
            "pinchbench or jsonl; says what that cannot honour",
            metavar="NAME",
            autocompletion=values(
                "harbor", "inspect", "verifiers", "nemo-gym", "openenv", "clawgym", "pinchbench", "jsonl"
            ),
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="with a target: what the tasks are called together; as the folder unless given",
            metavar="NAME",
        ),
    ] = None,
    image: Annotated[
        str,
        typer.Option(
            "--image",
            help="with a target: a container image that has what the tasks need, instead of a Dockerfile",
            metavar="REF",
        ),
    ] = "",
    task: Tasks = None,
    since: Since = None,
) -> None:
    """Compile sources into bundles: workspace, checker, rubric, solution; or into another ecosystem's format."""
    require_one_choice(task, since)
    if target is not None:
        if since is not None:
            raise UserError("`--changed-since` is not for exports", "they hold whole sets")
        from clawc.commands.compiling import Lot
        from clawc.commands.export import TargetOptions, export_command

        options = TargetOptions(target, name, image, format)
        raise typer.Exit(export_command(paths, out, options, Lot(seed, count, tuple(task or ()))))
    if name is not None or image:
        raise UserError("`--name` and `--image` are for exports", "say which by `--target`")
    from clawc.commands.build import build_command

    raise typer.Exit(build_command(paths, out, format, seed, count, since, task or ()))


@app.command()
def test(
    paths: Annotated[
        list[Path], typer.Argument(help="`.claw` files, bundles, or folders with them", metavar="PATH...")
    ],
    level: Annotated[
        str,
        typer.Option(
            help="admit: in memory, a sample for real; release: all for real",
            metavar="LEVEL",
            autocompletion=values("admit", "release"),
        ),
    ] = "admit",
    format: Annotated[
        str,
        typer.Option(
            help="text, json, html, sarif, github or junit",
            metavar="FORMAT",
            autocompletion=values("text", "json", "html", "sarif", "github", "junit"),
        ),
    ] = "text",
    out: Output = None,
    cards: Annotated[Path | None, typer.Option(help="folder that gets the card of each task", metavar="DIR")] = None,
    attach: Annotated[bool, typer.Option("--attach", help="put each card into the folder of its bundle")] = False,
    sign: Annotated[
        Path | None, typer.Option(help="sign the cards by the private key in this file", metavar="KEYFILE")
    ] = None,
    admitted: Annotated[
        bool, typer.Option("--admitted", help="prove nothing; say whose cards count here, exit 1 if one does not")
    ] = False,
    details: Annotated[bool, typer.Option("--details", help="show the kill matrix, probes, queries and runs")] = False,
    mutants: Annotated[int, typer.Option(min=0, max=10_000, help="mutants of each task; 0: as the level has")] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="the seed of the first instance")] = 0,
    count: Annotated[
        int | None, typer.Option("-n", min=1, max=1_000_000, help="instances of each task that draws something")
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, max=256, help="processes; 0: one for each processor")] = 0,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="prove anew what was proved before")] = False,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="do not run emitted checkers; for machines without sandboxes")
    ] = False,
    task: Tasks = None,
    since: Since = None,
) -> None:
    """Test checkers from both sides: right answers must win, wrong ones lose; write a card for each."""
    require_one_choice(task, since)
    if admitted:
        from clawc.commands.admitted import admitted_command

        if task:
            raise UserError("`--task` goes with proofs, and `--admitted` makes none", "leave one of them out")
        if since is not None:
            raise UserError("`--changed-since` goes with proofs, and `--admitted` makes none", "leave one of them out")
        raise typer.Exit(admitted_command(paths, level, format, out))
    from clawc.commands.proved import TestOptions
    from clawc.commands.test import test_command

    options = TestOptions(
        level,
        format,
        out,
        cards,
        mutants,
        seed,
        count,
        jobs,
        not no_cache,
        not no_sandbox,
        details,
        attach,
        sign,
        since,
        tuple(task or ()),
    )
    raise typer.Exit(test_command(paths, options))


app.command("diff")(ci_verbs.diff_verb)


@app.command()
def keys(
    verb: Annotated[str, typer.Argument(help="new or show", metavar="new|show", autocompletion=values("new", "show"))],
    file: Annotated[Path, typer.Argument(help="the file with the private key", metavar="FILE")],
) -> None:
    """Make a key that signs cards, or show its public half, which others trust."""
    from clawc.commands.keys import keys_command

    raise typer.Exit(keys_command(verb, file))


def _given(context: typer.Context) -> set[str]:
    """The parameters that stand on the command line."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


@app.command("run")
def run_verb(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="`.claw` files, bundles, or folders with them; or a suite, packed or not", metavar="PATH..."
        ),
    ] = None,
    agent: Annotated[
        str,
        typer.Option(
            "--agent",
            "-a",
            autocompletion=values("oracle", "null", "imperfect:", "scripted:", "loop", "pi", "openclaw", "command:"),
            help="oracle, null, imperfect:RATE, scripted:FILE, loop, pi, openclaw (with :FILE for settings) or command:FILE",
        ),
    ] = "oracle",
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="what `loop` and `command` speak to: a name from claw.toml, smollm2, scripted:FILE …"
        ),
    ] = "",
    episodes: Annotated[
        int | None, typer.Option("-n", min=1, max=100_000, help="episodes for each task; as a suite says, else 1")
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option("--split", help="only this part of a suite; may be repeated", metavar="NAME")
    ] = None,
    task: Tasks = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j", "--jobs", min=1, max=4096, help="episodes at once; 2, or the processors of a cluster, unless given"
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="what the seeds of episodes are made from")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="run folder, a new one in `runs` unless given; an interrupted run goes on"),
    ] = None,
    format: Format = "text",
    retries: Annotated[
        int, typer.Option(min=0, max=100, help="further tries at an episode that the infrastructure failed")
    ] = 2,
    deadline: Annotated[
        float | None, typer.Option(min=0.0, help="end after this time with what is finished", metavar="SECONDS")
    ] = None,
    cluster: Annotated[
        str, typer.Option(help="play on a cluster of Ray: `auto`, or `host:port` of its head", metavar="ADDRESS")
    ] = "",
    sandbox: Sandbox = "bubblewrap",
    image: Image = "",
    temperature: Annotated[
        float | None, typer.Option(min=0.0, max=2.0, help="of the model, whatever the agent asks for")
    ] = None,
    top_p: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="likewise")] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="the most that one answer of the model may have")
    ] = None,
    calls: Annotated[int | None, typer.Option(min=1, help="the most calls of the model in an episode")] = None,
    budget: Annotated[
        str | None, typer.Option(help="what the model may cost in all, over all starts of the run", metavar="DOLLARS")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="keep what the model says, for `--model cassette:FILE`", metavar="FILE")
    ] = None,
    judge: Annotated[
        str,
        typer.Option(help="a model that judges rubrics afterwards, as `clawc judge RUN -m NAME` does", metavar="NAME"),
    ] = "",
    campaign: Annotated[
        Path | None,
        typer.Option(
            help="many models and tasks, as this file says; takes --out, --format and --sandbox", metavar="FILE"
        ),
    ] = None,
) -> None:
    """Roll out an agent in sandboxes, and score what it leaves in others."""
    if campaign is not None:
        from clawc.commands.campaign import campaign_command

        beside = sorted(_given(context) - {"campaign", "out", "format", "sandbox", "image"})
        if beside:
            raise UserError(
                "a campaign says itself what is played, and how", f"leave {', '.join(beside)} out; its file takes them"
            )
        raise typer.Exit(campaign_command(campaign, out, format, sandbox, image))
    if not paths:
        raise UserError("there is nothing to run", "give `.claw` files, bundles, or folders with them")
    from clawc.commands.models import ModelWish
    from clawc.commands.run import run_command

    wish = ModelWish(model, temperature, top_p, max_tokens, calls, budget, record)
    raise typer.Exit(
        run_command(
            paths,
            agent,
            episodes,
            jobs,
            seed,
            out,
            format,
            retries,
            deadline,
            cluster,
            sandbox,
            image,
            wish,
            judge,
            split or (),
            task or (),
        )
    )


@app.command()
def score(
    bundle: Annotated[Path, typer.Argument(help="a bundle, or a `.claw` file")],
    workspace: Annotated[Path, typer.Argument(help="the folder that an agent has left")],
    format: Format = "text",
    trajectory: Annotated[
        Path | None, typer.Option(help="the record of what the agent did, `trajectory.jsonl` of an episode")
    ] = None,
    task: Annotated[str, typer.Option("--task", help="which task of the file", metavar="NAME")] = "",
    sandbox: Sandbox = "bubblewrap",
    image: Image = "",
) -> None:
    """Judge a finished workspace by the checker of a bundle, in a sandbox."""
    from clawc.commands.score import score_command

    raise typer.Exit(score_command(bundle, workspace, format, trajectory, sandbox, image, task))


for _name, _verb in (
    ("trajectories", run_verbs.trajectories_verb),
    ("eval", train_verbs.eval_verb),
    ("report", run_verbs.report_verb),
    ("rescore", run_verbs.rescore),
    ("judge", run_verbs.judge_verb),
    ("new", tool_verbs.new),
):
    app.command(_name)(_verb)


@app.command("diff-runners")
def diff_runners(
    paths: Annotated[
        list[Path], typer.Argument(help="`.claw` files, bundles, or folders with them", metavar="PATH...")
    ],
    runner: Annotated[
        list[str] | None,
        typer.Option(
            "--runner",
            help="harbor, inspect or verifiers; may be repeated",
            metavar="NAME",
            autocompletion=values("harbor", "inspect", "verifiers"),
        ),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="install runners that are not there, from PyPI, into the cache folder")
    ] = False,
    mutants: Annotated[int, typer.Option(min=0, max=1_000, help="changed answers of each task to try")] = 5,
    format: Format = "text",
    out: Output = None,
) -> None:
    """Judge the same answers here and in other frameworks, and compare the rewards."""
    from clawc.commands.diff_runners import RunnerOptions, diff_runners_command

    options = RunnerOptions(tuple(runner or ()), install, mutants, format, out)
    raise typer.Exit(diff_runners_command(paths, options))


@app.command()
def migrate(
    paths: Sources,
    check: Annotated[bool, typer.Option("--check", help="write nothing; exit 1 if something would change")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="write nothing; show what would change")] = False,
) -> None:
    """Rewrite sources of older editions, or without one, to the newest."""
    from clawc.commands.migrate import migrate_command

    raise typer.Exit(migrate_command(paths, check, diff))


@app.command()
def fmt(
    paths: Annotated[list[Path], typer.Argument(help="`.claw` files, folders with them, or `-`", metavar="PATH...")],
    check: Annotated[bool, typer.Option("--check", help="write nothing; name what would change, exit 1")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="write nothing; show what would change, exit 1")] = False,
    since: Annotated[
        str | None,
        typer.Option("--changed-since", help="only sources that changed since this revision of git", metavar="REF"),
    ] = None,
) -> None:
    """Bring sources into the one layout."""
    from clawc.commands.fmt import fmt_command

    raise typer.Exit(fmt_command(paths, check, diff, since))


@app.command()
def doctor(
    format: Format = "text",
    install: Annotated[
        str,
        typer.Option(
            "--install",
            help="install an agent of npm: pi or openclaw",
            metavar="AGENT",
            autocompletion=values("pi", "openclaw"),
        ),
    ] = "",
) -> None:
    """Say what this machine can do, and what to install; or install an agent."""
    from clawc.commands.doctor import doctor_command

    raise typer.Exit(doctor_command(format, install))


def run_app(arguments: list[str]) -> int:
    """The command line without its last safety net."""
    if arguments[:1] not in (["check"], ["run"]):
        gc.enable()
    try:
        if tool_verbs.COMPLETE in os.environ:
            from clawc.commands.completion import answer_shell

            answer_shell(app, tool_verbs.COMPLETE)
        app(arguments, standalone_mode=True)
    except SystemExit as stop:
        if stop.code == exits.INTERRUPTED:
            raise KeyboardInterrupt from stop
        return stop.code if isinstance(stop.code, int) else exits.USAGE
    return exits.OK


def run(arguments: list[str]) -> int:
    """Runs the command line: user errors as messages, unexpected ones as a report file and exit 70."""
    status = exits.OK
    try:
        status = run_app(arguments)
        sys.stdout.flush()
        return status
    except UserError as error:
        if error.code == exits.INTERRUPTED:
            _ignore_signals()
        help = f"\n  help: {error.help}" if error.help else ""
        print(f"clawc: {error.message}{help}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        _ignore_signals()
        print("clawc: interrupted", file=sys.stderr)
        return exits.INTERRUPTED
    except BrokenPipeError:
        close_output()
        return status
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return _internal()
        close_output()
        where = f"`{error.filename}`" if error.filename else "what is written"
        print(f"clawc: no space left for {where}\n  help: free some space and do it again", file=sys.stderr)
        return exits.ENVIRONMENT
    except Exception:  # noqa: BLE001 - the edge: whatever was not foreseen becomes a report
        return _internal()


def _ignore_signals() -> None:
    """An interrupted run has cleaned up: another Ctrl-C must not disturb its last words."""
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _internal() -> int:
    import tempfile
    import traceback

    text = traceback.format_exc()
    if os.environ.get("CLAWC_DEBUG"):
        print(text, file=sys.stderr)
        return exits.INTERNAL
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="clawc-error-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(f"clawc {__version__}, Python {sys.version}\n\n{text}")
        where = f"please report it with {file.name}"
    except OSError as error:
        where = f"its report cannot be written: {error.strerror}; `clawc --debug` shows it"
    print(f"clawc: internal error; {where}", file=sys.stderr)
    return exits.INTERNAL
