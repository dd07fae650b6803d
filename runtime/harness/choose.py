"""From an agent's name on a command line to its harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.imperfect import imperfect_named
from clawc.runtime.harness.interface import Harness
from clawc.runtime.harness.null import Null
from clawc.runtime.harness.oracle import Oracle
from clawc.runtime.harness.scripted import Scripted

if TYPE_CHECKING:
    from clawc.runtime.gateway.choice import ModelChoice


_WITH_MODEL = ("loop", "command", "pi", "openclaw")


def needs_model(name: str) -> bool:
    """Whether the agent of this name speaks to a model."""
    return name.partition(":")[0] in _WITH_MODEL


def harness_named(name: str, model: ModelChoice | None = None) -> Harness:
    """`oracle`, `null`, `imperfect:RATE`, `scripted:FILE`, or with a model `loop`, `pi`, `openclaw`, each also with `:FILE`, and `command:FILE`. Raises
    RuntimeFault R0403 for another name, R0404 and R0405 for settings that are none, R0406 where a model is missing or has no use, R0407
    for an agent that is not installed."""
    kind, _, file = name.partition(":")
    if model is not None and not needs_model(name):
        raise RuntimeFault(
            "R0406", f"the agent `{name}` speaks to no model", "Leave --model out, or take the agent `loop`."
        )
    if name == "oracle":
        return Oracle()
    if name == "null":
        return Null()
    if kind == "imperfect" and file:
        return imperfect_named(file)
    if kind == "scripted" and file:
        return Scripted(Path(file))
    if kind in _WITH_MODEL and (file or name != "command") and not name.endswith(":"):
        if model is None:
            raise RuntimeFault(
                "R0406", f"the agent `{name}` needs a model", "Give one: `--model smollm2`, or a name from claw.toml."
            )
        return _with_model(kind, Path(file) if file else None, model)
    raise RuntimeFault(
        "R0403",
        f"unknown agent `{name}`",
        "Agents are `oracle`, `null`, `imperfect:RATE`, `scripted:FILE`, `loop`, `pi`, `openclaw` (also as in `pi:FILE`) and `command:FILE`.",
    )


def _with_model(kind: str, file: Path | None, model: ModelChoice) -> Harness:
    if kind == "command" and file is not None:
        from clawc.runtime.harness.command import Command

        return Command(file, model)
    from clawc.runtime.harness.settings_file import read_settings

    if kind == "pi":
        from clawc.runtime.harness.pi import Pi, PiSettings

        return Pi(read_settings(file, PiSettings) if file else PiSettings(), model)
    if kind == "openclaw":
        from clawc.runtime.harness.openclaw.agent import OpenClaw
        from clawc.runtime.harness.openclaw.settings import OpenClawSettings

        return OpenClaw(read_settings(file, OpenClawSettings) if file else OpenClawSettings(), model)
    from clawc.runtime.harness.loop.agent import Loop
    from clawc.runtime.harness.loop.settings import LoopSettings, loop_settings

    return Loop(loop_settings(file) if file else LoopSettings(), model)
