"""The proof of the tasks of a text, said as it is made: what is tried, what becomes of each mutant, and the card.

It runs in a child that is bounded, as that of `clawc test` does; what a sandbox has to judge is handed to the server. Once
that is done the proof is concluded anew from what programs did, where checks run any.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clawc.compiler.finding import finding
from clawc.compiler.passes.allow import split
from clawc.compiler.passes.evaluate import EvaluationFault
from clawc.compiler.pipeline import Checked, Compiled, build, check
from clawc.compiler.prove.card import card_of, opaque_card
from clawc.compiler.prove.difference import difference
from clawc.compiler.prove.findings import findings_of
from clawc.compiler.prove.plan import Case, Plan, plan_of, programs_of
from clawc.compiler.prove.proof import Proof, conclude
from clawc.compiler.prove.reseed import foreign_answers
from clawc.runtime.playground.compiled import assets_of, shown
from clawc.runtime.playground.highlight import Utf16
from clawc.runtime.web.shell import seen

Verdicts = list[dict[str, Any] | str | None]
# Seconds between two reports; characters of a difference; tasks of a text; seeds that a template is tried with.
_EVERY_S = 0.1
_DIFFERENCE = 3_000
_TASKS = 20
_SEEDS = 5
# Workspaces that a sandbox judges besides the oracle's and the untouched one, where checks run no programs.
_SAMPLE = 2


def proved(job: Mapping[str, Any]) -> Iterator[object]:
    """Messages `plan`, `judged`, `card` and `laid` of each sound task. `job` is as for a check; its `ran` has the verdicts of a
    sandbox by task, once there are any."""
    checked = check(str(job["path"]), str(job["text"]), assets_of(job))
    if not checked.ok:
        return
    ran: dict[str, Verdicts] | None = job.get("ran")
    for compiled in checked.tasks[:_TASKS]:
        if compiled.task.imported:
            card = opaque_card(compiled, build(compiled).manifest, "admit", 0.0)
            yield {"card": card.model_dump(mode="json"), "task": compiled.task.name, "found": []}
        elif ran is None:
            yield from _proof(job, checked, compiled, None)
        elif compiled.task.name in ran:
            yield from _proof(job, checked, compiled, ran[compiled.task.name])


def _proof(job: Mapping[str, Any], checked: Checked, compiled: Compiled, ran: Verdicts | None) -> Iterator[object]:
    name = compiled.task.name
    plan = plan_of(compiled, "admit")
    if ran is None:
        yield {"task": name, "plan": _plan(plan)}
        verdicts: Verdicts = []
        yield from _judged(plan, verdicts)
    else:
        verdicts = ran
    proof = conclude(plan, verdicts, ran=ran is not None)
    yield {"task": name, "judged": _outcomes(proof), "done": len(verdicts)}
    text = str(job["text"])
    foreign = None
    if compiled.task.drawn:
        foreign = foreign_answers(str(job["path"]), text.encode("utf-8", "replace"), assets_of(job), compiled, _SEEDS)
    said = [*findings_of(proof), *(foreign.findings if foreign is not None else ())]
    kept, allowed = split(said, checked.allowances, checked.source)
    lints = [finding(d) for d in checked.diagnostics if d.code.startswith("W06")]
    found = [finding(d) for d in kept]
    let = [finding(d, reason) for d, reason in allowed]
    bundle = build(compiled)
    card = card_of(proof, bundle.manifest, [*lints, *found], let, foreign, time.process_time() * 1000,
                   foreign.solved if foreign is not None else 0)  # fmt: skip
    wide = Utf16(text)
    yield {"task": name, "card": card.model_dump(mode="json"), "found": [shown(f, wide, job) for f in found]}
    if ran is None:
        files = {path: b64encode(data).decode("ascii") for path, data in bundle.files.items()}
        yield {"task": name, "laid": {"bundle": files, "runs": bool(plan.runs), "cases": _laid(plan, verdicts)}}


def _plan(plan: Plan) -> dict[str, Any]:
    before = plan.oracle.files
    pristine = plan.compiled.trial.pristine
    mutants: list[dict[str, Any]] = []
    for mutant in plan.mutants:
        old = {path: before.get(path, pristine.get(path)) for path in mutant.files}
        mutants.append({
            "operator": mutant.operator, "kind": mutant.kind, "place": seen(mutant.place), "what": seen(mutant.what),
            "deliverable": mutant.deliverable, "difference": seen(difference(old, mutant.files)[:_DIFFERENCE]),
        })  # fmt: skip
    checks = [c.name for c in plan.compiled.task.checks]
    return {"checks": checks, "programs": sorted(plan.runs), "mutants": mutants, "cases": sum(1 for _ in plan.cases())}


def _judged(plan: Plan, verdicts: Verdicts) -> Iterator[object]:
    """Judges all workspaces, and says now and then what is known; the verdicts go into the list."""
    trial = plan.compiled.trial
    trial.remember()
    cases = list(plan.cases())
    before = time.monotonic()
    for case in cases:
        trial.state.steps = 0
        try:
            verdicts.append(trial.judge(case.files, case.events))
        except EvaluationFault as fault:
            verdicts.append(str(fault))
        if time.monotonic() - before > _EVERY_S:
            before = time.monotonic()
            so_far = conclude(plan, [*verdicts, *[None] * (len(cases) - len(verdicts))])
            yield {"task": plan.compiled.task.name, "judged": _outcomes(so_far), "done": len(verdicts)}


def _outcomes(proof: Proof) -> list[list[object]]:
    """Of each mutant that was judged: its number in the plan, its status, and the checks that it lost."""
    numbers = {id(mutant): n for n, mutant in enumerate(proof.plan.mutants)}
    return [[numbers[id(o.mutant)], o.status, sorted(o.lost)] for o in proof.outcomes]


def _laid(plan: Plan, verdicts: Sequence[dict[str, Any] | str | None]) -> list[dict[str, Any]]:
    """The workspaces that a sandbox judges: all where checks run programs, else some, with the verdicts that were given here."""
    cases = list(plan.cases())
    probes = len(plan.probes)
    first = 1 + probes
    mutants = range(first, len(cases))
    some = [0, 1, *list(mutants)[:: max(1, len(mutants) // _SAMPLE)][:_SAMPLE]]
    chosen = range(len(cases)) if plan.runs else [n for n in some if n < len(cases)]
    programs = programs_of(plan.compiled)
    return [
        _case(cases[n], programs if n == 0 or n >= first else [], None if plan.runs else verdicts[n]) for n in chosen
    ]


def _case(case: Case, programs: list[tuple[str, ...]], here: dict[str, Any] | str | None) -> dict[str, Any]:
    files = {path: None if data is None else b64encode(data).decode("ascii") for path, data in case.files.items()}
    return {"files": files, "events": case.events, "programs": programs, "here": here}
