"""Verifier cards as text: one line a task, and with details the kill matrix, probes, queries and runs.

No text of a card reaches a terminal as a control sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from clawc.compiler.report import clean
from clawc.spec.card import MutantLine, VerifierCard

_WIDTH = 160


class Row(NamedTuple):
    """A line of the overview."""

    cells: tuple[str, ...]
    clean: bool


def row_of(card: VerifierCard) -> Row:
    """What the overview shows of a card."""
    c = card.counts
    alike = sum(q.status == "same" for q in card.queries)
    cells = (
        _line(card.task), "clean" if card.clean else f"{len(card.reasons)} against",
        *map(str, (c.wrong, c.killed, c.survived, c.equivalent, c.kept, c.rejected, c.open, alike, card.real.runs)),
        f"< {float(card.bound):.1%}",
    )  # fmt: skip
    return Row(cells, card.clean)


def overview(cards: Sequence[Row]) -> str:
    """One row a task, and a line of totals where there are several."""
    rows: list[Sequence[str]] = [
        ("task", "card", "wrong", "caught", "accepted", "equal", "kept", "rejected", "open", "alike", "real", "bound")
    ]
    rows += [row.cells for row in cards]
    text = _table(rows, left=2)
    if len(cards) > 1:
        text += f"\n{sum(row.clean for row in cards)} of {len(cards)} cards are clean\n"
    return text


def details(card: VerifierCard) -> str:
    """Everything that the card says, but for findings."""
    parts = [
        f"{_line(card.task)}: {_line(card.title)}\n", _key(card), _reasons(card), _probes(card), _matrix(card), _away(card),
        _evidence(card), _open(card), _queries(card), _real(card), _instance(card),
    ]  # fmt: skip
    return "\n".join(part for part in parts if part)


def _key(card: VerifierCard) -> str:
    key = card.key
    signed = "" if card.signature is None else f"  signed by {card.signature.key}\n"
    return (
        f"  bundle {key.bundle[:16]}, compiler {_line(key.compiler)}, library {key.library_sha256[:12]}, "
        f"operators {key.operators_sha256[:12]}, level {key.level}\n{signed}"
        f"  oracle: {card.oracle}, {card.oracle_score}; independent solutions: {card.independent}\n"
    )


def _reasons(card: VerifierCard) -> str:
    return _titled("what speaks against it", (_line(r) for r in card.reasons))


def _probes(card: VerifierCard) -> str:
    return _titled("answers without content", (
        f"{'ok ' if p.good else 'NOT'}  {p.score:<8}  {_line(p.name)}" + (f"  passes {_line(', '.join(p.passed))}" if p.passed else "")
        for p in card.probes
    ))  # fmt: skip


def _matrix(card: VerifierCard) -> str:
    """Operators by checks; those of which something got away come first."""
    if not card.matrix:
        return ""
    checks = list(dict.fromkeys(line.check for line in card.matrix))
    cells = {(line.operator, line.check): line for line in card.matrix}
    short = {line.operator for line in card.matrix if line.caught < line.met} | {m.operator for m in card.survivors}
    rows: list[Sequence[str]] = [("", *(str(n) for n, _ in enumerate(checks, 1)))]
    for operator in sorted({line.operator for line in card.matrix}, key=lambda o: (o not in short, o)):
        found = (cells.get((operator, check)) for check in checks)
        rows.append((_line(operator), *("." if c is None else f"{c.caught}/{c.met}" for c in found)))
    names = (f"{n}: {_line(check)}" for n, check in enumerate(checks, 1))
    table = "".join(f"    {line}\n" for line in _table(rows, left=1).splitlines())
    return _titled("caught of met, by operator and check", names) + table


def _away(card: VerifierCard) -> str:
    """Survivors and rejected ones by what they are; findings show how they differ from the oracle's files."""
    accepted, rejected = card.counts.survived, card.counts.rejected
    return (
        _titled(f"{accepted} wrong answers are accepted", map(_mutant, card.survivors))
        + _titled(f"{rejected} equal answers are rejected", map(_mutant, card.rejected))
    )  # fmt: skip


def _mutant(m: MutantLine) -> str:
    where = ", ".join(filter(None, (_line(m.operator), _line(m.deliverable))))
    return f"{_line(m.what)} ({where})" + (f", loses {_line(', '.join(m.lost))}" if m.lost else "")


def _evidence(card: VerifierCard) -> str:
    return _titled("less evidence than usual", (
        f"{_line(e.check)}: {e.wrong} wrong, {e.operators} operators, {e.equivalent} equal: {_line(e.why)}"
        for e in card.evidence if e.why
    ))  # fmt: skip


def _open(card: VerifierCard) -> str:
    return _titled("left open", (f"{number}: {_line(why)}" for why, number in sorted(card.open.items())))


def _queries(card: VerifierCard) -> str:
    if not card.queries:
        return ""
    same = [q for q in card.queries if q.status == "same"]
    changed = sum(q.status == "changed" for q in card.queries)
    lines = (
        f"line {q.line}: {_line(q.before)} or {_line(q.after) or 'without it'}"
        + (f"; {_line(q.help)}" if q.help else "")
        for q in same
    )
    head = f"{changed} changed queries give another answer, {len(same)} the same"
    return _titled(head, lines) or f"  {head}\n"


def _real(card: VerifierCard) -> str:
    real = card.real
    if not real.runs:
        return "  the emitted checker was not run\n"
    agree = sum(e.same for e in real.environments)
    environments = f", {agree} of {len(real.environments)} environments agree" if real.environments else ""
    tampered = f", {real.tampered} disturbed workspaces, {len(real.credited)} with credit" if real.tampered else ""
    head = f"  {real.runs} runs of the emitted checker, {len(real.disagreed)} disagree{tampered}{environments}\n"
    return head + "".join(f"    {_line(text)}\n" for text in (*real.disagreed, *real.credited))


def _instance(card: VerifierCard) -> str:
    i = card.instance
    if i is None:
        return ""
    others = f"; the answers of {i.others} other seeds were tried, {i.accepted_foreign} passed" if i.others else ""
    return f"  instance of seed {i.seed}, admitted at draw {i.draws}{others}\n"


def _titled(head: str, lines: Iterable[str]) -> str:
    """Lines under a head; nothing where there is no line."""
    body = "".join(f"    {line}\n" for line in lines)
    return f"  {head}\n{body}" if body else ""


def _table(rows: Sequence[Sequence[str]], left: int) -> str:
    """Columns as wide as they must be; all but the first `left` are set to the right."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(w) if n < left else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths))).rstrip()
        + "\n"
        for row in rows
    )


def _line(text: str) -> str:
    """One line of printable characters, cut to 160."""
    text = " ".join(text.split()) if len(text) <= _WIDTH * 4 else text
    return clean((text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…").replace("\t", " "))
