"""Verifier cards as one HTML page that asks for nothing: styles and scripts stand in it and are allowed by their hashes only.

jinja2 escapes every text, and none keeps control characters or direction marks; only our styles and scripts go in as they are.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import jinja2

from clawc.compiler.report import clean
from clawc.spec.card import FindingLine, MatrixLine, MutantLine, QueryLine, VerifierCard

# Cards that are shown whole, those that are not clean first; the overview has all.
DETAILED = 200
# Lines of a difference, and characters of a line, that are shown.
_LINES = 80
_WIDTH = 600
_HUNK = re.compile(r"@@ -\d")


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of a text: `kind` is add, del, hunk or file in a unified difference, else ""."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """An operator of the kill matrix; a cell is None where the check met none of its mutants. `short`: something got away."""

    operator: str
    cells: tuple[MatrixLine | None, ...]
    short: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One card as the page shows it. `checks` are the columns of the matrix."""

    card: VerifierCard
    key: str
    stands: tuple[FindingLine, ...]
    allowed: tuple[FindingLine, ...]
    got_away: tuple[MutantLine, ...]
    checks: tuple[str, ...]
    matrix: tuple[MatrixRow, ...]
    same: tuple[QueryLine, ...]
    others: tuple[QueryLine, ...]


def as_page(cards: Sequence[VerifierCard], version: str) -> str:
    """The page over some cards; `version` is that of clawc."""
    css = _asset("report", "page.css") + _asset("selftest", "card_page.css")
    scripts = (_asset("report", "page.js"), _asset("selftest", "card_page.js"))
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["shown"] = _one_line
    environment.filters["percent"] = percent
    ordered = sorted(range(len(cards)), key=lambda n: (cards[n].clean, n))
    detailed = sorted(ordered[:DETAILED])
    page = environment.from_string(_asset("selftest", "card_page.html.j2")).render(
        title=_title(cards),
        version=version,
        pieces=pieces,
        policy=(
            f"default-src 'none'; style-src '{_hash(css)}'; script-src {' '.join(repr(_hash(s)) for s in scripts)}; "
            "base-uri 'none'; form-action 'none'"
        ),
        css=css,
        scripts=scripts,
        cards=cards,
        figures=_figures(cards),
        detailed=[shown(cards[n], f"card{n}") for n in detailed],
        linked=set(detailed),
    )
    return page.lstrip() + "\n"


def pieces(text: str) -> list[Piece]:
    """The lines of a text, those of a unified difference with their kind; cut to 80 lines of 600 characters."""
    lines = text.strip("\n").split("\n") if text.strip() else []
    first = next(
        (n for n, line in enumerate(lines) if line.startswith(("--- ", "+++ ")) or _HUNK.match(line)), len(lines)
    )
    found = [Piece(_kind(line) if n >= first else "", clean(_cut(line))) for n, line in enumerate(lines[:_LINES])]
    return found + [Piece("hunk", f"… {len(lines) - _LINES} more lines")] * (len(lines) > _LINES)


def percent(share: str) -> str:
    """A share in decimal digits as a percentage with at most one decimal."""
    return f"{float(share):.1%}".replace(".0%", "%")


def _kind(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return "file"
    if _HUNK.match(line):
        return "hunk"
    return {"+": "add", "-": "del"}.get(line[:1], "")


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _one_line(text: str) -> str:
    return clean(_cut(text.replace("\t", " ").replace("\n", " ")))


def _title(cards: Sequence[VerifierCard]) -> str:
    return f"Verifier card of {cards[0].task}" if len(cards) == 1 else f"{len(cards)} verifier cards"


def _figures(cards: Sequence[VerifierCard]) -> list[tuple[str, str, str]]:
    """Name, figure and detail of each key figure over all cards."""
    clean_ones = sum(card.clean for card in cards)
    wrong = sum(card.counts.wrong for card in cards)
    equivalent = sum(card.counts.equivalent for card in cards)
    survived = sum(card.counts.survived for card in cards)
    rejected = sum(card.counts.rejected for card in cards)
    runs = sum(card.real.runs for card in cards)
    disagreed = sum(len(card.real.disagreed) for card in cards)
    same = sum(q.status == "same" for card in cards for q in card.queries)
    return [
        ("Clean", f"{clean_ones} of {len(cards)}", "cards that nothing speaks against"),
        ("Wrong answers", str(wrong), f"{sum(card.counts.killed for card in cards)} caught"),
        ("Accepted wrong", str(survived), "wrong answers that lost nothing"),
        ("Equal answers", str(equivalent), f"{sum(card.counts.kept for card in cards)} kept their score"),
        ("Rejected right", str(rejected), "equal answers that lost something"),
        ("Queries alike", str(same), "that the inputs do not distinguish"),
        ("Real runs", str(runs), f"{disagreed} disagreed"),
    ]


def shown(card: VerifierCard, key: str) -> Shown:
    """A card with its matrix in rows of operators, those of which something got away first."""
    checks = tuple(dict.fromkeys(line.check for line in card.matrix))
    cells = {(line.operator, line.check): line for line in card.matrix}
    survivors = {line.operator for line in card.survivors}
    rows: list[MatrixRow] = []
    for operator in sorted({line.operator for line in card.matrix}):
        row = tuple(cells.get((operator, check)) for check in checks)
        short = operator in survivors or any(c is not None and c.caught < c.met for c in row)
        rows.append(MatrixRow(operator, row, short))
    return Shown(
        card, key,
        stands=tuple(f for f in card.findings if not f.allowed), allowed=tuple(f for f in card.findings if f.allowed),
        got_away=(*card.survivors, *card.rejected), checks=checks,
        matrix=tuple(sorted(rows, key=lambda r: (r.operator not in survivors, not r.short))),
        same=tuple(q for q in card.queries if q.status == "same"),
        others=tuple(q for q in card.queries if q.status != "same"),
    )  # fmt: skip


def _asset(package: str, name: str) -> str:
    return (resources.files(f"clawc.runtime.{package}") / name).read_text(encoding="utf-8")


def _hash(inline: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}"
