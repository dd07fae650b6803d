"""From an agent's name on a command line to its harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.interface import Harness
from clawc.runtime.harness.null import Null
from clawc.runtime.harness.oracle import Oracle
from clawc.runtime.harness.scripted import Scripted

if TYPE_CHECKING:
    from clawc.runtime.gateway.choice import ModelChoice


def needs_model(name: str) -> bool:
    """Whether the agent of this name speaks to a model."""
    return name.partition(":")[0] in ("loop", "command")


def harness_named(name: str, model: ModelChoice | None = None) -> Harness:
    """`oracle`, `null`, `scripted:FILE`, or with a model `loop`, `loop:FILE`, `command:FILE`. Raises RuntimeFault R0403 for another name,
    R0404 and R0405 for settings that are none, R0406 where a model is missing or has no use."""
    kind, _, file = name.partition(":")
    if model is not None and not needs_model(name):
        raise RuntimeFault(
            "R0406", f"the agent `{name}` speaks to no model", "Leave --model out, or take the agent `loop`."
        )
    if name == "oracle":
        return Oracle()
    if name == "null":
        return Null()
    if kind == "scripted" and file:
        return Scripted(Path(file))
    if name == "loop" or (kind in ("loop", "command") and file):
        if model is None:
            raise RuntimeFault(
                "R0406", f"the agent `{name}` needs a model", "Give one: `--model smollm2`, or a name from claw.toml."
            )
        if kind == "command":
            from clawc.runtime.harness.command import Command

            return Command(Path(file), model)
        from clawc.runtime.harness.loop.agent import Loop
        from clawc.runtime.harness.loop.settings import LoopSettings, loop_settings

        return Loop(loop_settings(Path(file)) if file else LoopSettings(), model)
    raise RuntimeFault(
        "R0403",
        f"unknown agent `{name}`",
        "Agents are `oracle`, `null`, `scripted:FILE`, `loop`, `loop:FILE` and `command:FILE`.",
    )
