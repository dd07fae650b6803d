"""`clawc test`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clawc import __version__, exits
from clawc.commands.faults import stopping, user_errors
from clawc.commands.output import put
from clawc.commands.progress import ProgressLine
from clawc.commands.proving import Proved, Wanted, prove_sources
from clawc.commands.sources import find_sources, require_format
from clawc.compiler.finding import Finding
from clawc.compiler.report import as_text
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.spec.card import VerifierCard

FORMATS = ("text", "json", "html", "sarif", "github", "junit")
_MANY = 3  # sources from which on progress is shown


@dataclass(frozen=True, slots=True)
class TestOptions:
    """`level`: admit or release; `mutants`: 0 for as many as the level has; `jobs`: 0 for one for each processor."""

    level: str = "admit"
    format: str = "text"
    out: Path | None = None
    cards: Path | None = None
    mutants: int = 0
    seed: int = 0
    count: int | None = None
    jobs: int = 0
    cached: bool = True
    real: bool = True
    details: bool = False


def test_command(paths: Sequence[Path], options: TestOptions) -> int:
    """Proves the checkers of all tasks; exit 1 unless every card is clean."""
    require_format(options.format, FORMATS)
    level: Literal["admit", "release"] = "release" if options.level == "release" else "admit"
    if options.level not in ("admit", "release"):
        raise UserError(f"the level `{options.level}` is unknown", "levels: admit, release")
    sources = find_sources(paths)
    wanted = Wanted(level, options.mutants, options.seed, options.count, options.real)
    line = ProgressLine(len(sources), "sources")
    try:
        with user_errors(), stopping():
            proved = prove_sources(
                sources, wanted, jobs=options.jobs, cached=options.cached,
                progress=line.report if len(sources) >= _MANY and options.count is None else None,
            )  # fmt: skip
    finally:
        line.close()
    cards = [card for p in proved for card in p.cards]
    if options.cards is not None:
        _write_cards(cards, options.cards)
    found = list(dict.fromkeys(f for p in proved for f in p.found))
    put(_report(proved, cards, found, options), options.out)
    wrong = any(f.severity == "error" for f in found) or not all(card.clean for card in cards)
    return exits.FINDINGS if wrong else exits.OK


def _write_cards(cards: Sequence[VerifierCard], folder: Path) -> None:
    from clawc.spec.card import CARD

    for card in cards:
        target = folder / card.task
        try:
            target.mkdir(parents=True, exist_ok=True)
            (target / CARD).write_text(card_json(card), encoding="utf-8")
        except OSError as error:
            raise UserError(f"`{target}` cannot be written: {error.strerror}", "give another folder", exits.ENVIRONMENT) from error


def card_json(card: VerifierCard) -> str:
    """A card as it stands in a file."""
    return json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _report(proved: Sequence[Proved], cards: Sequence[VerifierCard], found: list[Finding], options: TestOptions) -> str:
    allowed = list(dict.fromkeys(f for p in proved for f in p.allowed))
    if options.format == "json":
        return _document(cards, found, allowed)
    if options.format == "html":
        from clawc.runtime.selftest.card_page import as_page

        return as_page(cards, __version__)
    if options.format == "sarif":
        from clawc.compiler.report.sarif import as_sarif

        return as_sarif(found, version=__version__, in_source=allowed, external=[])
    if options.format == "github":
        from clawc.compiler.report.github import as_github

        return as_github(found)
    if options.format == "junit":
        from clawc.compiler.report.junit import as_junit

        return as_junit(found, [p.path for p in proved], deny_warnings=True)
    from clawc.runtime.selftest.card_text import details, overview

    colour = options.out is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    parts = [as_text(found, colour=colour)] if found else []
    if options.details:
        parts += [details(card) for card in cards]
    if cards:
        parts.append(overview(cards))
    return "\n".join(parts) or "no task\n"


def _document(cards: Sequence[VerifierCard], found: Sequence[Finding], allowed: Sequence[Finding]) -> str:
    from clawc.compiler.report import as_json

    report = json.loads(as_json(list(found), files=len({f.path for f in found}), suppressed=list(allowed)))
    document = {"format_version": 1, "cards": [card.model_dump(mode="json") for card in cards], "report": report}
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
