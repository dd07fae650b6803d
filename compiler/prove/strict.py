"""The checks of a task without their tolerances."""

from __future__ import annotations

import copy
from dataclasses import replace

from clawc.compiler.adequacy.substitute import rebuilt
from clawc.compiler.passes.trial import Trial
from clawc.spec import core
from clawc.spec.core import Core


def without_tolerance(trial: Trial) -> Trial:
    """A trial that judges by the same conditions, each number exactly."""
    made = copy.copy(trial)
    done: dict[int, Core] = {}
    made.sealed = {
        name: [(line, shown, _exact(node, done)) for line, shown, node in expects]
        for name, expects in trial.sealed.items()
    }
    return made


def _exact(node: Core, done: dict[int, Core]) -> Core:
    if id(node) not in done:
        done[id(node)] = _rebuilt(node, done)
    return done[id(node)]


def _rebuilt(node: Core, done: dict[int, Core]) -> Core:
    if not node.dynamic:
        return node
    made = rebuilt(node, lambda part: _exact(part, done))
    if isinstance(made, core.Call):
        return replace(made, kwargs=tuple((name, value) for name, value in made.kwargs if name != "within"))
    return made
