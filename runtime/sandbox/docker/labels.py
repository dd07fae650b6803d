"""The labels and names of our containers: by them a runner knows its own, and a later one those that were left behind."""

from __future__ import annotations

from collections.abc import Mapping

KIND = "clawc.kind"
SANDBOX = "sandbox"
RUNNER = "clawc.runner"
STATE = "clawc.state"
ROLE = "clawc.role"
# What the names of our containers begin with.
NAME = "clawc-sandbox-"


def labels(runner: str, state: str, role: str) -> Mapping[str, str]:
    """`runner` is the name of the runner's state folder, whose path is `state`."""
    return {KIND: SANDBOX, RUNNER: runner, STATE: state, ROLE: role}
