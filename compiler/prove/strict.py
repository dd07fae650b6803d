"""The checks of a task without their tolerances."""

from __future__ import annotations

import copy

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
    if isinstance(node, core.LetRef):
        return core.LetRef(node.name, _exact(node.value, done), node.type, node.span, node.dynamic, node.free)
    if isinstance(node, core.Call):
        kwargs = {name: _exact(v, done) for name, v in node.kwargs if name != "within"}
        return core.call(node.function, [_exact(a, done) for a in node.args], node.type, node.span, **kwargs)
    if isinstance(node, core.Lambda):
        return core.row_lambda(node.param, _exact(node.body, done))
    if isinstance(node, core.Items):
        return core.items([_exact(i, done) for i in node.items], node.type, node.span, as_tuple=node.tuple)
    if isinstance(node, core.Record):
        return core.record([(_exact(k, done), _exact(v, done)) for k, v in node.entries], node.type, node.span)
    if isinstance(node, core.Logic):
        return core.logic(node.op, [_exact(o, done) for o in node.operands], node.type, node.span)
    return node
