"""Verifier cards as text: one line a task, and with details the kill matrix, probes, queries and runs."""

from __future__ import annotations

from collections.abc import Sequence

from clawc.compiler.report import clean
from clawc.spec.card import VerifierCard

_WIDTH = 60


def overview(cards: Sequence[VerifierCard]) -> str:
    """One row a task."""
    rows = [("task", "card", "wrong", "caught", "equivalent", "kept", "real", "bound")]
    for card in cards:
        c = card.counts
        rows.append((
            clean(card.task), "clean" if card.clean else f"{len(card.reasons)} against", str(c.wrong), str(c.killed), str(c.equivalent),
            str(c.kept), str(card.real.runs), f"< {float(card.bound):.1%}",
        ))  # fmt: skip
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() + "\n" for row in rows)


def details(card: VerifierCard) -> str:
    """Everything that the card says, but for findings."""
    parts = [
        f"{clean(card.task)}: {clean(card.title)}\n",
        _key(card),
        _probes(card),
        _matrix(card),
        _evidence(card),
        _queries(card),
        _real(card),
    ]
    return "\n".join(part for part in parts if part)


def _key(card: VerifierCard) -> str:
    key = card.key
    return (
        f"  bundle {key.bundle[:16]}, compiler {key.compiler}, library {key.library_sha256[:12]}, operators {key.operators_sha256[:12]}, "
        f"level {key.level}\n  oracle: {card.oracle}, {card.oracle_score}; independent solutions: {card.independent}\n"
    )  # fmt: skip


def _probes(card: VerifierCard) -> str:
    lines = [
        f"  {'ok ' if p.good else 'NOT'}  {p.score:<8}  {clean(p.name)}"
        + (f"  passes {', '.join(p.passed)}" if p.passed else "")
        for p in card.probes
    ]
    return "  answers without content\n" + "\n".join(lines) + "\n"


def _matrix(card: VerifierCard) -> str:
    if not card.matrix:
        return ""
    checks = list(dict.fromkeys(line.check for line in card.matrix))
    operators = sorted({line.operator for line in card.matrix})
    cells = {(line.check, line.operator): f"{line.caught}/{line.met}" for line in card.matrix}
    width = max(map(len, operators))
    head = " " * (width + 4) + "  ".join(f"{n + 1:>5}" for n in range(len(checks)))
    rows = [f"    {o.ljust(width)}" + "  ".join(f"{cells.get((c, o), '.'):>5}" for c in checks) for o in operators]
    names = [f"    {n + 1}: {clean(c)}" for n, c in enumerate(checks)]
    return "  caught of met, by operator and check\n" + "\n".join([*names, head, *rows]) + "\n"


def _evidence(card: VerifierCard) -> str:
    thin = [
        f"    {clean(e.check)}: {e.wrong} wrong, {e.operators} operators, {e.equivalent} equivalent: {clean(e.why)}"
        for e in card.evidence
        if e.why
    ]
    return "  less evidence than usual\n" + "\n".join(thin) + "\n" if thin else ""


def _queries(card: VerifierCard) -> str:
    same = [q for q in card.queries if q.status == "same"]
    changed = sum(q.status == "changed" for q in card.queries)
    if not card.queries:
        return ""
    lines = [
        f"    line {q.line}: {clean(q.before)} or {clean(q.after) or 'without it'}"
        + (f"; {clean(q.help)}" if q.help else "")
        for q in same
    ]
    return f"  {changed} changed queries give another answer, {len(same)} the same\n" + "".join(
        f"{line}\n" for line in lines
    )


def _real(card: VerifierCard) -> str:
    real = card.real
    if not real.runs:
        return "  the emitted checker was not run\n"
    environments = (
        f", {sum(e.same for e in real.environments)} of {len(real.environments)} environments agree"
        if real.environments
        else ""
    )
    tampered = f", {real.tampered} disturbed workspaces, {len(real.credited)} with credit" if real.tampered else ""
    return f"  {real.runs} runs of the emitted checker, {len(real.disagreed)} disagree{tampered}{environments}\n"
