"""From an agent's name on a command line to its harness."""

from __future__ import annotations

from pathlib import Path

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.interface import Harness
from clawc.runtime.harness.null import Null
from clawc.runtime.harness.oracle import Oracle
from clawc.runtime.harness.scripted import Scripted


def harness_named(name: str) -> Harness:
    """`oracle`, `null` or `scripted:FILE`; raises RuntimeFault R0403 for another name."""
    if name == "oracle":
        return Oracle()
    if name == "null":
        return Null()
    kind, _, file = name.partition(":")
    if kind == "scripted" and file:
        return Scripted(Path(file))
    raise RuntimeFault("R0403", f"unknown agent `{name}`", "Agents are `oracle`, `null` and `scripted:FILE`.")
