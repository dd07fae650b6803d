"""`clawc train`: what trains models, and what looks at trainings; `clawc eval`, which says what that was good for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawc.cli_options import Format, Image, Sandbox

app = typer.Typer(
    name="train", no_args_is_help=True, rich_markup_mode=None,
    help="Train models on what runs and tasks teach; look at trainings; export what was trained.",
)  # fmt: skip
_Training = Annotated[Path, typer.Argument(help="folder of a training", metavar="DIR")]
_Model = Annotated[
    Path,
    typer.Option(
        "--model", "-m", help="the model to train: a folder as transformers saves it, or of a training; or smollm2"
    ),
]


@app.command("sft")
def sft_verb(
    paths: Annotated[
        list[Path],
        typer.Argument(help="run folders, folders of bundles, and files of trajectories or rows", metavar="RUN..."),
    ],
    model: _Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="folder for the model, metrics and checkpoints")],
    agent: Annotated[
        Path | None,
        typer.Option("--agent", "-a", help="settings of `loop` that bundles teach, and whose tools trajectories have"),
    ] = None,
    rendered: Annotated[
        bool, typer.Option("--rendered", help="render what was said in runs whose tokens were not captured")
    ] = False,
    held_out: Annotated[
        list[Path] | None,
        typer.Option("--held-out", help="as RUN, for the loss before and after; may be repeated", metavar="RUN"),
    ] = None,
    lora: Annotated[int, typer.Option(min=0, max=1024, help="rank of an adapter; 0 trains all weights")] = 0,
    epochs: Annotated[float, typer.Option(min=0.001, help="passes over the rows")] = 1.0,
    steps: Annotated[int, typer.Option(min=0, help="steps instead of epochs")] = 0,
    batch: Annotated[int, typer.Option(min=1, help="rows of a step")] = 16,
    at_once: Annotated[int, typer.Option(min=1, help="rows of one pass of one process")] = 4,
    rate: Annotated[float, typer.Option(min=0, help="learning rate")] = 1e-4,
    max_tokens: Annotated[int, typer.Option(min=1, help="leave out longer rows")] = 8192,
    cut: Annotated[bool, typer.Option("--cut", help="end longer rows with the last answer that fits")] = False,
    min_score: Annotated[float | None, typer.Option(min=0, max=1, help="the least score of an episode")] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="outcomes to take, or `all`; may be repeated; ok unless given", metavar="NAME"),
    ] = None,
    save_every: Annotated[int, typer.Option(min=0, help="steps between checkpoints")] = 0,
    eval_every: Annotated[int, typer.Option(min=0, help="steps between looks at the held-out rows")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="go on from the last checkpoint")] = False,
    dtype: Annotated[str, typer.Option(help="bfloat16 or float32")] = "bfloat16",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="of the order of rows")] = 0,
    opaque: Annotated[bool, typer.Option("--opaque", help="also tasks whose verifier nobody has proved")] = False,
    compile: Annotated[bool, typer.Option("--compile", help="compile the layers first: faster steps on a GPU")] = False,
    launch: Annotated[
        str,
        typer.Option(
            help="train in several processes: one, several, fsdp, or a file of `accelerate config`", metavar="CONFIG"
        ),
    ] = "",
    processes: Annotated[int | None, typer.Option(min=1, max=1024, help="of `--launch`, instead of its file's")] = None,
    track: Annotated[
        list[str] | None, typer.Option(help="also tell tensorboard or wandb; may be repeated", metavar="NAME")
    ] = None,
) -> None:
    """Supervised fine-tuning on what was captured in runs, on solutions of bundles, and on trajectories of others."""
    from clawc.commands.train import TrainOptions, sft_command

    options = TrainOptions(
        model=model, out=out, agent=agent, rendered=rendered, held_out=tuple(held_out or ()), lora=lora, epochs=epochs, steps=steps,
        batch=batch, at_once=at_once, rate=rate, max_tokens=max_tokens, cut=cut, min_score=min_score, outcomes=tuple(outcome or ()),
        save_every=save_every, eval_every=eval_every, resume=resume, dtype=dtype, device=device, seed=seed, opaque=opaque,
        compiled=compile, launch=launch, processes=processes, trackers=tuple(track or ()),
    )  # fmt: skip
    raise typer.Exit(sft_command(paths, options))


@app.command("grpo")
def grpo_verb(
    suite: Annotated[
        list[Path], typer.Argument(help="`.claw` files, bundles, or folders with them", metavar="SUITE...")
    ],
    model: _Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="folder for the model, runs, metrics and checkpoints")],
    agent: Annotated[
        str, typer.Option("--agent", "-a", help="loop, pi or openclaw (with :FILE), or command:FILE")
    ] = "loop",
    loss: Annotated[str, typer.Option(help="grpo, dr_grpo, dapo or gspo")] = "dapo",
    steps: Annotated[int, typer.Option(min=1, help="updates of the weights")] = 100,
    group: Annotated[int, typer.Option("--group", "-n", min=2, help="episodes of a task in a step")] = 8,
    tasks: Annotated[int, typer.Option(min=1, help="tasks of a step that teach something")] = 8,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, max=256, help="episodes at once")] = 16,
    rate: Annotated[float, typer.Option(min=0, help="learning rate")] = 1e-6,
    warmup: Annotated[int, typer.Option(min=0, help="steps in which the rate rises to it")] = 0,
    lora: Annotated[int, typer.Option(min=0, max=1024, help="rank of an adapter; 0 trains all weights")] = 0,
    clip_low: Annotated[
        float | None, typer.Option(min=0, max=1, help="how far a ratio may fall; 0.2, gspo 0.0003")
    ] = None,
    clip_high: Annotated[float | None, typer.Option(min=0, help="how far a ratio may rise; 0.28, gspo 0.0004")] = None,
    beta: Annotated[float, typer.Option(min=0, help="weight of the divergence from the model of the beginning")] = 0.0,
    entropy: Annotated[float, typer.Option(min=0, help="weight of entropy")] = 0.0,
    temperature: Annotated[float, typer.Option(min=0.01, max=2.0, help="of the sampling")] = 1.0,
    max_tokens: Annotated[int, typer.Option(min=1, help="the most that one answer may have")] = 1024,
    longest: Annotated[int, typer.Option(min=1, help="tokens of a row; longer ones are left out")] = 8192,
    pass_tokens: Annotated[int, typer.Option(min=1, help="tokens of a pass of the trainer")] = 16_384,
    refills: Annotated[
        int, typer.Option(min=0, max=63, help="times a step plays other tasks for groups that teach nothing")
    ] = 2,
    patience: Annotated[int, typer.Option(min=1, help="steps in a row without one that does, after which it ends")] = 5,
    updates: Annotated[int, typer.Option(min=1, help="updates out of the rows of a step")] = 1,
    staleness: Annotated[int, typer.Option(min=0, max=16, help="steps that the weights that play may be behind")] = 0,
    parse_penalty: Annotated[float, typer.Option(min=0, help="taken for the share of answers that are no call")] = 0.0,
    overlong_penalty: Annotated[float, typer.Option(min=0, help="taken for rows near `--longest`")] = 0.0,
    uniform: Annotated[
        bool, typer.Option("--uniform", help="pick all tasks alike, not by how often they are solved")
    ] = False,
    save_every: Annotated[int, typer.Option(min=1, help="steps between checkpoints")] = 10,
    resume: Annotated[bool, typer.Option("--resume", help="go on from the last checkpoint")] = False,
    dtype: Annotated[str, typer.Option(help="bfloat16 or float32")] = "bfloat16",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="of tasks and of what is drawn")] = 0,
    graphs: Annotated[bool, typer.Option("--graphs", help="capture passes of the engine as CUDA graphs")] = False,
    gap: Annotated[
        float, typer.Option(min=0, help="how far engine and trainer may be apart; 0: as the numbers allow")
    ] = 0.0,
    held_out: Annotated[
        list[Path] | None,
        typer.Option("--held-out", help="as SUITE: played, and not trained on; may be repeated", metavar="SUITE"),
    ] = None,
    eval_every: Annotated[
        int, typer.Option(min=0, help="steps between plays of what is held out; 10 if there is any")
    ] = 0,
    served: Annotated[
        str,
        typer.Option(
            help="server that plays, instead of a model of this machine: vllm:URL or sglang:URL", metavar="KIND:URL"
        ),
    ] = "",
    served_out: Annotated[
        str, typer.Option("--served-out", help="where that server finds `--out`, if elsewhere", metavar="PATH")
    ] = "",
    launch: Annotated[
        str,
        typer.Option(
            help="train in several processes: several, fsdp, or a file of `accelerate config`", metavar="CONFIG"
        ),
    ] = "",
    processes: Annotated[int | None, typer.Option(min=1, max=1024, help="of `--launch`, instead of its file's")] = None,
    sandbox: Sandbox = "bubblewrap",
    image: Image = "",
    cluster: Annotated[
        str, typer.Option(help="play on a cluster of Ray: `auto`, or `host:port` of its head", metavar="ADDRESS")
    ] = "",
) -> None:
    """Reinforcement learning: groups of episodes in sandboxes, rewarded by the checkers of their tasks."""
    from clawc.commands.train_grpo import GrpoOptions, grpo_command

    options = GrpoOptions(
        model=model, out=out, agent=agent, loss=loss, steps=steps, group=group, tasks=tasks, jobs=jobs, rate=rate, warmup=warmup, lora=lora,
        clip_low=clip_low, clip_high=clip_high, beta=beta, entropy=entropy, temperature=temperature, max_tokens=max_tokens,
        longest=longest, pass_tokens=pass_tokens, refills=refills, patience=patience, updates=updates, staleness=staleness,
        parse_penalty=parse_penalty, overlong_penalty=overlong_penalty, uniform=uniform, save_every=save_every, resume=resume,
        dtype=dtype, device=device, seed=seed, graphs=graphs, gap=gap, held_out=tuple(held_out or ()), eval_every=eval_every,
        served=served, served_out=served_out, launch=launch, processes=processes, sandbox=sandbox, image=image, cluster=cluster,
    )  # fmt: skip
    raise typer.Exit(grpo_command(suite, options))


@app.command("watch")
def watch_verb(
    folder: _Training,
    once: Annotated[bool, typer.Option("--once", help="say how far it is, and end")] = False,
) -> None:
    """Look on while a training goes on elsewhere; ends when it does."""
    from clawc.commands.train_watch import watch_command

    raise typer.Exit(watch_command(folder, once))


@app.command("plot")
def plot_verb(
    folders: Annotated[list[Path], typer.Argument(help="folders of trainings", metavar="DIR...")],
    out: Annotated[Path, typer.Option("--out", "-o", help="file to write: .svg, .png or .pdf")],
) -> None:
    """Draw the curves of trainings, over each other."""
    from clawc.commands.train_watch import plot_command

    raise typer.Exit(plot_command(folders, out))


@app.command("export")
def export_verb(
    folder: _Training,
    to: Annotated[Path, typer.Option("--out", "-o", help="folder to write, which must be new or empty")],
    form: Annotated[str, typer.Option(help="merged: all weights; adapter: what was trained with --lora")] = "merged",
    base: Annotated[
        Path | None, typer.Option(help="where the base model is, unless it is where it was", metavar="FOLDER")
    ] = None,
    dtype: Annotated[str, typer.Option(help="bfloat16 or float32, of merged weights")] = "bfloat16",
    score: Annotated[
        list[Path] | None, typer.Option(help="a run whose scores the card tells; may be repeated", metavar="RUN")
    ] = None,
) -> None:
    """Write what was trained as a folder for other programs, with a card that says of what it is made."""
    from clawc.commands.train_export import export_command

    raise typer.Exit(export_command(folder, to, form, base, dtype, score or []))


def eval_verb(
    model: Annotated[
        str, typer.Argument(help="folder of a training or of a model, or a model as of `run`", metavar="MODEL")
    ],
    suite: Annotated[
        list[Path], typer.Argument(help="`.claw` files, bundles, or folders with them", metavar="SUITE...")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder for the runs and `eval.json`; goes on if interrupted")
    ],
    before: Annotated[
        str,
        typer.Option(
            help="model to compare with; the base of a training unless given; `none` for none", metavar="MODEL"
        ),
    ] = "",
    agent: Annotated[str, typer.Option("--agent", "-a", help="as of `run`")] = "loop",
    episodes: Annotated[int, typer.Option("-n", min=1, max=100_000, help="episodes for each task")] = 1,
    jobs: Annotated[int | None, typer.Option("-j", "--jobs", min=1, max=256, help="episodes at once")] = None,
    seed: Annotated[int, typer.Option(min=0, help="what the seeds of episodes are made from")] = 0,
    temperature: Annotated[float, typer.Option(min=0.0, max=2.0, help="0 draws greedily")] = 0.0,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="the most that one answer may have")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, bfloat16 or float32")] = "auto",
    graphs: Annotated[bool, typer.Option("--graphs", help="capture passes as CUDA graphs")] = False,
    format: Format = "text",
    sandbox: Sandbox = "bubblewrap",
    image: Image = "",
    fail_under: Annotated[float | None, typer.Option(min=0, max=1, help="exit 1 if the mean score is below")] = None,
) -> None:
    """Play a suite with a model, and with the one that it was trained from; say what changed, and where."""
    from clawc.commands.evaluate import EvalOptions, eval_command

    options = EvalOptions(
        out=out, before=before, agent=agent, episodes=episodes, jobs=jobs, seed=seed, temperature=temperature, max_tokens=max_tokens,
        device=device, dtype=dtype, graphs=graphs, format=format, sandbox=sandbox, image=image, fail_under=fail_under,
    )  # fmt: skip
    raise typer.Exit(eval_command(model, suite, options))
