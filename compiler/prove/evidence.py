"""How much a proof rests on: mutants for each check, and the share of those that apply."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from clawc.compiler.model import CheckDecl
from clawc.compiler.prove.proof import Proof
from clawc.compiler.source import Diagnostic
from clawc.spec import core

LEAST_APPLIED = Decimal("0.8")
LEAST_WRONG = 5
LEAST_OPERATORS = 4
LEAST_EQUIVALENT = 3


class Evidence(NamedTuple):
    """Of one check: wrong mutants that it caught, by how many operators, equivalent ones that it kept; `why` it has fewer than
    it should, or ""."""

    wrong: int
    operators: int
    equivalent: int
    why: str

    @property
    def enough(self) -> bool:
        return self.wrong >= LEAST_WRONG and self.operators >= LEAST_OPERATORS and self.equivalent >= LEAST_EQUIVALENT


def evidence_of(proof: Proof) -> dict[str, Evidence]:
    """The evidence for each check that was judged."""
    found: dict[str, Evidence] = {}
    equivalent = sum(1 for o in proof.outcomes if o.status == "kept")
    for check in proof.plan.compiled.task.checks:
        if check.name not in proof.known:
            continue
        caught = [o for o in proof.outcomes if o.mutant.kind == "wrong" and check.name in o.lost]
        made = Evidence(len(caught), len({o.mutant.operator for o in caught}), equivalent, "")
        found[check.name] = made if made.enough else made._replace(why=_why(check, made))
    return found


def _why(check: CheckDecl, made: Evidence) -> str:
    nodes = [n for e in check.expects for n in core.walk(e.core)]
    if check.kind != "check":
        return f"a `{check.kind}` is broken in few ways"
    if not any(isinstance(n, core.Deliverable) for n in nodes):
        return "it reads no deliverable"
    if any(isinstance(n, core.Run) for n in nodes):
        return "it judges what a program does, and programs have few mutants that are surely wrong"
    names = {n.name for n in nodes if isinstance(n, core.Deliverable)}
    if made.wrong and made.operators >= 2:
        return f"what it reads of {', '.join(f'`{n}`' for n in sorted(names))} leaves room for few mutants"
    return ""


def weak_evidence(proof: Proof) -> Iterator[Diagnostic]:
    """Checks with too little evidence and no reason for it, and a task most of whose mutants say nothing."""
    task = proof.plan.compiled.task
    for check in task.checks:
        evidence = evidence_of(proof).get(check.name)
        if evidence is not None and evidence.wrong and not evidence.enough and not evidence.why:
            yield Diagnostic("W0807", f"only {evidence.wrong} wrong answers fail `{check.name}`, by {evidence.operators} operators",
                             check.home or task.source, check.span, "compare more of what is delivered, or write a `mutant`")  # fmt: skip
    if proof.unjudged:
        yield Diagnostic("W0807", f"{proof.unjudged} workspaces were not judged before the time was up, or got no verdict", task.source, task.span,
                         "programs that end sooner, also on wrong answers, would do")  # fmt: skip
    if proof.complete and proof.applied < LEAST_APPLIED:
        share = int(proof.applied * 100)
        yield Diagnostic("W0807", f"only {share} % of the mutants are known to be right or wrong", task.source, task.span,
                         "the checks leave most of what is delivered open: compare it with what the inputs say")  # fmt: skip
