"""From verdicts to a proof: what each mutant lost, which check caught which operator, and what was wrongly paid or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from clawc.compiler.mutants.model import Mutant
from clawc.compiler.prove.plan import Plan
from clawc.compiler.prove.probe import MOST_FREE, Probe
from clawc.compiler.prove.tests import Tested

# `open`: the checks do not say whether the change is one.
Status = Literal["killed", "survived", "kept", "rejected", "open"]
Verdict = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant; `lost` are the checks that passed for the oracle and not for it."""

    mutant: Mutant
    status: Status
    lost: frozenset[str]
    score: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Probed:
    """What an answer earned that earned nothing; `good`: not more than it may."""

    probe: Probe
    score: str
    passed: tuple[str, ...]
    good: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Proof:
    """A plan with its verdicts. `known` are the checks that were judged: without programs, not all. `unjudged` workspaces were
    left when the time was up, or got no verdict."""

    plan: Plan
    oracle: Verdict
    probed: list[Probed]
    outcomes: list[Outcome]
    known: frozenset[str]
    unjudged: int = 0
    tested: tuple[tuple[Tested, Verdict], ...] = ()

    def of(self, *statuses: Status) -> list[Outcome]:
        return [o for o in self.outcomes if o.status in statuses]

    @property
    def oracle_passes(self) -> bool:
        return all(c["passed"] for c in self.oracle["checks"] if c["name"] in self.known)

    def matrix(self) -> dict[str, dict[str, tuple[int, int]]]:
        """For each check and operator: how many wrong mutants it caught, and how many it met. A mutant that was right as far
        as the checks say counts for none."""
        found: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in sorted(self.known)}
        for o in self.outcomes:
            if o.mutant.kind == "wrong" and o.status in ("killed", "survived"):
                for name in (o.lost | o.mutant.targets) & self.known:
                    caught, met = found[name].get(o.mutant.operator, (0, 0))
                    found[name][o.mutant.operator] = (caught + (name in o.lost), met + 1)
        return found

    @property
    def complete(self) -> bool:
        """Was every check judged?"""
        return self.plan.runs <= self.known

    @property
    def applied(self) -> Decimal:
        """The share of mutants of which it is known whether they are right."""
        count = len(self.outcomes)
        return Decimal(count - len(self.of("open"))) / count if count else Decimal(1)


def conclude(plan: Plan, verdicts: Sequence[Verdict | str | None], *, ran: bool = False) -> Proof:
    """The proof of a plan from the verdicts of its cases; `ran`: programs were run. A text stands for a checker that gave no
    verdict, None for a workspace that was not judged; of an oracle that fails, nothing else need be."""
    names = {c.name for c in plan.compiled.task.checks}
    known = frozenset(names if ran else names - plan.runs)
    oracle = verdicts[0] if isinstance(verdicts[0], dict) else _nothing(plan)
    rest = verdicts[1:]
    probed = [_probed(p, v) for p, v in zip(plan.probes, rest) if isinstance(v, dict)]
    mutated = rest[len(plan.probes) :]
    outcomes = [_outcome(plan, m, v, oracle, known) for m, v in zip(plan.mutants, mutated) if isinstance(v, dict)]
    unjudged = sum(not isinstance(v, dict) for v in rest) if len(verdicts) > 1 else 0
    tested = zip(plan.tests, mutated[len(plan.mutants) :]) if ran else ()
    return Proof(
        plan, oracle, probed, outcomes, known, unjudged, tuple((t, v) for t, v in tested if isinstance(v, dict))
    )


def _nothing(plan: Plan) -> Verdict:
    """Stands for the verdict of a checker that gave none."""
    checks: list[dict[str, Any]] = [{"name": c.name, "kind": c.kind, "passed": False, "credit": "0", "message": "the checker gave no verdict", "expects": []}
              for c in plan.compiled.task.checks]  # fmt: skip
    return {"checks": checks, "C": "0", "V": "0", "score_checks": "0"}


def _probed(probe: Probe, verdict: Verdict) -> Probed:
    passed = tuple(c["name"] for c in verdict["checks"] if c["kind"] == "check" and c["passed"])
    most = Decimal(0) if probe.wanted == "null" else Decimal(MOST_FREE)
    # Without the veto: what a check pays must not hang on another one that happens to fail.
    paid = Decimal(verdict["C"])
    return Probed(probe, verdict["C"], passed, paid <= most and not passed, verdict)


def _outcome(plan: Plan, mutant: Mutant, verdict: Verdict, oracle: Verdict, known: frozenset[str]) -> Outcome:
    before = {c["name"]: c["passed"] for c in oracle["checks"]}
    lost = frozenset(
        c["name"] for c in verdict["checks"] if c["name"] in known and before[c["name"]] and not c["passed"]
    )
    if mutant.kind == "equivalent":
        # A program of the workspace may read less than a checker does, and that is not the agent's mistake.
        deliver = plan.compiled.task.deliver(mutant.deliverable)
        read_by_program = lost <= plan.runs and (deliver is None or deliver.kind != "program")
        status: Status = "kept" if not lost else "rejected" if mutant.certain and not read_by_program else "open"
    elif not mutant.certain:
        status = "killed" if lost else "open"
    elif mutant.targets and not mutant.targets & known:
        status = "killed" if lost else "open"  # who would see it was not asked
    else:
        # The answer of another query must lose every check whose value changes with it.
        sought = mutant.targets & known
        if id(mutant) in plan.asked:
            status = "killed" if (sought <= lost if sought else lost) else "survived"
        else:
            found = lost & sought if sought else lost
            # Checks that were not asked may be those that see it.
            status = "killed" if found else "open" if plan.runs - known and not mutant.targets else "survived"
    return Outcome(mutant, status, lost, verdict["score_checks"], verdict)
