"""The answer to a changed query: what the witness would be if the changed conditions were the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from clawc.compiler.adequacy.evaluation import Budget, Values, memo_of
from clawc.compiler.adequacy.mutant import QueryMutant
from clawc.compiler.adequacy.substitute import rebuilt
from clawc.compiler.model import CheckDecl, DeliverDecl, Task
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trial import Trial
from clawc.compiler.pipeline import Compiled
from clawc.compiler.witness.constraints import Demand, demands_of
from clawc.compiler.witness.contents import content
from clawc.compiler.witness.derive import contents_of, events_of
from clawc.spec import core
from clawc.stdlib.checks.sets import pattern_folder
from clawc.stdlib.checks.values import Unmet

Files = dict[str, bytes | None]
# Formats in which nothing is free but what nobody judges.
STRUCTURED = ("csv", "tsv", "json", "jsonl", "yaml", "toml", "ini", "xlsx", "sqlite")


class Answer(NamedTuple):
    """What a changed query asks for: the files of the oracle with others in their place, or why there are none."""

    written: Files | None
    reason: str = ""


def answers(compiled: Compiled, mutant: QueryMutant) -> Files | None:
    """The files of the answer to a changed query, path to bytes (None: deleted); None where none can be derived.

    By the truth of the task the answer is wrong: a value that some check demands is another one in it.
    """
    return answer_of(compiled, mutant).written


def written_by_solution(compiled: Compiled, mutant: QueryMutant) -> Files | None:
    """What the author's solution leaves if the query is the changed one; None where it is the same, or only prose is."""
    task = compiled.task
    if mutant.status != "changed" or not task.writes:
        return None
    values = Values(memo_of(task.context.task), Budget())
    try:
        made = _authored(compiled, mutant, values)
    except (EvaluationFault, Unmet):
        return None
    kinds = {path: d.kind for d in task.delivers for path in d.paths}
    changed = [p for p, data in made.items() if compiled.witness.written.get(p) != data]
    if not any(kinds.get(p) in STRUCTURED for p in changed):
        return None
    return {**compiled.witness.written, **made}


def answer_of(compiled: Compiled, mutant: QueryMutant) -> Answer:
    """As `answers`, with the reason where there is none."""
    if mutant.status != "changed":
        return Answer(None, "the changed query has the same answer" if mutant.status == "same" else mutant.reason)
    if not mutant.sure:
        return Answer(None, "no check compares what is left with a value that changes")
    task = compiled.task
    part = replace(task, checks=[_changed(c, mutant) for c in task.checks])
    affected = {name for name, _, _ in mutant.conditions}
    if mutant.runs:
        return Answer(None, "what a program does is judged by running it")
    values = Values(memo_of(task.context.task), Budget())
    sealer = Sealer(values.state)
    try:
        sealed = {c.name: [sealer.seal(e.core) for e in c.expects] for c in part.checks if c.name in affected}
        written = _written(compiled, sealed, values, affected) | _authored(compiled, mutant, values)
    except (EvaluationFault, Unmet) as problem:
        return Answer(None, str(problem))
    if all(compiled.witness.written.get(path) == data for path, data in written.items()):
        return Answer(None, "the answer is that of the oracle")
    files = {**compiled.witness.written, **written}
    judged = replace(part, checks=[replace(c, after=()) for c in part.checks if c.name in mutant.checks])
    trial = Trial(judged, sealer)
    trial.state = values.state
    verdict = trial.judge(files, events_of(compiled.witness.steps))
    if not all(c["passed"] for c in verdict["checks"]):
        return Answer(None, "from the changed checks no answer can be derived")
    return Answer(files)


def _changed(check: CheckDecl, mutant: QueryMutant) -> CheckDecl:
    """The check with its changed conditions."""
    cores = {place: node for name, place, node in mutant.conditions if name == check.name}
    if not cores:
        return check
    return replace(check, expects=tuple(replace(e, core=cores.get(n, e.core)) for n, e in enumerate(check.expects)))


def _written(compiled: Compiled, sealed: dict[str, list[core.Core]], values: Values, affected: set[str]) -> Files:
    """The contents of the deliverables that the changed checks read. Raises Unmet where one cannot be written."""
    task, trial = compiled.task, compiled.trial
    conditions = [
        (c.name, c.kind != "forbid", node)
        for c in task.checks
        for node in sealed.get(c.name) or [node for _, _, node in trial.sealed[c.name]]
    ]
    demands = demands_of(conditions, values.state).found
    authored = {w.name for w in task.writes}
    read = {name for c in task.checks if c.name in affected for e in c.expects for name in _read_by(e.core)}
    made: Files = {}
    for deliver in task.delivers:
        if deliver.name in read and deliver.name not in authored and not deliver.made_by:
            made |= _contents(task, deliver, [d for d in demands if d.place.deliverable == deliver.name], trial)
    return made


def _authored(compiled: Compiled, mutant: QueryMutant, values: Values) -> Files:
    """What the `solution` writes, where it is built on what was changed. Raises EvaluationFault or Unmet."""
    task = compiled.task
    replaced = {id(node): other for node, other in mutant.replaced}
    made: Files = {}
    for write in task.writes:
        deliver = task.deliver(write.name)
        changed = _with_changes(write.core, replaced, {})
        if deliver is None or changed is write.core:
            continue
        made |= contents_of(task, deliver, values.of(changed), write.span) or {}
    return made


def _with_changes(node: core.Core, replaced: Mapping[int, core.Core], done: dict[int, core.Core]) -> core.Core:
    """The node with others in place of some below it; the same one where none is below."""
    if id(node) in replaced:
        return replaced[id(node)]
    if id(node) not in done:
        parts = {id(c): _with_changes(c, replaced, done) for c in core.children(node)}
        same = all(parts[id(c)] is c for c in core.children(node))
        done[id(node)] = node if same else rebuilt(node, lambda c: parts[id(c)])
    return done[id(node)]


def _read_by(node: core.Core) -> set[str]:
    """The deliverables that a condition reads."""
    found: set[str] = set()
    stack, seen = [node], set[int]()
    while stack:
        at = stack.pop()
        if at.dynamic and id(at) not in seen:
            seen.add(id(at))
            found |= {at.name} if isinstance(at, core.Deliverable) else set()
            stack.extend(core.children(at))
    return found


def _contents(task: Task, deliver: DeliverDecl, demands: list[Demand], trial: Trial) -> Files:
    """The files of one deliverable, as far as its demands say what they hold."""
    title = task.title or deliver.name
    paths: dict[str, list[Demand]] = {}
    gone: Files = {}
    if deliver.shape == "file":
        paths[deliver.path] = demands
    elif deliver.shape == "family":
        for key, path in deliver.members:
            paths[path] = [d for d in demands if d.place.key == (key[0] if len(key) == 1 else key)]
    else:
        folder = pattern_folder(deliver.path)
        prefix = folder + "/" if folder else ""
        base = {p.removeprefix(prefix) for p in trial.pristine if deliver.edits and p.startswith(prefix)}
        names = next((list(d.value) for d in demands if d.kind == "names"), None)
        keys = {str(d.place.key): None for d in demands if d.place.key is not None}
        for key in [*keys, *(n for n in names or () if n not in keys and n not in base)]:
            paths[prefix + key] = [d for d in demands if d.place.key == key]
        gone = {prefix + name: None for name in sorted(base - set(names))} if names is not None else {}
    made: Files = {}
    for path, own in paths.items():
        data = content(deliver, own, title, trial.pristine.get(path) if deliver.edits else None)
        if data is not None:
            made[path] = data
    return made | gone
