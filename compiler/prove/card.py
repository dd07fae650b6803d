"""A proof as a verifier card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from clawc.compiler.finding import Finding
from clawc.compiler.mutants.operators import operators_sha256
from clawc.compiler.pipeline import Compiled
from clawc.compiler.prove.difference import difference
from clawc.compiler.prove.evidence import evidence_of
from clawc.compiler.prove.plan import Level
from clawc.compiler.prove.proof import Outcome, Proof
from clawc.compiler.prove.reseed import Foreign
from clawc.spec import card as spec
from clawc.spec.bundle import Manifest

MAX_LISTED = 40  # survivors, rejected ones and queries on a card
# Findings that a task can have and still be admitted: they are about its inputs, not about its checker.
ADVICE = ("W0811",)


def key_of(manifest: Manifest, level: Level) -> spec.CardKey:
    """What a card of this bundle is about, here and now."""
    return spec.CardKey(
        bundle=manifest.id, compiler=manifest.provenance.compiler, library_sha256=manifest.provenance.library_sha256,
        operators_sha256=operators_sha256(), level=level,
    )  # fmt: skip


def card_of(proof: Proof, manifest: Manifest, found: Sequence[Finding], allowed: Sequence[Finding],
            foreign: Foreign | None, cpu_ms: float, independent: int = 0) -> spec.VerifierCard:  # fmt: skip
    """The card of a proof; `found` are the findings that stand, `allowed` those that the author allows. `independent`: seeds on
    which a solution passes that knows nothing of the query."""
    outcomes = proof.outcomes
    wrong = [o for o in outcomes if o.mutant.kind == "wrong"]
    survived, rejected = proof.of("survived"), proof.of("rejected")
    against = [f for f in found if f.code not in ADVICE]
    names = ", ".join(f"`{name}`" for name in sorted(proof.plan.runs - proof.known))
    unasked = (f"programs were not run, so that nobody asked {names}",) if names else ()
    killed = sum(1 for o in wrong if o.status == "killed")
    task = proof.plan.compiled.task
    return spec.VerifierCard(
        task=task.name,
        title=task.title[:1000],
        key=key_of(manifest, proof.plan.level),
        clean=not against and not unasked,
        reasons=(*unasked, *(_cut(f"{f.code}: {f.message}", 500) for f in against)),
        oracle=proof.plan.compiled.witness.origin,
        oracle_score=proof.oracle["score_checks"] if proof.known == frozenset(c.name for c in task.checks) else "0" if not proof.oracle_passes else "1",
        counts=spec.Counts(
            wrong=len(wrong), killed=killed, survived=len(survived), equivalent=len(outcomes) - len(wrong),
            kept=len(proof.of("kept")), rejected=len(rejected), open=len(proof.of("open")),
        ),
        bound=_bound(killed + len(survived), len(survived)),
        probes=tuple(
            spec.ProbeLine(name=p.probe.name, score=p.score, passed=p.passed, good=p.good) for p in proof.probed
        ),
        matrix=tuple(
            spec.MatrixLine(check=check, operator=operator, caught=caught, met=met)
            for check, row in proof.matrix().items() for operator, (caught, met) in sorted(row.items())
        ),
        evidence=tuple(
            spec.EvidenceLine(check=c, wrong=e.wrong, operators=e.operators, equivalent=e.equivalent, why=e.why)
            for c, e in evidence_of(proof).items()
        ),
        survivors=tuple(_line(proof, o) for o in survived[:MAX_LISTED]),
        rejected=tuple(_line(proof, o) for o in rejected[:MAX_LISTED]),
        open=dict(sorted(Counter(_reason(o) for o in proof.of("open")).items())),
        queries=_queries(proof),
        findings=tuple(_finding(f) for f in [*found, *allowed]),
        instance=_instance(proof, foreign),
        independent=independent,
        cpu_ms=round(cpu_ms, 1),
    )  # fmt: skip


def opaque_card(compiled: Compiled, manifest: Manifest, level: Level, cpu_ms: float) -> spec.VerifierCard:
    """The card of a verifier that is kept as its authors wrote it. It may be run and reported; nothing about it is proved."""
    task = compiled.task
    why = f"opaque: it is kept as `{_cut(task.imported, 200)}` scores it, so what it accepts is neither derived nor proved"
    none = spec.Counts(wrong=0, killed=0, survived=0, equivalent=0, kept=0, rejected=0, open=0)
    return spec.VerifierCard(
        task=task.name, title=task.title[:1000], key=key_of(manifest, level), clean=False, reasons=(why,), kind="opaque",
        oracle=compiled.witness.origin, oracle_score="0", counts=none, bound="1", probes=(), matrix=(), evidence=(),
        cpu_ms=round(cpu_ms, 1),
    )  # fmt: skip


def _instance(proof: Proof, foreign: Foreign | None) -> spec.Instance | None:
    task = proof.plan.compiled.task
    if not task.drawn:
        return None
    tried, accepted = (foreign.tried, foreign.accepted) if foreign is not None else (0, 0)
    return spec.Instance(seed=task.seed, draws=task.draws, others=tried, accepted_foreign=accepted)


def _bound(n: int, survived: int) -> str:
    """The 95 % upper bound of the share accepted: 3 / n without a survivor (rule of three), else that of Wilson."""
    if n == 0:
        return "1"
    if survived == 0:
        return _share(min(Decimal(1), Decimal(3) / n))
    z, p = Decimal("1.96"), Decimal(survived) / n
    top = p + z * z / (2 * n) + z * ((p * (1 - p) + z * z / (4 * n)) / n).sqrt()
    return _share(min(Decimal(1), top / (1 + z * z / n)))


def _share(value: Decimal) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return text or "0"


def _line(proof: Proof, o: Outcome) -> spec.MutantLine:
    pristine = proof.plan.compiled.trial.pristine
    before = {p: proof.plan.oracle.files.get(p, pristine.get(p)) for p in o.mutant.files}
    return spec.MutantLine(
        operator=o.mutant.operator, kind=o.mutant.kind, deliverable=o.mutant.deliverable, place=_cut(o.mutant.place, 300),
        what=_cut(o.mutant.what, 500), lost=tuple(sorted(o.lost)), difference=_cut(difference(before, o.mutant.files), 4_000),
    )  # fmt: skip


def _queries(proof: Proof) -> tuple[spec.QueryLine, ...]:
    made: list[spec.QueryLine] = []
    for q in proof.plan.queries:
        if q.status in ("changed", "same", "fault"):
            line = q.source.position(q.span.start)[0]
            row = "" if q.row is None else f"{q.row.what}: {', '.join(q.row.rows)} in {q.row.path}"
            made.append(
                spec.QueryLine(
                    operator=q.operator, before=_cut(q.before, 300), after=_cut(q.after, 300), line=line, status=q.status,
                    help=_cut(row, 1000),
                )
            )  # fmt: skip
    return tuple(sorted(made, key=lambda q: (q.status != "same", q.line))[: MAX_LISTED * 2])


def _reason(o: Outcome) -> str:
    kind = "a change of content" if o.mutant.kind == "wrong" else "a change of form"
    return f"{kind} that the checks leave open"


def _finding(f: Finding) -> spec.FindingLine:
    return spec.FindingLine(code=f.code, message=_cut(f.message, 1_000), path=_cut(f.path, 1_000), line=f.start.line, column=f.start.column,
                            help=_cut(f.help, 4_000), allowed=_cut(f.reason, 1_000))  # fmt: skip


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
