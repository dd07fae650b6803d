"""`clawc test`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clawc import __version__, exits
from clawc.commands.bundles import bundles_at
from clawc.commands.check_cache import cache_folder
from clawc.commands.faults import stopping, user_errors
from clawc.commands.output import put
from clawc.commands.progress import ProgressLine
from clawc.commands.proving import Proved, Wanted, prove_sources
from clawc.commands.sources import find_sources, require_format
from clawc.compiler.finding import Finding
from clawc.compiler.report import as_text
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.bundle import Bundle
    from clawc.spec.card import VerifierCard

FORMATS = ("text", "json", "html", "sarif", "github", "junit")
_MANY = 3  # sources from which on progress is shown


@dataclass(frozen=True, slots=True)
class TestOptions:
    """`level`: admit or release; `mutants`: 0 for as many as the level has; `jobs`: 0 for one for each processor. `attach`
    puts cards into the folders of bundles; `sign` is a file with a private key."""

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
    attach: bool = False
    sign: Path | None = None

    @property
    def whole(self) -> bool:
        """Is everything proved that the level asks for?"""
        return self.real and self.mutants == 0


def test_command(paths: Sequence[Path], options: TestOptions) -> int:
    """Proves the checkers of all tasks; exit 1 unless every card is clean."""
    require_format(options.format, FORMATS)
    level = require_level(options.level)
    inside = [(path, bundles_at(path)) for path in paths]
    if options.count is not None and any(found for _, found in inside):
        raise UserError(
            "`-n` makes instances of sources, and a bundle is one", "`clawc build -n` makes bundles of instances"
        )
    if options.attach and not all(found for _, found in inside):
        raise UserError(
            "`--attach` puts cards into bundles, and a source is none", "`--cards DIR` writes them elsewhere"
        )
    if options.sign is not None and not options.whole:
        raise UserError("only what is proved whole is signed", "leave out `--no-sandbox` and `--mutants`")
    folders = list(dict.fromkeys(bundle for _, found in inside for bundle in found))
    only_sources = [path for path, found in inside if not found]
    sources = find_sources(only_sources) if only_sources else []
    wanted = Wanted(level, options.mutants, options.seed, options.count, options.real)
    items = len(sources) + len(folders)
    line = ProgressLine(items, "sources" if sources else "bundles")
    try:
        with user_errors(), stopping():
            sign = _signer(options.sign)
            bundles = _loaded(folders)
            proved = prove_sources(
                sources, wanted, bundles=bundles, jobs=options.jobs, cached=options.cached,
                progress=line.report if items >= _MANY and options.count is None else None,
            )  # fmt: skip
            for p in proved:
                p.cards = [sign(card) for card in p.cards]
    finally:
        line.close()
    cards = [card for p in proved for card in p.cards]
    _keep(proved, cards, options)
    found = list(dict.fromkeys(f for p in proved for f in p.found))
    put(_report(proved, cards, found, options), options.out)
    wrong = any(f.severity == "error" for f in found) or not all(card.clean for card in cards)
    return exits.FINDINGS if wrong else exits.OK


def require_level(level: str) -> Literal["admit", "release"]:
    """Only levels that there are. Raises UserError."""
    if level not in ("admit", "release"):
        raise UserError(f"the level `{level}` is unknown", "levels: admit, release")
    return "release" if level == "release" else "admit"


def _loaded(folders: Sequence[Path]) -> list[Bundle]:
    from clawc.runtime.bundle import load

    return [load(folder) for folder in folders]


def _signer(path: Path | None) -> Callable[[VerifierCard], VerifierCard]:
    """Signs cards by the key in a file; the cards as they are where there is none."""
    if path is None:
        return lambda card: card
    from clawc.runtime.selftest.signature import private_key, signed

    key = private_key(path)
    return lambda card: signed(card, key)


def _keep(proved: Sequence[Proved], cards: Sequence[VerifierCard], options: TestOptions) -> None:
    """Puts cards where they are wanted, and those of whole proofs into the store of this user."""
    from clawc.runtime.selftest.card_store import CardStore, put_card_file
    from clawc.spec.bundle import CARD

    if options.whole:
        store = CardStore(cache_folder())
        kept = [store.put(card) for card in cards]
        if not all(kept):
            print(
                f"clawc: cards are not kept, since `{store.folder}` cannot be written or others can write there",
                file=sys.stderr,
            )
    places = [(card, options.cards / card.task) for card in cards] if options.cards is not None else []
    places += [(card, Path(p.path)) for p in proved for card in p.cards] if options.attach else []
    for card, folder in places:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            put_card_file(card, folder / CARD)
        except OSError as error:
            raise UserError(
                f"`{folder}` cannot be written: {error.strerror}", "give another folder", exits.ENVIRONMENT
            ) from error


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
