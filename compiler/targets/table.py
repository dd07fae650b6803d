"""The targets by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from clawc.compiler.targets.clawgym import clawgym
from clawc.compiler.targets.export import Target
from clawc.compiler.targets.harbor import harbor
from clawc.compiler.targets.inspect import inspect
from clawc.compiler.targets.jsonl import jsonl
from clawc.compiler.targets.nemo_gym import nemo_gym
from clawc.compiler.targets.openenv import openenv
from clawc.compiler.targets.pinchbench import pinchbench
from clawc.compiler.targets.verifiers import verifiers


class Listed(NamedTuple):
    """`title` names format and version, as the export was tested with."""

    make: Target
    title: str


TARGETS: Mapping[str, Listed] = {
    "harbor": Listed(harbor, "Harbor, task schema 1.4"),
    "inspect": Listed(inspect, "Inspect 0.3"),
    "verifiers": Listed(verifiers, "verifiers 0.4"),
    "nemo-gym": Listed(nemo_gym, "NeMo Gym 0.4"),
    "openenv": Listed(openenv, "OpenEnv 0.10"),
    "clawgym": Listed(clawgym, "ClawGym folders"),
    "pinchbench": Listed(pinchbench, "PinchBench Markdown"),
    "jsonl": Listed(jsonl, "JSON Lines"),
}
