"""`clawc train grpo`: a model that learns from how well it does, played in sandboxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import stopping, user_errors
from clawc.commands.model_folder import model_folder
from clawc.commands.train_watch import Live
from clawc.compiler.report import clean
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.train.grpo.run import GrpoResult
    from clawc.runtime.train.grpo.settings import GrpoSettings


@dataclass(frozen=True, slots=True)
class GrpoOptions:
    """What the options of the verb say."""

    model: Path
    out: Path
    agent: str = "loop"
    loss: str = "dapo"
    steps: int = 100
    group: int = 8
    tasks: int = 8
    jobs: int = 16
    rate: float = 1e-6
    warmup: int = 0
    lora: int = 0
    clip_low: float | None = None
    clip_high: float | None = None
    beta: float = 0.0
    entropy: float = 0.0
    temperature: float = 1.0
    max_tokens: int = 1024
    longest: int = 8192
    pass_tokens: int = 16_384
    refills: int = 2
    patience: int = 5
    updates: int = 1
    staleness: int = 0
    parse_penalty: float = 0.0
    overlong_penalty: float = 0.0
    uniform: bool = False
    save_every: int = 10
    resume: bool = False
    dtype: str = "bfloat16"
    device: str = "auto"
    seed: int = 0
    graphs: bool = False
    sandbox: str = "bubblewrap"
    image: str = ""
    cluster: str = ""
    gap: float = 0.0
    held_out: tuple[Path, ...] = ()
    launch: str = ""
    processes: int | None = None
    eval_every: int = 0
    served: str = ""
    served_out: str = ""


def grpo_command(suite: Sequence[Path], options: GrpoOptions) -> int:
    settings = settings_of(options)
    if options.processes is not None and not options.launch:
        raise UserError("`--processes` is for `--launch`", "give `--launch several`, too")
    if options.graphs and options.served:
        raise UserError("`--graphs` is for a model of this machine", "leave it out with `--served`")
    live = Live(options.out)

    def told(_: Mapping[str, object]) -> None:
        live.look()

    with user_errors(), stopping():
        from clawc.runtime.sandbox.choose import SandboxChoice
        from clawc.runtime.train.grpo.places import player_of
        from clawc.runtime.train.grpo.run import grpo

        options = replace(options, model=model_folder(options.model))
        bundles = [bundle.path for bundle in bundles_of(suite, options.out / "bundles")]
        held = bundles_of(options.held_out, options.out / "held-bundles") if options.held_out else []
        if options.launch:
            from clawc.runtime.train.grpo.job import job_of, launched

            job = job_of(
                settings, model=str(options.model.resolve()), bundles=[str(path.resolve()) for path in bundles],
                held_out=[str(bundle.path.resolve()) for bundle in held], out=str(options.out.resolve()), agent=options.agent,
                sandbox=options.sandbox, image=options.image, cluster=options.cluster, resume=options.resume,
                graphs=options.graphs,
            )  # fmt: skip
            try:
                return _said(launched(job, options.launch, options.processes, live.look))
            finally:
                live.close()
        player = player_of(SandboxChoice(options.sandbox, options.image), options.cluster, options.out, options.jobs)
        try:
            done = grpo(
                options.model, bundles, options.out, settings, options.agent, player, resume=options.resume, graphs=options.graphs,
                told=told, held_out=[bundle.path for bundle in held],
            )  # fmt: skip
        finally:
            live.close()
    return _said(done)


def _said(done: GrpoResult) -> int:
    print(f"{done.steps} steps in {done.seconds:.1f} s: {done.model}")
    return exits.OK


def settings_of(options: GrpoOptions) -> GrpoSettings:
    from clawc.runtime.train.grpo.losses import Loss, LossSettings
    from clawc.runtime.train.grpo.settings import GrpoSettings, RewardSettings
    from clawc.runtime.train.settings import Lora

    for name, given, known in (
        ("--loss", options.loss, get_args(Loss)),
        ("--dtype", options.dtype, ("float32", "bfloat16")),
        ("--device", options.device, ("auto", "cpu", "cuda")),
    ):
        if given not in known:
            raise UserError(f"`{clean(given)}` is nothing for `{name}`", f"one of {', '.join(known)}")
    loss = cast(Loss, options.loss)
    # A whole row has one ratio with GSPO, which moves little: Zheng et al. 2025, section 5.1.
    low, high = (3e-4, 4e-4) if loss == "gspo" else (0.2, 0.28)
    try:
        return GrpoSettings(
            steps=options.steps, group=options.group, tasks=options.tasks, at_once=options.jobs, refills=options.refills,
            patience=options.patience, updates=options.updates, staleness=options.staleness, learning_rate=options.rate,
            warmup=options.warmup, temperature=options.temperature, max_tokens=options.max_tokens, pass_tokens=options.pass_tokens,
            longest=options.longest,
            loss=LossSettings(
                loss, low if options.clip_low is None else options.clip_low, high if options.clip_high is None else options.clip_high,
                options.beta, options.entropy, length=options.max_tokens,
            ),
            reward=RewardSettings(options.parse_penalty, options.overlong_penalty, options.longest),
            scale="none" if loss == "dr_grpo" else "group", curriculum=not options.uniform,
            dtype=cast(Literal["float32", "bfloat16"], options.dtype), lora=Lora(options.lora, 2 * options.lora) if options.lora else None,
            seed=options.seed, device=cast(Literal["auto", "cpu", "cuda"], options.device), gap=options.gap, save_every=options.save_every,
            eval_every=options.eval_every or (10 if options.held_out else 0), served=options.served, served_out=options.served_out,
        )  # fmt: skip
    except ValueError as error:
        raise UserError(str(error), "see `clawc train grpo --help`") from error
